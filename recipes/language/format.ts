import { type Document, isAlias, isCollection, isMap, isPair, isScalar, parseAllDocuments, type Scalar, visit } from 'yaml'
import { badYaml } from './complaints.ts'
import type { Node } from './node.ts'
import { readYaml } from './yaml.ts'
import { type Checked, complaints, ok } from '../../base/result.ts'
import type { SourceFile } from '../../base/source.ts'

/**
 * A YAML file in the usual layout: two spaces of indent, lists indented, an empty line between the parts of a recipe, none at the end.
 * Comments, quotes, block and folded texts and flow collections stay as written, and so does what the file means: that is checked.
 */
export function formatRecipe(source: SourceFile): Checked<string> {
  const documents = parseAllDocuments(source.text, { schema: 'failsafe', uniqueKeys: false, logLevel: 'silent', prettyErrors: false })
  if (!Array.isArray(documents)) return ok(source.text)
  const [broken] = documents.flatMap((document) => document.errors)
  if (broken !== undefined) return complaints([badYaml({ source, start: broken.pos[0], end: broken.pos[1] }, broken.message)])
  const kept = new Map<string, Kept>()
  const text = documents.map((document, index) => formatDocument({ source, document, first: index === 0 }, kept)).join('')
  const whole = restored(text, kept).replace(/\n+$/, '\n')
  // Spaces at the end of a line and empty lines may belong to a text: then they stay.
  const tidy = whole.replace(/[ \t]+$/gm, '').replace(/\n{3,}/g, '\n\n')
  return ok([tidy, whole].find((formatted) => sameMeaning(source, formatted)) ?? source.text)
}

/** A text over several lines, as it was written. */
interface Kept {
  readonly first: string
  readonly rest: readonly string[]
}

interface Formatting {
  readonly source: SourceFile
  readonly document: Document.Parsed
  readonly first: boolean
}

function formatDocument({ source, document, first }: Formatting, kept: Map<string, Kept>): string {
  visit(document, {
    Scalar(_, node) {
      keep(source, node, kept)
    },
  })
  const { contents } = document
  // A pipeline is short, and its parts belong together.
  if (isMap(contents) && contents.flow !== true && ['package', 'contents', 'task'].some((key) => contents.has(key))) {
    contents.items.forEach((pair, i) => {
      const before = contents.items[i - 1]
      if (i > 0 && isScalar(pair.key) && (isLong(pair.value) || (isPair(before) && isLong(before.value)))) pair.key.spaceBefore = true
    })
  }
  const text = document.toString({ lineWidth: 0, indent: 2, indentSeq: true, flowCollectionPadding: false })
  return first || text.startsWith('---') || text.startsWith('%') ? text : `---\n${text}`
}

function isLong(value: unknown): boolean {
  return isCollection(value) && value.flow !== true && !isAlias(value)
}

/** What YAML would fold anew: the writer broke the lines where they are. */
function keep(source: SourceFile, node: Scalar, kept: Map<string, Kept>): void {
  const [start, end] = node.range ?? [0, 0]
  const text = source.text.slice(start, end)
  if (!text.trimEnd().includes('\n') || node.type === 'BLOCK_LITERAL') return
  const [head = '', ...rest] = text.trimEnd().split('\n')
  const margin = Math.min(...rest.filter((line) => line.trim() !== '').map((line) => /^ */.exec(line)?.[0].length ?? 0))
  const name = `kept-text-${kept.size}-of-this-file`
  kept.set(name, { first: head.trimEnd(), rest: rest.map((line) => line.slice(margin).trimEnd()) })
  node.value = name
  node.type = 'PLAIN'
}

function restored(text: string, kept: ReadonlyMap<string, Kept>): string {
  return text
    .split('\n')
    .flatMap((line) => {
      const name = /kept-text-[0-9]+-of-this-file/.exec(line)?.[0]
      const text = name === undefined ? undefined : kept.get(name)
      if (name === undefined || text === undefined) return [line]
      // Below a key in a list (`- key: text`), the key's own column counts.
      const indent = (/^(?: |- )*/.exec(line)?.[0].length ?? 0) + 2
      return [line.replace(name, () => text.first), ...text.rest.map((one) => (one === '' ? '' : `${' '.repeat(indent)}${one}`))]
    })
    .join('\n')
}

function sameMeaning(source: SourceFile, formatted: string): boolean {
  const [before, after] = [readYaml(source), readYaml({ ...source, text: formatted })]
  return before.length === after.length && before.every(({ root }, i) => meaning(root) === meaning(after[i]?.root))
}

function meaning(node: Node | undefined): string {
  return JSON.stringify(node, (key, value: unknown) => (key === 'span' || key === 'keySpan' ? undefined : value)) ?? ''
}
