import type { Diagnostic } from '../../base/diagnostic.ts'
import type { SourceFile } from '../../base/source.ts'
import { badEnvironmentFile } from './complaints.ts'

/**
 * Reads a file of `NAME=value` lines as godotenv does: `export` before a name, `NAME: value`, comments, single quotes as they are,
 * double quotes with escapes, and `$NAME` or `${NAME}` of earlier lines outside of single quotes (empty if unknown).
 */
export function readEnvironmentFile(source: SourceFile, diagnostics: Diagnostic[]): ReadonlyMap<string, string> {
  const values = new Map<string, string>()
  const line = /^[ \t]*(?:export[ \t]+)?([A-Za-z0-9_.]+)[ \t]*[=:][ \t]*(?:"((?:\\[\s\S]|[^"\\])*)"|'([^']*)'|([^\r\n]*))[^\r\n]*\r?(?:\n|$)/
  for (let at = 0; at < source.text.length; ) {
    const rest = source.text.slice(at)
    const skipped = /^[ \t]*(?:#[^\n]*)?\r?(?:\n|$)/.exec(rest)
    const match = skipped ?? line.exec(rest)
    if (match === null || match[0] === '') {
      const end = rest.indexOf('\n') === -1 ? source.text.length : at + rest.indexOf('\n')
      diagnostics.push(badEnvironmentFile({ source, start: at, end }, source.text.slice(at, end).trim()))
      at = end + 1
      continue
    }
    at += match[0].length
    const [, name, double, single, bare] = match
    if (name === undefined) continue
    values.set(name, single ?? (double === undefined ? expanded((bare ?? '').replace(/(^|\s)#.*$/, '').trim(), values) : expanded(unescaped(double), values)))
  }
  return values
}

function unescaped(text: string): string {
  return text.replace(/\\([nr"\\])/g, (_, letter: string) => (letter === 'n' ? '\n' : letter === 'r' ? '\r' : letter))
}

function expanded(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(/\\\$|\$\{?([A-Za-z0-9_]+)\}?/g, (whole: string, name: string | undefined) => (name === undefined ? whole.slice(1) : (values.get(name) ?? '')))
}
