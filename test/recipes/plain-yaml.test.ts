import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Node } from '../../recipes/language/node.ts'
import { readPlain } from '../../recipes/language/plain-yaml.ts'
import { readWithLibrary } from '../../recipes/language/yaml-library.ts'
import { readYaml } from '../../recipes/language/yaml.ts'
import { generator, type Random } from './random-text.ts'

const root = join(import.meta.dirname, '../..')
const files = ['recipes', 'test/vectors', 'test/cases', 'docs']
  .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)))
  .filter((name) => /\.ya?ml$/.test(name))
const texts = files.map((name) => [name, readFileSync(join(root, name), 'utf8')] as const)

/** Everything but the source, which is the same object everywhere: `kind text start end`, a line a node. */
function told(node: Node | undefined, depth = 0): string {
  if (node === undefined) return 'nothing\n'
  const head = `${' '.repeat(depth)}${node.kind} ${node.span.start} ${node.span.end}`
  if (node.kind === 'scalar') return `${head} ${node.plain} ${JSON.stringify(node.text)}\n`
  if (node.kind === 'list') return `${head}\n${node.items.map((item) => told(item, depth + 1)).join('')}`
  return `${head}\n${node.entries.map(({ key, keySpan, value }) => `${' '.repeat(depth)}${key} ${keySpan.start} ${keySpan.end}\n${told(value, depth + 1)}`).join('')}`
}

/** What is read must be what the library reads; whether all of it went the short way. */
function compare(text: string): boolean {
  const source = { path: 'a.yaml', text }
  const [read, byLibrary] = [readYaml(source), readWithLibrary(source)]
  expect(read.map(({ root: node }) => told(node)), text).toEqual(byLibrary.map(({ root: node }) => told(node)))
  expect(read.map(({ diagnostics }) => diagnostics), text).toEqual(byLibrary.map(({ diagnostics }) => diagnostics))
  return read.length === 1 && readPlain(source, { start: 0, end: text.length }) !== undefined
}

describe('Plain YAML', () => {
  it('is read as the library reads it, to the last position, in every file of this project', () => {
    expect(texts.length).toBeGreaterThan(300)
    for (const [, text] of texts) compare(text)
  })

  it('is what the recipes of the catalogue are written in', () => {
    const recipes = texts.filter(([name]) => name.startsWith('recipes/'))
    const short = recipes.filter(([, text]) => compare(text))
    expect(short.length).toBeGreaterThan(recipes.length * 0.9)
  })

  it('is read as the library reads it, whatever is put into it, taken away, or moved', () => {
    const seed = Number(process.env['SEED'] ?? 4)
    const rounds = Number(process.env['ROUNDS'] ?? 2000)
    const random = generator(seed)
    const pieces = texts.flatMap(([, text]) => (text.length < 4000 ? [text] : []))
    let short = 0
    for (let i = 0; i < rounds; i++) {
      let text = cut(random.one(pieces), random)
      for (let edits = random.below(4); edits > 0; edits--) text = edited(text, random)
      if (compare(text)) short++
    }
    // Otherwise nothing was compared.
    expect(short, `seed ${seed}`).toBeGreaterThan(rounds / 6)
  })

  it('is read document by document', () => {
    const seed = Number(process.env['SEED'] ?? 5)
    const random = generator(seed)
    const documents = ['a: b\n', 'a: &x b\nc: *x\n', '# nothing\n', '', 'a:\n  - b\n', '"quoted": |\n  text\n\n', 'a: "open\n', '...\n', 'a: 1\na: 2\n', '{a: b}\n']
    for (let i = 0; i < 1000; i++) {
      const text = Array.from({ length: 1 + random.below(4) }, () => random.one(documents)).join('---\n')
      compare(text)
    }
  })
})

/** Some lines of it. */
function cut(text: string, random: Random): string {
  const lines = text.split('\n')
  const from = random.below(Math.max(1, lines.length - 5))
  return `${lines.slice(random.below(2) * from, from + 3 + random.below(40)).join('\n')}\n`
}

const marks = [...' \t\n:-#?|>[]{},&*!"\'\\%@`~=a1', ': ', ' #', '- ', '\n  ', '\n\n', '  ', '|-\n', '---', '<<: ', '""', '[]', '{}', ':\n', 'é', '\u{1F41A}', ' : ', "''", '? ', '!!str ', '>-\n', '&a ', '*a']

function edited(text: string, random: Random): string {
  const at = random.below(text.length + 1)
  switch (random.below(4)) {
    case 0:
      return text.slice(0, at) + text.slice(at + 1 + random.below(6))
    case 1: {
      const lines = text.split('\n')
      const line = random.below(lines.length)
      lines[line] = `${' '.repeat(random.below(6))}${(lines[line] ?? '').trimStart()}`
      return lines.join('\n')
    }
    default:
      return text.slice(0, at) + random.one(marks) + text.slice(at)
  }
}
