import type { SourceFile } from '../../base/source.ts'
import type { Entry, Node } from './node.ts'
import type { ReadValue } from './plain-block.ts'

interface Read {
  readonly node: Node
  /** Behind its last character. */
  readonly end: number
}

/** What a plain scalar can't begin with here. Some may before another character, which is left to the library. */
const indicators = new Set([...'?:,[]{}#&*!|>\'"%@`-'])
const space = 32
const newline = 10

/** Reads what stands on one line of plain YAML. Undefined for what is not plain. */
export class PlainLine {
  readonly #source: SourceFile
  readonly #text: string
  readonly #end: number

  constructor(source: SourceFile, end: number) {
    this.#source = source
    this.#text = source.text
    this.#end = end
  }

  /** Where the key that begins here ends, and its colon stands. Longer than 1024 characters, a key is a mistake. */
  keyEnd(at: number): number | undefined {
    if (!this.#beginsPlain(at)) return undefined
    const scalar = this.#plainEnd(at)
    return scalar.key && scalar.end - at < 1000 ? scalar.end : undefined
  }

  /** Beginning of the next line, when but a comment is left of this one. */
  restOf(at: number): number | undefined {
    let end = at
    while (this.#text.charCodeAt(end) === space) end++
    if (end >= this.#end) return this.#end
    if (this.#text.charCodeAt(end) === newline) return end + 1
    if (this.#text[end] !== '#' || this.#text.charCodeAt(end - 1) !== space) return undefined
    const next = this.#text.indexOf('\n', end)
    return next === -1 ? this.#end : next + 1
  }

  /** A scalar or a flow collection that ends on this line. */
  value(at: number): ReadValue | undefined {
    const read = this.#inline(at)
    const next = read === undefined ? undefined : this.restOf(read.end)
    return read === undefined || next === undefined ? undefined : { node: read.node, next }
  }

  #inline(at: number): Read | undefined {
    switch (this.#text[at]) {
      case '"':
      case "'":
        return this.#quoted(at)
      case '[':
        return this.#flowList(at)
      case '{':
        return this.#flowMap(at)
      default: {
        if (!this.#beginsPlain(at)) return undefined
        const { end, key } = this.#plainEnd(at)
        return key ? undefined : this.#scalar(at, end)
      }
    }
  }

  #scalar(start: number, end: number): Read {
    return { node: { kind: 'scalar', text: this.#text.slice(start, end), plain: true, span: { source: this.#source, start, end } }, end }
  }

  /** `-` may begin a scalar when something stands right behind it. */
  #beginsPlain(at: number): boolean {
    const first = this.#text[at] ?? ''
    if (!indicators.has(first)) return first > ' '
    return first === '-' && /[a-zA-Z0-9-]/.test(this.#text[at + 1] ?? '')
  }

  /** Where a plain scalar outside of flow collections ends, and whether a colon makes it a key. */
  #plainEnd(start: number): { readonly end: number; readonly key: boolean } {
    const text = this.#text
    let end = start
    for (let at = start; at < this.#end; at++) {
      const code = text.charCodeAt(at)
      if (code === newline) break
      if (code === space) continue
      // ':'
      if (code === 58) {
        const after = text.charCodeAt(at + 1)
        if (after === space || after === newline || at + 1 >= this.#end) return { end: at, key: end === at }
      }
      // A tab, or '#' behind a space
      if (code === 9) return { end: start, key: false }
      if (code === 35 && text.charCodeAt(at - 1) === space) break
      end = at + 1
    }
    return { end, key: false }
  }

  /** In single quotes, two of them are one; a quoted text before a colon is a key. */
  #quoted(start: number): Read | undefined {
    const quote = this.#text[start] ?? ''
    let close = this.#text.indexOf(quote, start + 1)
    while (quote === "'" && close !== -1 && this.#text[close + 1] === quote) close = this.#text.indexOf(quote, close + 2)
    const text = this.#text.slice(start + 1, close)
    if (close === -1 || close >= this.#end || /[\n\t]/.test(text) || (quote === '"' && text.includes('\\'))) return undefined
    const after = this.#text[close + 1]
    if (after === quote || after === ':') return undefined
    return { node: { kind: 'scalar', text: quote === "'" ? text.replaceAll("''", "'") : text, plain: false, span: { source: this.#source, start, end: close + 1 } }, end: close + 1 }
  }

  #flowList(start: number): Read | undefined {
    const items: Node[] = []
    let at = this.#blank(start + 1)
    while (this.#text[at] !== ']') {
      const item = this.#flowItem(at)
      if (item === undefined) return undefined
      items.push(item.node)
      const next = this.#behindItem(item.end, ']')
      if (next === undefined) return undefined
      at = next
    }
    return this.#closed({ kind: 'list', items, span: { source: this.#source, start, end: at + 1 } })
  }

  #flowMap(start: number): Read | undefined {
    const entries: Entry[] = []
    const keys = new Set<string>()
    let at = this.#blank(start + 1)
    while (this.#text[at] !== '}') {
      const key = this.#flowScalar(at)
      if (key === undefined || this.#text[key.end] !== ':' || this.#text[key.end + 1] !== ' ') return undefined
      const value = this.#flowItem(this.#blank(key.end + 1))
      const name = this.#text.slice(at, key.end)
      if (value === undefined || keys.has(name) || name === '<<') return undefined
      keys.add(name)
      entries.push({ key: name, keySpan: key.node.span, value: value.node })
      const next = this.#behindItem(value.end, '}')
      if (next === undefined) return undefined
      at = next
    }
    return this.#closed({ kind: 'map', entries, span: { source: this.#source, start, end: at + 1 } })
  }

  /** A collection may itself be a key. */
  #closed(node: Node): Read | undefined {
    return this.#text[node.span.end] === ':' ? undefined : { node, end: node.span.end }
  }

  /** The next item, or the bracket that closes. */
  #behindItem(end: number, close: string): number | undefined {
    const at = this.#blank(end)
    if (this.#text[at] === close) return at
    if (this.#text[at] !== ',') return undefined
    const next = this.#blank(at + 1)
    return this.#text[next] === '#' ? undefined : next
  }

  #flowItem(at: number): Read | undefined {
    const first = this.#text[at]
    if (first === '"' || first === "'") return this.#quoted(at)
    if (first === '[') return this.#flowList(at)
    if (first === '{') return this.#flowMap(at)
    const scalar = this.#flowScalar(at)
    return scalar === undefined || this.#text[scalar.end] === ':' ? undefined : scalar
  }

  /** A plain scalar in a flow collection; one that may be taken for something else is left to the library. */
  #flowScalar(start: number): Read | undefined {
    if (!this.#beginsPlain(start)) return undefined
    let end = start
    for (let at = start; at < this.#end; at++) {
      const character = this.#text[at] ?? ''
      if (character === ' ') continue
      if (character === '\n' || character === '\t' || character === '#') return undefined
      if (character === ',' || character === ']' || character === '}') break
      if (character === '[' || character === '{') return undefined
      if (character === ':' && !/[^\s,[\]{}]/.test(this.#text[at + 1] ?? '')) return end === at ? this.#scalar(start, end) : undefined
      end = at + 1
    }
    return this.#scalar(start, end)
  }

  #blank(from: number): number {
    let at = from
    while (this.#text.charCodeAt(at) === space) at++
    return at
  }
}
