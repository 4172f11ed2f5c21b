import { origin, rowsOf, where, type Field, type Located, type RecordShape, type RecordType, type Row, type Shape } from './type.ts'
import type { Span } from '../../../base/source.ts'

export interface Place {
  readonly key: string
  readonly field: Field
  where(): Span | undefined
}

/**
 * A copy in which every text of every field that takes variables went through `change`, fields of nested records included; a text without
 * `${{` has nothing to change. What is the same afterwards is the same object.
 */
export function changeTexts<T extends Located>(type: RecordType<T>, value: T, change: (text: string, place: Place) => string): T {
  return record(type, value, change) as T
}

type Change = (text: string, place: Place) => string

/** A record that was written nowhere is all zeros, and stays as it is. */
function record(shape: RecordShape, value: Located, change: Change): Located {
  if (value[origin] === undefined || !isRecord(value)) return value
  let copy: Record<string, unknown> | undefined
  for (const { key, property, field } of textRows(shape)) {
    const old = value[property]
    const changed = field.variables === undefined ? nested(field.type, old, change) : texts(old, (text, item) => changedText(text, change, { key, field, where: () => where(value, key, item) }))
    if (changed !== old) (copy ??= { ...value })[property] = changed
  }
  return copy ?? value
}

const kept = new WeakMap<RecordShape, readonly Row[]>()

/** Rows that hold texts to change, or records that may. */
function textRows(shape: RecordShape): readonly Row[] {
  const known = kept.get(shape) ?? rowsOf(shape).filter(({ field }) => field.variables !== undefined || holdsRecords(field.type))
  kept.set(shape, known)
  return known
}

function holdsRecords(shape: Shape): boolean {
  return shape.kind === 'record' || (shape.kind === 'optional' && holdsRecords(shape.of)) || (shape.kind === 'list' && shape.item.kind === 'record')
}

function changedText(text: string, change: Change, place: Place): string {
  return text.includes('${{') ? change(text, place) : text
}

/** A field that takes variables holds one text, a list of them, a map of them, or a list of records whose fields say it themselves. */
function texts(value: unknown, change: (text: string, item?: number | string) => string): unknown {
  if (typeof value === 'string') return change(value)
  if (Array.isArray(value)) return same(value, value.map((item: unknown, index) => (typeof item === 'string' ? change(item, index) : item)))
  if (!isRecord(value)) return value
  const entries = Object.entries(value)
  const changed = entries.map(([key, item]) => [key, typeof item === 'string' ? change(item, key) : item] as const)
  return changed.some(([, item], i) => item !== entries[i]?.[1]) ? Object.fromEntries(changed) : value
}

function nested(shape: Shape, value: unknown, change: Change): unknown {
  if (value === undefined) return value
  if (shape.kind === 'record' && isRecord(value)) return record(shape, value, change)
  if (shape.kind === 'optional') return nested(shape.of, value, change)
  if (shape.kind === 'list' && shape.item.kind === 'record' && Array.isArray(value)) return same(value, value.map((item: unknown) => nested(shape.item, item, change)))
  return value
}

function same(before: readonly unknown[], after: readonly unknown[]): readonly unknown[] {
  return after.some((item, i) => item !== before[i]) ? after : before
}

function isRecord(value: unknown): value is Located & Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
