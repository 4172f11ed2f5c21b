import { byBytes } from '../../../base/bytes.ts'
import type { Json, JsonObject } from '../../../base/json.ts'
import { unreachable } from '../../../base/result.ts'
import type { Schema } from './schemas.ts'
import type { RecordShape, Shape } from './type.ts'

/**
 * A JSON Schema (draft 2020-12) of a kind of file, for editors to complete and check. It takes whatever the decoder takes:
 * text may look like a number, and every value may be null.
 */
export function jsonSchema(schema: Schema): JsonObject {
  const definitions = new Map<string, Json>()
  const root = reference(schema.table, definitions)
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: schema.title,
    description: schema.doc,
    ...root,
    $defs: Object.fromEntries([...definitions].sort(([a], [b]) => byBytes(a, b))),
  }
}

function reference(shape: RecordShape, definitions: Map<string, Json>): JsonObject {
  const name = shape.name.replaceAll(' ', '-')
  if (!definitions.has(name)) {
    definitions.set(name, {})
    const fields = Object.entries(shape.fields())
    const required = fields.filter(([, field]) => field.required === true).map(([key]) => key)
    definitions.set(name, {
      type: ['object', 'null'],
      properties: Object.fromEntries(fields.map(([key, field]) => [key, { description: field.doc, ...typeOf(field.type, definitions) }])),
      ...(required.length > 0 ? { required } : {}),
      ...(shape.name === 'pipeline file' ? {} : { additionalProperties: false }),
    })
  }
  return { $ref: `#/$defs/${name}` }
}

const ANY_TEXT: Json = ['string', 'number', 'boolean', 'null']

function typeOf(shape: Shape, definitions: Map<string, Json>): JsonObject {
  switch (shape.kind) {
    case 'text':
      return { type: ANY_TEXT, ...(shape.choices === undefined ? {} : { enum: [...shape.choices, null] }), ...(shape.pattern === undefined ? {} : { pattern: shape.pattern }) }
    case 'boolean':
      return { type: ['boolean', 'string', 'null'] }
    case 'integer':
    case 'digits':
      return { type: ['number', 'null'], ...(shape.kind === 'digits' || shape.least !== undefined ? { minimum: 0 } : {}) }
    case 'duration':
      return { type: ['string', 'null'], pattern: '^([0-9.]+(ns|us|µs|ms|s|m|h))+$' }
    case 'list':
      return { type: ['array', 'null'], items: typeOf(shape.item, definitions) }
    case 'some':
      return { anyOf: [typeOf(shape.item, definitions), { type: ['array', 'null'], items: typeOf(shape.item, definitions) }] }
    case 'map':
      return { type: ['object', 'null'], additionalProperties: typeOf(shape.value, definitions) }
    case 'record':
      return reference(shape, definitions)
    case 'short':
      return { anyOf: [{ type: 'string' }, reference(shape.of, definitions)] }
    case 'optional':
      return typeOf(shape.of, definitions)
    default:
      return unreachable(shape)
  }
}
