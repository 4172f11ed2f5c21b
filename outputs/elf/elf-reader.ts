/** What is wrong with an ELF file: thrown by the reader, caught by parseElf, never seen outside. */
export class Malformed extends Error {}

/** Numbers and strings of an ELF file, each read checked against the file's end. */
export class ElfReader {
  readonly bytes: Uint8Array
  readonly bits: 32 | 64
  readonly little: boolean
  readonly #view: DataView

  constructor(bytes: Uint8Array, bits: 32 | 64, little: boolean) {
    this.bytes = bytes
    this.bits = bits
    this.little = little
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get size(): number {
    return this.bytes.byteLength
  }

  u8(at: number): number {
    this.#check(at, 1)
    return this.#view.getUint8(at)
  }

  u16(at: number): number {
    this.#check(at, 2)
    return this.#view.getUint16(at, this.little)
  }

  u32(at: number): number {
    this.#check(at, 4)
    return this.#view.getUint32(at, this.little)
  }

  /** Refuses what a double can't hold: no offset of a real file is so large. */
  u64(at: number): number {
    this.#check(at, 8)
    const value = this.#view.getBigUint64(at, this.little)
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new Malformed(`a number of ${value} at ${at}`)
    return Number(value)
  }

  /** An address, offset or size of the file's own width. */
  word(at: number): number {
    return this.bits === 64 ? this.u64(at) : this.u32(at)
  }

  text(at: number): string {
    this.#check(at, 1)
    const end = this.bytes.indexOf(0, at)
    if (end === -1 || end - at > 65536) throw new Malformed(`a string without an end at ${at}`)
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset + at, end - at).toString('latin1')
  }

  slice(at: number, length: number): Uint8Array {
    this.#check(at, length)
    return this.bytes.subarray(at, at + length)
  }

  #check(at: number, length: number): void {
    if (!(at >= 0 && length >= 0 && at + length <= this.bytes.byteLength)) throw new Malformed(`${length} bytes at ${at} are past the end of ${this.bytes.byteLength}`)
  }
}
