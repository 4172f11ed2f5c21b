export type Condition = { readonly kind: 'value'; readonly value: boolean } | { readonly kind: 'bad'; readonly at: number; readonly reason: string }

/**
 * Evaluates an `if:` whose variables are already replaced; an empty one is true.
 * Grammar of melange: `expr := atom (('&&' | '||') atom)*`, of equal rank, from left to right; `atom := '(' expr ')' | value ('==' | '!=') value`;
 * `value := '…' | "…"` with the escapes \\ \' \" \n \t (any other backslash is itself). There is no `!` and no bare word.
 */
export function evaluate(text: string): Condition {
  if (text === '') return { kind: 'value', value: true }
  try {
    return { kind: 'value', value: new Parser(text).whole() }
  } catch (error) {
    if (error instanceof BadCondition) return { kind: 'bad', at: error.at, reason: error.message }
    throw error
  }
}

/** Never leaves this file: it carries the place out of the nested parsers. */
class BadCondition extends Error {
  readonly at: number

  constructor(at: number, reason: string) {
    super(reason)
    this.at = at
  }
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\', "'": "'", '"': '"', n: '\n', t: '\t' }

class Parser {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  whole(): boolean {
    const value = this.#expression()
    this.#blank()
    if (this.#at < this.#text.length) throw this.#bad(`unexpected "${this.#text[this.#at]}"`)
    return value
  }

  #expression(): boolean {
    let value = this.#atom()
    for (;;) {
      if (this.#take('&&')) value = this.#atom() && value
      else if (this.#take('||')) value = this.#atom() || value
      else return value
    }
  }

  #atom(): boolean {
    if (this.#take('(')) {
      const value = this.#expression()
      if (!this.#take(')')) throw this.#bad('expected ")"')
      return value
    }
    const left = this.#value()
    const equal = this.#take('==')
    if (!equal && !this.#take('!=')) throw this.#bad('expected "==" or "!="')
    return (left === this.#value()) === equal
  }

  #value(): string {
    this.#blank()
    const start = this.#at
    const quote = this.#text[start]
    if (quote === undefined) throw this.#bad('expected text in quotes, found the end')
    if (quote !== '"' && quote !== "'") throw this.#bad(`expected text in quotes, found "${quote}"`)
    let value = ''
    for (this.#at++; this.#text[this.#at] !== quote; this.#at++) {
      const character = this.#text[this.#at]
      if (character === undefined) throw new BadCondition(start, 'the quote is not closed')
      const escape = character === '\\' ? ESCAPES[this.#text[this.#at + 1] ?? ''] : undefined
      value += escape ?? character
      if (escape !== undefined) this.#at++
    }
    this.#at++
    return value
  }

  #take(token: string): boolean {
    this.#blank()
    if (!this.#text.startsWith(token, this.#at)) return false
    this.#at += token.length
    return true
  }

  #blank(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++
  }

  #bad(reason: string): BadCondition {
    return new BadCondition(this.#at, reason)
  }
}
