import { unreachable } from '../../../base/result.ts'
import { byBytes } from '../../../base/bytes.ts'
import { rowsOf, type RecordShape, type Shape, type Type } from './type.ts'

/**
 * A decoded value as JSON text in the shape of the schema that its table extends: zeros left out (but for those that the
 * author's own maps hold), Nacre's own fields left out, keys sorted by bytes. Text and not a value, because an epoch may be 2^64-1.
 */
export function encode<T>(type: Type<T>, value: T, options: { readonly indent?: number } = {}): string {
  return encoded(type, value, { unit: options.indent ?? 0, depth: 0 }) ?? '{}'
}

interface Layout {
  readonly unit: number
  readonly depth: number
}

/** Undefined for a zero, which the caller leaves out. */
function encoded(shape: Shape, value: unknown, layout: Layout): string | undefined {
  switch (shape.kind) {
    case 'text':
      return value === '' ? undefined : JSON.stringify(value)
    case 'boolean':
      return value === true ? 'true' : undefined
    case 'integer':
      return value === 0 ? undefined : String(value)
    case 'digits':
      return value === '0' ? undefined : String(value)
    case 'duration':
      return value === 0 ? undefined : String(Math.round(Number(value) * 1e6))
    case 'list':
    case 'some':
      return list(shape.item, value, layout)
    case 'map':
      return map(shape.value, value, layout)
    case 'record':
      return record(shape, value, layout)
    case 'short':
      return record(shape.of, value, layout)
    case 'optional':
      return value === undefined ? undefined : (encoded(shape.of, value, layout) ?? plainZero(shape.of))
    default:
      return unreachable(shape)
  }
}

function list(item: Shape, value: unknown, layout: Layout): string | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined
  return enclosed('[]', value.map((one) => encoded(item, one, deeper(layout)) ?? plainZero(item)), layout)
}

function map(item: Shape, value: unknown, layout: Layout): string | undefined {
  const entries = entriesOf(value).map(([key, one]) => [key, encoded(item, one, deeper(layout)) ?? plainZero(item)] as const)
  return members(entries, layout)
}

function record(shape: RecordShape, value: unknown, layout: Layout): string | undefined {
  const values = new Map(entriesOf(value))
  const entries: (readonly [string, string])[] = []
  for (const { key, property, field } of rowsOf(shape)) {
    if (field.nacre === true) continue
    const found = encoded(field.type, values.get(property), deeper(layout)) ?? (field.always === true ? plainZero(field.type) : undefined)
    if (found !== undefined) entries.push([field.json ?? key, found])
  }
  return members(entries, layout)
}

function members(entries: readonly (readonly [string, string])[], layout: Layout): string | undefined {
  if (entries.length === 0) return undefined
  const sorted = [...entries].sort(([a], [b]) => byBytes(a, b))
  return enclosed('{}', sorted.map(([key, value]) => `${JSON.stringify(key)}:${layout.unit > 0 ? ' ' : ''}${value}`), layout)
}

function enclosed(brackets: string, parts: readonly string[], layout: Layout): string {
  if (layout.unit === 0) return `${brackets[0]}${parts.join(',')}${brackets[1]}`
  const inner = `\n${' '.repeat(layout.unit * (layout.depth + 1))}`
  return `${brackets[0]}${inner}${parts.join(`,${inner}`)}\n${' '.repeat(layout.unit * layout.depth)}${brackets[1]}`
}

function plainZero(shape: Shape): string {
  switch (shape.kind) {
    case 'text':
      return '""'
    case 'boolean':
      return 'false'
    case 'list':
    case 'some':
      return '[]'
    case 'map':
    case 'record':
    case 'short':
      return '{}'
    case 'optional':
      return plainZero(shape.of)
    default:
      return '0'
  }
}

function entriesOf(value: unknown): readonly (readonly [string, unknown])[] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : []
}

function deeper(layout: Layout): Layout {
  return { unit: layout.unit, depth: layout.depth + 1 }
}
