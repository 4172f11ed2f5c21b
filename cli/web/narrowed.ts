import { type Checked, complaints, ok } from '../../base/result.ts'
import { nearest } from '../../base/diagnostic.ts'
import { targetOf } from '../target-of.ts'
import type { BuildRecord, RecordedAction } from '../../engine/record.ts'

/** The part of a record that targets are made of: their actions and all that these need. Everything without a word. */
export function narrowed(record: BuildRecord, words: readonly string[]): Checked<BuildRecord> {
  if (words.length === 0) return ok(record)
  const unknown = words.filter((word) => !record.actions.some((action) => isOf(action, word)))
  if (unknown.length > 0) return complaints(unknown.map((word) => unknownTarget(record, word)))
  const kept = new Set(record.actions.flatMap((action, place) => (words.some((word) => isOf(action, word)) ? [place] : [])))
  for (const place of kept) for (const input of record.actions[place]?.inputs ?? []) if ('action' in input) kept.add(input.action)
  const order = [...kept].sort((a, b) => a - b)
  const places = new Map(order.map((old, place) => [old, place]))
  const actions = order.flatMap((old) => record.actions[old] ?? [])
  return ok({ ...record, omitted: 0, actions: actions.map((action) => moved(action, places)) })
}

/** `zlib`, `package:zlib`, or an action: `package:zlib/build`. */
function isOf({ id }: RecordedAction, word: string): boolean {
  const target = targetOf(id)
  return word === id || word === target || word === target.replace(/^[a-z]+:/, '')
}

/** What a kept action needs is kept, so every place is known. */
function moved(action: RecordedAction, places: ReadonlyMap<number, number>): RecordedAction {
  return { ...action, inputs: action.inputs.map((input) => ('action' in input ? { ...input, action: places.get(input.action) ?? 0 } : input)) }
}

function unknownTarget({ actions }: BuildRecord, word: string): { readonly code: string; readonly severity: 'error'; readonly message: string; readonly hint: string } {
  const names = [...new Set(actions.map(({ id }) => targetOf(id)))]
  const meant = nearest(word, names)
  return { code: 'cli/not-built', severity: 'error', message: `The last build had nothing called "${word}"`, hint: meant === undefined ? 'nacre report without a word shows all of it' : `did you mean "${meant}"?` }
}
