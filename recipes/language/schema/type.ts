// The words of the field tables. One table per schema says everything once: the decoder, the JSON Schema,
// the reference pages and the printed form all walk it.
import type { Span } from '../../../base/source.ts'
import type { MapNode } from '../node.ts'

export type Shape =
  | { readonly kind: 'text'; readonly pattern?: string; readonly choices?: readonly string[] }
  /** Every spelling of YAML 1.1: `yes`, `On`, `TRUE`. */
  | { readonly kind: 'boolean' }
  | { readonly kind: 'integer'; readonly least?: number }
  /** An integer of up to 64 bits, kept as decimal digits: a JavaScript number holds 53. */
  | { readonly kind: 'digits' }
  /** Go's duration text (`1h30m`), as milliseconds. */
  | { readonly kind: 'duration' }
  | { readonly kind: 'list'; readonly item: Shape }
  /** A list that may be written as its only item. */
  | { readonly kind: 'some'; readonly item: Shape }
  | { readonly kind: 'map'; readonly value: Shape }
  | RecordShape
  /** A record that may be written as the text of one of its fields. */
  | { readonly kind: 'short'; readonly field: string; readonly of: RecordShape }
  /** Absent is not the same as empty. */
  | { readonly kind: 'optional'; readonly of: Shape }

export interface RecordShape {
  readonly kind: 'record'
  readonly name: string
  readonly fields: () => Fields
}

declare const carries: unique symbol
/** A shape whose decoded value is a `T`. */
export type Type<T> = Shape & { readonly [carries]?: () => T }
export type Of<S> = S extends { readonly [carries]?: () => infer T } ? T : never

export interface Field {
  readonly type: Shape
  /** One sentence, as it stands in the reference. */
  readonly doc: string
  readonly required?: true
  /** `exact`: the parse pass replaces `${{name}}`; `strict`: also with spaces, and an unknown variable is a mistake. */
  readonly variables?: 'exact' | 'strict'
  /** Nacre's own: not part of the schema that it extends, and not in the printed form. */
  readonly nacre?: true
  /** The name in the printed form, where it differs. */
  readonly json?: string
  /** Printed even when it is zero. */
  readonly always?: true
  readonly example?: string
}

export interface Fields {
  readonly [key: string]: Field
}

/** Where a decoded record was written. It survives a spread, so a changed copy still knows its place. */
export const origin: unique symbol = Symbol('origin')

export interface Located {
  readonly [origin]?: MapNode | undefined
}

type Camel<S extends string> = S extends `${infer A}-${infer B}` ? `${A}${Capitalize<Camel<B>>}` : S extends `${infer A}_${infer B}` ? `${A}${Capitalize<Camel<B>>}` : S

/** The decoded form of a table: keys in camel case, everything present, absent ones as their zero. */
export type RecordOf<F> = Located & { readonly [K in keyof F & string as Camel<K>]: F[K] extends { readonly type: infer S } ? Of<S> : never }

export function text(rules: { readonly pattern?: string; readonly choices?: readonly string[] } = {}): Type<string> {
  return { kind: 'text', ...rules }
}

export const boolean: Type<boolean> = { kind: 'boolean' }
export const integer: Type<number> = { kind: 'integer' }
export const natural: Type<number> = { kind: 'integer', least: 0 }
export const digits: Type<string> = { kind: 'digits' }
export const duration: Type<number> = { kind: 'duration' }
export const texts: Type<readonly string[]> = { kind: 'list', item: { kind: 'text' } }
export const textMap: Type<Readonly<Record<string, string>>> = { kind: 'map', value: { kind: 'text' } }

export function list<T>(item: Type<T>): Type<readonly T[]> {
  return { kind: 'list', item }
}

export function some<T>(item: Type<T>): Type<readonly T[]> {
  return { kind: 'some', item }
}

export function map<T>(value: Type<T>): Type<Readonly<Record<string, T>>> {
  return { kind: 'map', value }
}

export function optional<T>(of: Type<T>): Type<T | undefined> {
  return { kind: 'optional', of }
}

export type RecordType<T> = RecordShape & { readonly [carries]?: () => T }

export function record<const F extends Fields>(name: string, fields: F): RecordType<RecordOf<F>> {
  return { kind: 'record', name, fields: () => fields }
}

export function short<T>(field: string, of: RecordType<T>): Type<T> {
  return { kind: 'short', field, of }
}

export interface Row {
  readonly key: string
  /** The name that the key has in decoded records. */
  readonly property: string
  readonly field: Field
}

const rows = new WeakMap<Fields, readonly Row[]>()

/** The rows of a record's table, in its order. */
export function rowsOf(shape: RecordShape): readonly Row[] {
  const fields = shape.fields()
  const known = rows.get(fields)
  if (known !== undefined) return known
  const made = Object.entries(fields).map(([key, field]) => ({ key, property: key.replace(/[-_](.)/g, (_, letter: string) => letter.toUpperCase()), field }))
  rows.set(fields, made)
  return made
}

/** The place of a record, of one of its fields, or of one item or entry of that field; the nearest one that was written. */
export function where(record: Located, key?: string, item?: number | string): Span | undefined {
  const node = record[origin]
  const entry = node?.entries.find((candidate) => candidate.key === key)
  if (entry === undefined) return node?.span
  const { value } = entry
  if (typeof item === 'number' && value.kind === 'list') return value.items[item]?.span ?? value.span
  if (typeof item === 'string' && value.kind === 'map') return value.entries.find((candidate) => candidate.key === item)?.value.span ?? value.span
  return value.span
}

export function keySpan(record: Located, key: string): Span | undefined {
  return record[origin]?.entries.find((candidate) => candidate.key === key)?.keySpan ?? record[origin]?.span
}
