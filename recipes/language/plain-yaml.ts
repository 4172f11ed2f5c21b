// The YAML that recipes are mostly written in: maps and lists in block style, scalars and short flow collections on one line, literal texts.
import type { SourceFile, Span } from '../../base/source.ts'
import type { Entry, Node } from './node.ts'
import { PlainBlock } from './plain-block.ts'
import { PlainLine } from './plain-line.ts'
import type { Part } from './yaml-library.ts'

/**
 * Reads one document in one walk over its characters. Undefined for anything that is not as plain as that, mistakes included: anchors, tags,
 * escapes, most texts of several lines, explicit keys, tabs that could be indentation. Then the library reads it. What is
 * read is exactly what the library reads; test/recipes/plain-yaml.test.ts compares the two.
 */
export function readPlain(source: SourceFile, part: Part): Node | undefined {
  return new PlainReader(source, part).read()
}

const space = 32
const dash = 45

class PlainReader {
  readonly #source: SourceFile
  readonly #text: string
  readonly #end: number
  readonly #line: PlainLine
  readonly #texts: PlainBlock
  /** First character of what is read next, and its column; -1 at the end of the document. */
  #at: number
  #column = -1

  constructor(source: SourceFile, { start, end }: Part) {
    this.#source = source
    this.#text = source.text
    this.#end = end
    this.#line = new PlainLine(source, end)
    this.#texts = new PlainBlock(source, end)
    this.#at = start
  }

  read(): Node | undefined {
    if (!this.#nextLine(this.#at) || this.#column !== 0) return undefined
    const root = this.#block(0)
    return this.#atEnd() ? root : undefined
  }

  #atEnd(): boolean {
    return this.#column === -1
  }

  /** Goes to the first line from the one that begins at `from` which holds more than a comment. False for a line that is indented by a tab. */
  #nextLine(from: number): boolean {
    const text = this.#text
    for (let start = from; start < this.#end; ) {
      let at = start
      while (text.charCodeAt(at) === space) at++
      const first = text[at]
      if (at >= this.#end) break
      if (first === '\t') return false
      if (first !== '\n' && first !== '#') {
        this.#at = at
        this.#column = at - start
        return true
      }
      const next = text.indexOf('\n', at)
      if (next === -1) break
      start = next + 1
    }
    this.#at = this.#end
    this.#column = -1
    return true
  }

  #block(column: number): Node | undefined {
    return this.#atDash() ? this.#list(column) : this.#map(column)
  }

  #list(column: number): Node | undefined {
    const items: Node[] = []
    const start = this.#at
    while (this.#column === column && this.#atDash()) {
      const item = this.#item(column)
      if (item === undefined) return undefined
      items.push(item)
    }
    return this.#column > column ? undefined : { kind: 'list', items, span: this.#span(start, items.at(-1)?.span.end ?? start) }
  }

  #item(column: number): Node | undefined {
    let at = this.#at + 1
    while (this.#text.charCodeAt(at) === space) at++
    const inside = column + at - this.#at
    const first = this.#text[at]
    if (first === '\n' || first === '#' || at >= this.#end) {
      const end = this.#line.restOf(at)
      if (end === undefined || !this.#nextLine(end) || this.#column <= column) return undefined
      return this.#block(this.#column)
    }
    if (this.#line.keyEnd(at) === undefined && !this.#isDash(at)) return this.#value(at, column)
    this.#at = at
    this.#column = inside
    return this.#block(inside)
  }

  #map(column: number): Node | undefined {
    const entries: Entry[] = []
    const keys = new Set<string>()
    const start = this.#at
    while (this.#column === column) {
      const entry = this.#entry(column)
      if (entry === undefined || keys.has(entry.key)) return undefined
      keys.add(entry.key)
      entries.push(entry)
    }
    return this.#column > column ? undefined : { kind: 'map', entries, span: this.#span(start, entries.at(-1)?.value.span.end ?? start) }
  }

  #entry(column: number): Entry | undefined {
    const start = this.#at
    const end = this.#line.keyEnd(start)
    if (end === undefined) return undefined
    const key = this.#text.slice(start, end)
    if (key === '<<') return undefined
    const value = this.#entryValue(end + 1, column)
    return value === undefined ? undefined : { key, keySpan: this.#span(start, end), value }
  }

  #entryValue(from: number, column: number): Node | undefined {
    let at = from
    while (this.#text.charCodeAt(at) === space) at++
    const first = this.#text[at]
    if (first !== '\n' && first !== '#' && at < this.#end) return this.#value(at, column)
    const next = this.#line.restOf(at)
    if (next === undefined || !this.#nextLine(next)) return undefined
    if (this.#column > column) return this.#block(this.#column)
    if (this.#column === column && this.#atDash()) return this.#list(column)
    return { kind: 'scalar', text: '', plain: true, span: this.#span(at, at) }
  }

  /** A value that begins on this line, and after it the line that comes next. `column` is that of the map or list around it. */
  #value(at: number, column: number): Node | undefined {
    const first = this.#text[at]
    const read = first === '|' || first === '>' ? this.#texts.read(at, column) : this.#line.value(at)
    return read !== undefined && this.#nextLine(read.next) ? read.node : undefined
  }

  #atDash(): boolean {
    return this.#isDash(this.#at)
  }

  #isDash(at: number): boolean {
    if (this.#text.charCodeAt(at) !== dash) return false
    const after = this.#text[at + 1]
    return after === ' ' || after === '\n' || at + 1 >= this.#end
  }

  #span(start: number, end: number): Span {
    return { source: this.#source, start, end }
  }
}
