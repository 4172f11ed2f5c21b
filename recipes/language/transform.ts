export type Compiled = { readonly kind: 'expression'; readonly expression: RegExp } | { readonly kind: 'bad'; readonly reason: string }

/**
 * An RE2 expression (as Go's regexp takes it) as a JavaScript one. Look-around and back references are refused, as RE2 does;
 * inline flags are taken at the start only, `(?U)` and `\C` not at all, and `\pN` classes are JavaScript's Unicode version.
 * Source: https://github.com/google/re2/wiki/Syntax
 */
export function compileRe2(pattern: string): Compiled {
  const [, inline, rest] = /^(?:\(\?([a-zA-Z]+)\))?([\s\S]*)$/.exec(pattern) ?? []
  const flags = inline ?? ''
  const body = rest ?? ''
  const refused = refusal(body) ?? (/^[ims]*$/.test(flags) ? undefined : `inline flags (?${flags}) are not supported`)
  if (refused !== undefined) return { kind: 'bad', reason: refused }
  try {
    const unicode = /\\[pP]/.test(body) ? 'u' : ''
    return { kind: 'expression', expression: new RegExp(translated(body), `g${[...new Set(flags)].join('')}${unicode}`) }
  } catch (error) {
    return { kind: 'bad', reason: error instanceof Error ? error.message : String(error) }
  }
}

/**
 * Replaces every match, as Go's ReplaceAllString: `$1`, `$name` (the longest run of word characters), `${name}` and `$$`;
 * an unknown group is empty; an empty match right behind another match does not count.
 */
export function transform(text: string, expression: RegExp, replacement: string): string {
  let out = ''
  let done = 0
  let last = -1
  for (const match of text.matchAll(expression)) {
    if (match[0] === '' && match.index === last) continue
    out += text.slice(done, match.index) + expanded(replacement, match)
    done = last = match.index + match[0].length
  }
  return out + text.slice(done)
}

function expanded(replacement: string, match: RegExpExecArray): string {
  return replacement.replace(/\$(?:\$|\{(\w+)\}|(\w+))/g, (whole: string, braced: string | undefined, bare: string | undefined) => {
    if (whole === '$$') return '$'
    const name = braced ?? bare ?? ''
    return (/^[0-9]+$/.test(name) ? match[Number(name)] : match.groups?.[name]) ?? ''
  })
}

function refusal(body: string): string | undefined {
  const unescaped = body.replace(/\\[^0-9kC]/g, '')
  const look = /\(\?(?:=|!|<=|<!|>)/.exec(unescaped)
  if (look !== null) return `invalid or unsupported Perl syntax: "${look[0]}"`
  if (/\\[1-9k]/.test(unescaped)) return 'back references are not supported'
  if (/\\C/.test(unescaped)) return '\\C is not supported'
  const inner = /\(\?[a-zA-Z-]+[:)]/.exec(unescaped)
  return inner === null ? undefined : `inline flags "${inner[0]}" are taken at the start only`
}

const POSIX: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z', alpha: 'A-Za-z', ascii: '\\x00-\\x7F', blank: '\\t ', cntrl: '\\x00-\\x1F\\x7F', digit: '0-9', graph: '!-~',
  lower: 'a-z', print: ' -~', punct: '!-\\/:-@\\[-`{-~', space: '\\t\\n\\v\\f\\r ', upper: 'A-Z', word: '0-9A-Za-z_', xdigit: '0-9A-Fa-f',
}

function translated(body: string): string {
  return body
    .replace(/\\Q([\s\S]*?)(?:\\E|$)/g, (_, literal: string) => literal.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'))
    .replaceAll('(?P<', '(?<')
    .replace(/\[:(\w+):\]/g, (whole: string, name: string) => POSIX[name] ?? whole)
    .replace(/\\A/g, '(?<![\\s\\S])')
    .replace(/\\z/g, '(?![\\s\\S])')
    .replace(/\\([pP])([A-Z])/g, '\\$1{$2}')
    .replace(/\\a/g, '\\x07')
}
