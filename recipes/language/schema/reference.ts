import { unreachable } from '../../../base/result.ts'
import type { Schema } from './schemas.ts'
import type { Field, RecordShape, Shape } from './type.ts'

/** The reference page of a kind of file, in Markdown: a section for each record, a row for each key. */
export function referencePage(schema: Schema): string {
  const records = recordsOf(schema.table)
  const sections = records.map((record) => section(record, records))
  const legend = records.some((one) => Object.values(one.fields()).some((field) => field.variables !== undefined)) ? [LEGEND.join(' ')] : [LEGEND[0] ?? '']
  return [`# ${schema.title}`, '', schema.doc, `\`nacre\` checks such a file against this table; editors can do so with [${schema.name}.schema.json](${schema.name}.schema.json).`, '', ...legend, ...sections.flatMap((one) => ['', ...one]), ''].join('\n')
}

const LEGEND = [
  'Every scalar is taken as the text that stands in the file: `version: 3.10` is not 3.1.',
  'In the column *variables*, *exact* means that `${{name}}` is replaced when the recipe is read, without spaces inside the braces;',
  '*strict* means that spaces are allowed and that an unknown name is a mistake; *steps* means exact first, then, when the recipe is compiled, strict with all that is known there.',
]

/** Records in the order in which a reader meets them, each once. */
function recordsOf(root: RecordShape): readonly RecordShape[] {
  const found: RecordShape[] = []
  const visit = (shape: Shape): void => {
    if (shape.kind === 'record' && !found.some((one) => one.name === shape.name)) {
      found.push(shape)
      for (const field of Object.values(shape.fields())) visit(field.type)
    }
    if (shape.kind === 'list' || shape.kind === 'some') visit(shape.item)
    if (shape.kind === 'map') visit(shape.value)
    if (shape.kind === 'optional' || shape.kind === 'short') visit(shape.of)
  }
  visit(root)
  return found
}

function section(record: RecordShape, records: readonly RecordShape[]): readonly string[] {
  const fields = Object.entries(record.fields())
  const variables = fields.some(([, field]) => field.variables !== undefined)
  return [
    ...(record === records[0] ? [] : [`## ${record.name}`, '']),
    `| key | type | ${variables ? 'variables | ' : ''}meaning |`,
    `| --- | --- | ${variables ? '--- | ' : ''}--- |`,
    ...fields.map(([key, field]) => `| \`${key}\`${field.required === true ? ' (required)' : ''} | ${typeInWords(field.type)} | ${variables ? `${variablesInWords(record, key, field)} | ` : ''}${meaning(field)} |`),
  ]
}

/** Keys of steps that the compile pass looks at again. */
const COMPILED = new Set(['runs', 'with', 'if', 'working-directory', 'packages'])

function variablesInWords(record: RecordShape, key: string, field: Field): string {
  const step = record.name === 'step' || record.name === 'pipeline file' || record.name === 'needs'
  return step && COMPILED.has(key) ? 'steps' : (field.variables ?? '')
}

function meaning(field: Field): string {
  const own = field.nacre === true ? ' *Nacre\'s own.*' : ''
  const choices = field.type.kind === 'text' && field.type.choices !== undefined ? ` One of ${field.type.choices.map((one) => `\`${one}\``).join(', ')}.` : ''
  const example = field.example === undefined ? '' : ` Example: \`${field.example}\`.`
  return `${field.doc}${choices}${own}${example}`.replaceAll('|', '\\|')
}

function typeInWords(shape: Shape): string {
  switch (shape.kind) {
    case 'text':
      return 'text'
    case 'boolean':
      return 'true or false'
    case 'integer':
    case 'digits':
      return 'number'
    case 'duration':
      return 'duration'
    case 'list':
      return `list of ${typeInWords(shape.item)}`
    case 'some':
      return `${typeInWords(shape.item)} or a list of it`
    case 'map':
      return `map of ${typeInWords(shape.value)}`
    case 'record':
      return `[${shape.name}](#${shape.name.replaceAll(' ', '-')})`
    case 'short':
      return `text or ${typeInWords(shape.of)}`
    case 'optional':
      return typeInWords(shape.of)
    default:
      return unreachable(shape)
  }
}
