import { actionKey, type ActionKey, parseDigest } from '../base/ids.ts'
import type { Clock } from '../base/ports.ts'
import type { ActionCache, ActionResult } from './cache.ts'
import type { IndexDb, Table } from './index-db.ts'
import type { Lease } from './lease.ts'
import { decodeResult, decodeText, encodeResult, encodeText } from './result-codec.ts'

/** A result with the time (ms since the epoch) at which it was last stored or asked for, give or take a day. */
export interface DatedResult {
  readonly key: ActionKey
  readonly at: number
  readonly result: ActionResult
}

/** Milliseconds after which being asked for is worth a write. */
const refresh = 24 * 3600 * 1000

/** Results by key in LMDB. */
export class LocalActionCache implements ActionCache {
  readonly #table: Table<string>
  readonly #clock: Clock
  readonly #lease: Lease

  constructor(index: IndexDb, ports: { readonly clock: Clock; readonly lease: Lease }) {
    this.#table = index.texts('results')
    this.#clock = ports.clock
    this.#lease = ports.lease
  }

  get(key: ActionKey): ActionResult | undefined {
    const dated = decode(key, this.#table.get(key) ?? this.#freshly(key))
    if (dated === undefined) return undefined
    // Before anybody looks for its blobs: see the law of leases.
    this.#lease.hold([key])
    const now = this.#clock.now()
    if (now - dated.at > refresh) this.#table.remember(key, encode(dated.result, now))
    return dated.result
  }

  /** A snapshot that is a moment old lacks what another process has just stored under a lock that this one got then: a miss looks again. */
  #freshly(key: ActionKey): string | undefined {
    this.#table.refresh()
    return this.#table.get(key)
  }

  async put(key: ActionKey, result: ActionResult): Promise<void> {
    this.#lease.hold([key])
    await this.#table.put(key, encode(result, this.#clock.now()))
  }

  /** Like `get`, for looking around: holds nothing and doesn't count as being asked for. */
  peek(key: ActionKey): ActionResult | undefined {
    return decode(key, this.#table.get(key))?.result
  }

  async remove(key: ActionKey): Promise<void> {
    await this.#table.remove(key)
  }

  /** Every result, in the order of keys. */
  *all(): Iterable<DatedResult> {
    for (const [text, value] of this.#table.entries()) {
      const digest = parseDigest(text)
      const dated = digest === undefined ? undefined : decode(actionKey(digest), value)
      if (dated !== undefined) yield dated
    }
  }
}

function encode(result: ActionResult, at: number): string {
  return encodeText({ at: Math.floor(at), result: encodeResult(result) })
}

function decode(key: ActionKey, text: string | undefined): DatedResult | undefined {
  const record = decodeText(text)
  const result = decodeResult(record?.['result'])
  const at = record?.['at']
  return result === undefined || typeof at !== 'number' ? undefined : { key, at, result }
}
