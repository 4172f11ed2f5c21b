import type { Diagnostic } from '../../../base/diagnostic.ts'
import { unreachable } from '../../../base/result.ts'
import { missingKey, unknownKey, wrongText, wrongType } from '../complaints.ts'
import { entryOf, isNull, type MapNode, type Node, type ScalarNode } from '../node.ts'
import { asBoolean, asInteger, asText, durationOf } from './scalar.ts'
import { origin, rowsOf, type Field, type Fields, type RecordShape, type Row, type Shape, type Type } from './type.ts'

export interface Decoding {
  /** Lenient decoding passes over unknown keys, as melange does in pipeline files. */
  readonly lenient?: boolean
  readonly diagnostics: Diagnostic[]
}

/** Turns a node into the value that the table describes. What does not fit is complained of and becomes its zero, so that one pass finds everything. */
export function decode<T>(type: Type<T>, node: Node, decoding: Decoding): T {
  return new Decoder(decoding).value(type, node, {}) as T
}

export function zeroOf<T>(type: Type<T>): T {
  return zero(type) as T
}

function zero(shape: Shape): unknown {
  switch (shape.kind) {
    case 'text':
      return ''
    case 'boolean':
      return false
    case 'integer':
    case 'duration':
      return 0
    case 'digits':
      return '0'
    case 'list':
    case 'some':
      return []
    case 'map':
      return {}
    case 'record':
      return zeroRecord(shape)
    case 'short':
      return zero(shape.of)
    case 'optional':
      return undefined
    default:
      return unreachable(shape)
  }
}

const zeros = new WeakMap<Fields, object>()

/** Shared, since decoded values never change: most records of most recipes are left out. */
function zeroRecord(shape: RecordShape): object {
  const known = zeros.get(shape.fields())
  if (known !== undefined) return known
  const made = Object.fromEntries(rowsOf(shape).map(({ property, field }) => [property, zero(field.type)]))
  zeros.set(shape.fields(), made)
  return made
}

interface Table {
  readonly byKey: ReadonlyMap<string, Row>
  readonly required: readonly Row[]
}

const tables = new WeakMap<Fields, Table>()

function tableOf(shape: RecordShape): Table {
  const known = tables.get(shape.fields())
  if (known !== undefined) return known
  const rows = rowsOf(shape)
  const made = { byKey: new Map(rows.map((row) => [row.key, row])), required: rows.filter(({ field }) => field.required === true) }
  tables.set(shape.fields(), made)
  return made
}

const expressions = new Map<string, RegExp>()

/** Of the tables' own patterns, which are few. */
function expressionOf(pattern: string): RegExp {
  const known = expressions.get(pattern) ?? new RegExp(pattern, 'u')
  expressions.set(pattern, known)
  return known
}

class Decoder {
  readonly #decoding: Decoding

  constructor(decoding: Decoding) {
    this.#decoding = decoding
  }

  value(shape: Shape, node: Node, field: Partial<Field>): unknown {
    if (shape.kind === 'optional') return isNull(node) ? undefined : this.value(shape.of, node, field)
    if (isNull(node)) return zero(shape)
    switch (shape.kind) {
      case 'list':
        return node.kind === 'list' ? this.#items(shape.item, node.items, field) : this.#wrong(shape, node)
      case 'some':
        return this.#items(shape.item, node.kind === 'list' ? node.items : [node], field)
      case 'map':
        return node.kind === 'map' ? this.#map(shape.value, node, field) : this.#wrong(shape, node)
      case 'record':
        return node.kind === 'map' ? this.#record(shape, node) : this.#wrong(shape, node)
      case 'short':
        return this.#short(shape.field, shape.of, node)
      default:
        return node.kind === 'scalar' ? this.#scalar(shape, node, field) : this.#wrong(shape, node)
    }
  }

  /** A null item vanishes. */
  #items(item: Shape, nodes: readonly Node[], field: Partial<Field>): unknown {
    return nodes.filter((node) => !isNull(node)).map((node) => this.value(item, node, field))
  }

  #map(value: Shape, node: MapNode, field: Partial<Field>): unknown {
    return Object.fromEntries(node.entries.map((entry) => [entry.key, this.value(value, entry.value, field)]))
  }

  #record(shape: RecordShape, node: MapNode): unknown {
    const { byKey, required } = tableOf(shape)
    const { diagnostics } = this.#decoding
    const record: Record<string | symbol, unknown> = { ...zeroRecord(shape), [origin]: node }
    for (const { key } of required) {
      const entry = entryOf(node, key)
      if (entry === undefined || isNull(entry.value)) diagnostics.push(missingKey(node.span, shape.name, key))
    }
    for (const { key, value } of node.entries) {
      const row = byKey.get(key)
      if (row !== undefined) record[row.property] = this.value(row.field.type, value, row.field)
    }
    if (this.#decoding.lenient !== true) {
      for (const { key, keySpan } of node.entries) if (!byKey.has(key)) diagnostics.push(unknownKey(keySpan, shape.name, key, [...byKey.keys()]))
    }
    return record
  }

  #short(key: string, shape: RecordShape, node: Node): unknown {
    if (node.kind !== 'scalar') return this.value(shape, node, {})
    return this.#record(shape, { kind: 'map', span: node.span, entries: [{ key, keySpan: node.span, value: node }] })
  }

  #scalar(shape: Extract<Shape, { kind: 'text' | 'boolean' | 'integer' | 'digits' | 'duration' }>, node: ScalarNode, field: Partial<Field>): unknown {
    switch (shape.kind) {
      case 'text':
        return this.#text(shape, node, field)
      case 'boolean':
        return asBoolean(node) ?? this.#wrong(shape, node)
      case 'integer': {
        const value = asInteger(node)
        const fits = value !== undefined && value >= BigInt(shape.least ?? Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
        return fits ? Number(value) : this.#wrong(shape, node)
      }
      case 'digits': {
        const value = asInteger(node)
        return value !== undefined && value >= 0n ? String(value) : this.#wrong(shape, node)
      }
      case 'duration':
        return (asInteger(node) === undefined ? durationOf(node.text) : undefined) ?? this.#wrong(shape, node)
      default:
        return unreachable(shape)
    }
  }

  /** A pattern binds what is written here; a text that still holds a variable is matched when it is known. */
  #text(shape: Extract<Shape, { kind: 'text' }>, node: ScalarNode, field: Partial<Field>): string {
    const text = asText(node)
    if (text === '' || (field.variables !== undefined && text.includes('${{'))) return text
    if (shape.pattern !== undefined && !expressionOf(shape.pattern).test(text)) this.#decoding.diagnostics.push(wrongText(node.span, text, shape.pattern))
    if (shape.choices !== undefined && !shape.choices.includes(text)) this.#decoding.diagnostics.push(wrongText(node.span, text, shape.choices))
    return text
  }

  #wrong(shape: Shape, node: Node): unknown {
    this.#decoding.diagnostics.push(wrongType(node.span, shapeInWords(shape), node))
    return zero(shape)
  }
}

/** What a message says was expected. */
export function shapeInWords(shape: Shape): string {
  switch (shape.kind) {
    case 'text':
      return 'text'
    case 'boolean':
      return 'true or false'
    case 'integer':
    case 'digits':
      return 'a number'
    case 'duration':
      return 'a duration with its unit, such as 90s or 1h30m'
    case 'list':
    case 'some':
      return 'a list'
    case 'map':
    case 'record':
      return 'a map'
    case 'short':
      return 'text or a map'
    case 'optional':
      return shapeInWords(shape.of)
    default:
      return unreachable(shape)
  }
}
