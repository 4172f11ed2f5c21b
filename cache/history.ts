import { type ActionKey, actionKey, type NodeId, parseDigest } from '../base/ids.ts'
import type { Output } from './cache.ts'
import type { IndexDb, Table } from './index-db.ts'
import { decodeOutputs, decodeText, encodeOutputs, encodeText } from './result-codec.ts'

/** What a node was the last time it came out well. */
export interface HistoryRecord {
  readonly key: ActionKey
  readonly outputs: Readonly<Record<string, Output>>
  /** The key before the last one. */
  readonly before?: ActionKey
}

/** The last good run of each node. For explaining, never for deciding; losing a record costs an explanation. */
export class History {
  readonly #table: Table<string>

  constructor(index: IndexDb) {
    this.#table = index.texts('history')
  }

  get(id: NodeId): HistoryRecord | undefined {
    const record = decodeText(this.#table.get(id))
    const outputs = decodeOutputs(record?.['outputs'])
    const key = keyOf(record?.['key'])
    const before = keyOf(record?.['before'])
    if (outputs === undefined || key === undefined) return undefined
    return before === undefined ? { key, outputs } : { key, outputs, before }
  }

  put(id: NodeId, record: HistoryRecord): void {
    const before = record.before === undefined ? {} : { before: record.before }
    this.#table.remember(id, encodeText({ key: record.key, outputs: encodeOutputs(record.outputs), ...before }))
  }
}

function keyOf(value: unknown): ActionKey | undefined {
  const digest = typeof value === 'string' ? parseDigest(value) : undefined
  return digest === undefined ? undefined : actionKey(digest)
}
