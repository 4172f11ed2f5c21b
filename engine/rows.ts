/** Rows of a picture of time: what goes on at once gets rows of its own, and a row that ended is used again. The lowest free row is taken. */
export class Rows<Id> {
  readonly #rowOf = new Map<Id, number>()
  readonly #free: number[] = []
  #used = 0

  /** How many rows there are. */
  get count(): number {
    return this.#used
  }

  open(id: Id): number {
    const known = this.#rowOf.get(id)
    if (known !== undefined) return known
    const row = this.#free.length === 0 ? this.#used++ : this.#takeLowest()
    this.#rowOf.set(id, row)
    return row
  }

  /** The row that it had; undefined when it was not open. */
  close(id: Id): number | undefined {
    const row = this.#rowOf.get(id)
    if (row === undefined) return undefined
    this.#rowOf.delete(id)
    this.#free.push(row)
    return row
  }

  /** As many rows as ran at once: too few for anything but a look at each. */
  #takeLowest(): number {
    const row = Math.min(...this.#free)
    this.#free.splice(this.#free.indexOf(row), 1)
    return row
  }
}
