import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { generated } from '../../recipes/language/schema/generated.ts'
import { schemas } from '../../recipes/language/schema/schemas.ts'
import type { Field, RecordShape, Shape } from '../../recipes/language/schema/type.ts'

const folder = join(import.meta.dirname, '../../docs/recipes')
const update = process.env['UPDATE'] === '1'

describe('docs/recipes', () => {
  it.each([...generated()])('%s says what the tables say (UPDATE=1 writes it)', (name, text) => {
    const path = join(folder, name)
    if (update) writeFileSync(path, text)
    expect(existsSync(path) ? readFileSync(path, 'utf8') : '').toBe(text)
  })

  it('holds no generated page that is not generated any more', () => {
    expect(readdirSync(folder).filter((name) => name.endsWith('.schema.json') && !generated().has(name))).toEqual([])
  })
})

function fieldsOf(shape: Shape, seen = new Set<string>()): readonly (readonly [RecordShape, string, Field])[] {
  if (shape.kind === 'list' || shape.kind === 'some') return fieldsOf(shape.item, seen)
  if (shape.kind === 'map') return fieldsOf(shape.value, seen)
  if (shape.kind === 'optional' || shape.kind === 'short') return fieldsOf(shape.of, seen)
  if (shape.kind !== 'record' || seen.has(shape.name)) return []
  seen.add(shape.name)
  return Object.entries(shape.fields()).flatMap(([key, field]) => [[shape, key, field] as const, ...fieldsOf(field.type, seen)])
}

describe.each(schemas)('The table of $name', ({ table }) => {
  it('says in one sentence what every key is for', () => {
    expect(fieldsOf(table).filter(([, , field]) => !/^[A-Z`].*\.$/.test(field.doc)).map(([record, key]) => `${record.name}.${key}`)).toEqual([])
  })

  it('gives different records different names', () => {
    const keys = new Map<string, string>()
    for (const [record] of fieldsOf(table)) {
      const own = Object.keys(record.fields()).join()
      expect(keys.get(record.name) ?? own).toBe(own)
      keys.set(record.name, own)
    }
  })
})
