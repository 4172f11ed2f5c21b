import { type Digest, parseDigest } from '../base/ids.ts'
import type { Clock } from '../base/ports.ts'
import type { IndexDb, Table } from './index-db.ts'
import { decodeText, encodeText } from './result-codec.ts'

/** Something that gc must keep: blobs, trees with all that is in them, or keys of results with all that they name. */
export interface Pin {
  readonly name: string
  readonly digests: readonly Digest[]
  /** When it was set, in milliseconds since the epoch. */
  readonly at: number
}

/** Names that keep content alive: snapshots, channels, recent builds. */
export class Pins {
  readonly #table: Table<string>
  readonly #clock: Clock

  constructor(index: IndexDb, clock: Clock) {
    this.#table = index.texts('pins')
    this.#clock = clock
  }

  /** Replaces what the name held before. */
  async put(name: string, digests: readonly Digest[]): Promise<void> {
    await this.#table.put(name, encodeText({ at: Math.floor(this.#clock.now()), digests, name }))
  }

  get(name: string): Pin | undefined {
    return decode(this.#table.get(name))
  }

  async remove(name: string): Promise<void> {
    await this.#table.remove(name)
  }

  all(): Pin[] {
    return [...this.#table.entries()].map(([, text]) => decode(text)).filter((pin) => pin !== undefined)
  }
}

function decode(text: string | undefined): Pin | undefined {
  const record = decodeText(text)
  const { name, at, digests } = record ?? {}
  if (typeof name !== 'string' || typeof at !== 'number' || !Array.isArray(digests)) return undefined
  return { name, at, digests: digests.map((digest) => parseDigest(String(digest))).filter((digest) => digest !== undefined) }
}
