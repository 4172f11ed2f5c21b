import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { ActionKey, NodeId } from '../base/ids.ts'
import type { BuildRecord, RecordedAction, RecordedInput } from './record.ts'

const magic = 'nacre build record 1\n'

/** Deflated at the cheapest level: 100,000 actions take about 8 MB and, on a busy machine, a second of processor time, mostly for their keys. */
const level = 1

/** An action as a row: what every action has first, what few have in one object at the end. An input is its name and a place, or its name and a text. */
type Row = readonly [id: NodeId, label: string, kind: string, how: RecordedAction['how'], ms: number, key: ActionKey | '', ended: number, inputs: readonly (string | number)[], more?: More]

type More = Pick<RecordedAction, 'reason' | 'outputs' | 'failure' | 'log' | 'queued' | 'began' | 'row'>

/** The record's bytes: a magic line, then deflated JSON. */
export function encodeRecord(record: BuildRecord): Uint8Array {
  const text = JSON.stringify({ ...record, actions: record.actions.map(rowOf) })
  return Buffer.concat([Buffer.from(magic), deflateRawSync(text, { level })])
}

/** Undefined for what `encodeRecord` of this version did not make. */
export function decodeRecord(bytes: Uint8Array): BuildRecord | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (buffer.toString('latin1', 0, magic.length) !== magic) return undefined
  try {
    const record = JSON.parse(inflateRawSync(buffer.subarray(magic.length)).toString()) as Omit<BuildRecord, 'actions'> & { readonly actions: readonly Row[] }
    return { ...record, actions: record.actions.map(actionOf) }
  } catch {
    return undefined
  }
}

function rowOf({ id, label, kind, how, ms, key, ended, inputs, ...more }: RecordedAction): Row {
  const flat = inputs.flatMap((input) => ('action' in input ? [input.name, input.action] : [input.name, input.from]))
  const row = [id, label, kind, how, ms, key ?? '', ended ?? -1, flat] as const
  return Object.keys(more).length === 0 ? row : [...row, more]
}

function actionOf([id, label, kind, how, ms, key, ended, flat, more]: Row): RecordedAction {
  const inputs: RecordedInput[] = []
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const name = String(flat[i])
    const from = flat[i + 1]
    inputs.push(typeof from === 'number' ? { name, action: from } : { name, from: String(from) })
  }
  return { id, label, kind, how, ms, inputs, ...(key !== '' && { key }), ...(ended >= 0 && { ended }), ...more }
}
