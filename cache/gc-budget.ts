/** Counts each blob once against the size that is allowed. */
export class Budget {
  readonly #sizes: ReadonlyMap<string, number>
  readonly #taken = new Set<string>()
  #left: number

  constructor(sizes: ReadonlyMap<string, number>, limit: number) {
    this.#sizes = sizes
    this.#left = limit
  }

  fits(hashes: ReadonlySet<string>): boolean {
    return this.fitsBytes(this.#more(hashes))
  }

  fitsBytes(bytes: number): boolean {
    return bytes <= this.#left
  }

  take(hashes: ReadonlySet<string>): void {
    this.takeBytes(this.#more(hashes))
    for (const hash of hashes) this.#taken.add(hash)
  }

  takeBytes(bytes: number): void {
    this.#left -= bytes
  }

  #more(hashes: ReadonlySet<string>): number {
    let bytes = 0
    for (const hash of hashes) if (!this.#taken.has(hash)) bytes += this.#sizes.get(hash) ?? 0
    return bytes
  }
}
