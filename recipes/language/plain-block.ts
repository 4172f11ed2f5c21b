import type { SourceFile } from '../../base/source.ts'
import type { Node } from './node.ts'

export interface ReadValue {
  readonly node: Node
  /** Beginning of the line behind it. */
  readonly next: number
}

const space = 32
const newline = 10
const header = /[|>]-?\n/y

/**
 * Reads the texts of several lines that plain YAML has: literal ones, and folded ones without empty or further indented lines
 * (YAML 1.2.2, 8.1). Undefined for what is not plain.
 */
export class PlainBlock {
  readonly #source: SourceFile
  readonly #text: string
  readonly #end: number

  constructor(source: SourceFile, end: number) {
    this.#source = source
    this.#text = source.text
    this.#end = end
  }

  /** `at` is where its `|` or `>` stands, `column` that of the map or list around it. */
  read(at: number, column: number): ReadValue | undefined {
    header.lastIndex = at
    if (!header.test(this.#text)) return undefined
    const first = this.#firstText(header.lastIndex)
    if (first === undefined || first.indent <= column || first.deepest > first.indent) return undefined
    const body = this.#body(first)
    // Without a last line end it counts as if there was one, but its end is elsewhere.
    if (body === undefined || this.#text.charCodeAt(body.end - 1) !== newline) return undefined
    const text = this.#text[at] === '|' ? body.lines.join('\n') : folded(body.lines)
    if (text === undefined) return undefined
    const whole = this.#text[at + 1] === '-' ? text : `${text}\n`
    return { node: { kind: 'scalar', text: whole, plain: false, span: { source: this.#source, start: at, end: body.end } }, next: body.end }
  }

  /** Empty lines at the end belong to nobody. */
  #body({ line: begin, indent, empty }: FirstText): { readonly lines: readonly string[]; readonly end: number } | undefined {
    const lines: string[] = Array.from({ length: empty }, () => '')
    let [end, used] = [begin, empty]
    for (let line = begin; line < this.#end; ) {
      const stop = this.#lineEnd(line)
      const at = this.#textAt(line, stop)
      if (at === stop) {
        // Spaces beyond the indentation are text.
        if (at - line > indent) return undefined
        lines.push('')
      } else if (at - line < indent) {
        // A line that is less indented ends the text; a tab there may be meant as indentation.
        if (this.#text[at] === '\t') return undefined
        break
      } else {
        used = lines.push(this.#text.slice(line + indent, stop))
        end = Math.min(stop + 1, this.#end)
      }
      line = stop + 1
    }
    return { lines: lines.slice(0, used), end }
  }

  #firstText(from: number): FirstText | undefined {
    let [empty, deepest] = [0, 0]
    for (let line = from; line < this.#end; empty++) {
      const stop = this.#lineEnd(line)
      const at = this.#textAt(line, stop)
      if (at < stop) return this.#text[at] === '\t' ? undefined : { line, indent: at - line, empty, deepest }
      deepest = Math.max(deepest, at - line)
      line = stop + 1
    }
    return undefined
  }

  #lineEnd(line: number): number {
    const stop = this.#text.indexOf('\n', line)
    return stop === -1 || stop > this.#end ? this.#end : stop
  }

  #textAt(line: number, stop: number): number {
    let at = line
    while (at < stop && this.#text.charCodeAt(at) === space) at++
    return at
  }
}

/** The first line that is not empty. */
interface FirstText {
  readonly line: number
  readonly indent: number
  /** How many empty lines are before it, and how far these are indented. */
  readonly empty: number
  readonly deepest: number
}

function folded(lines: readonly string[]): string | undefined {
  return lines.some((line) => line === '' || line[0] === ' ' || line[0] === '\t') ? undefined : lines.join(' ')
}
