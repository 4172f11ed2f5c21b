/** A named part of a file: `size` bytes from `offset`. */
export interface Part {
  readonly name: string
  readonly offset: number
  readonly size: number
}
