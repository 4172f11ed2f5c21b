import type { IndexDb, Table } from './index-db.ts'

/** Weight of the newest run: the fifth one before it still counts for a tenth. */
const weight = 0.3

/** How long things took, in milliseconds, by a name that is stable between builds: an exponentially weighted mean. */
export class Durations {
  readonly #table: Table<string>

  constructor(index: IndexDb) {
    this.#table = index.texts('durations')
  }

  get(name: string): number | undefined {
    const text = this.#table.get(name)
    const value = text === undefined ? Number.NaN : Number(text)
    return Number.isFinite(value) ? value : undefined
  }

  /** Takes in one more run. */
  put(name: string, ms: number): void {
    const before = this.get(name)
    const mean = before === undefined ? ms : before + weight * (ms - before)
    this.#table.remember(name, String(Math.round(mean * 1000) / 1000))
  }
}
