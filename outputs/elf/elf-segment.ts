/** The program headers that matter here. Source: System V gABI chapter 5 and the GNU extensions in glibc's elf.h. */
export interface Segment {
  readonly type: number
  /** 1 executable, 2 writable, 4 readable. */
  readonly flags: number
  readonly offset: number
  readonly address: number
  readonly fileSize: number
  readonly align: number
}
