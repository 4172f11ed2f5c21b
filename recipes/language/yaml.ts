import type { SourceFile } from '../../base/source.ts'
import { readPlain } from './plain-yaml.ts'
import { type Part, readWithLibrary, type YamlDocument } from './yaml-library.ts'

/**
 * Reads all documents of a file (yaml-library.ts says what is read). What most recipes are made of is read without the library, which takes
 * 25 times as long: see plain-yaml.ts, which gives the same nodes at the same places or none. A file with a mistake is read by the library whole.
 */
export function readYaml(source: SourceFile): readonly YamlDocument[] {
  const parts = partsOf(source.text)
  if (parts === undefined) return readWithLibrary(source)
  const documents: YamlDocument[] = []
  for (const part of parts) {
    const root = readPlain(source, part)
    if (root !== undefined) documents.push({ root, diagnostics: [] })
    else {
      const read = readWithLibrary(source, part)
      const [document] = read
      if (document === undefined || read.length > 1 || document.diagnostics.length > 0) return readWithLibrary(source)
      documents.push(document)
    }
  }
  return documents
}

/** Ends of documents, directives, and other line ends than LF. */
const odd = /^(?:%|\.\.\.|---[^\n])|[\r\u0085\u2028\u2029\uFEFF]/m
const separator = '---\n'

/** The documents between lines `---`, which end whatever they stand in (YAML 1.2.2, 9.1.2). Undefined where it isn't as simple. */
function partsOf(text: string): readonly Part[] | undefined {
  if (odd.test(text)) return undefined
  const parts: Part[] = []
  let start = 0
  for (let at = text.startsWith(separator) ? 0 : nextSeparator(text, 0); ; at = nextSeparator(text, start)) {
    const part = { start, end: at === -1 ? text.length : at }
    const bare = isBare(text, part)
    // Before the first separator there need be no document.
    if (bare && start > 0) return undefined
    if (!bare) parts.push(part)
    if (at === -1) return parts.length > 0 ? parts : undefined
    start = at + separator.length
  }
}

/** Where the next separator begins; `from` is the beginning of a line. */
function nextSeparator(text: string, from: number): number {
  if (text.startsWith(separator, from)) return from
  const at = text.indexOf(`\n${separator}`, from)
  return at === -1 ? -1 : at + 1
}

/** Whether there are but comments and empty lines. */
function isBare(text: string, { start, end }: Part): boolean {
  for (let at = start; at < end; ) {
    while (text[at] === ' ') at++
    if (text[at] !== '#' && text[at] !== '\n') return at >= end
    const next = text.indexOf('\n', at)
    if (next === -1) return true
    at = next + 1
  }
  return true
}
