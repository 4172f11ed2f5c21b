/** A glob over paths as a regular expression: `*` and `?` within a name, `**` over folders, `{a,b}` for alternatives. A leading `/` means nothing. */
export function pathPattern(glob: string): RegExp {
  let text = ''
  let open = 0
  for (const [token] of glob.replace(/^\/+/, '').matchAll(/\*\*\/|\*\*|\*|\?|\{|\}|,|[^*?{},]+/g)) {
    if (token === '**/') text += '(?:.*/)?'
    else if (token === '**') text += '.*'
    else if (token === '*') text += '[^/]*'
    else if (token === '?') text += '[^/]'
    else if (token === '{') [text, open] = [`${text}(?:`, open + 1]
    else if (token === '}' && open > 0) [text, open] = [`${text})`, open - 1]
    else if (token === ',' && open > 0) text += '|'
    else text += token.replace(/[.+^$()|[\]\\{}]/g, '\\$&')
  }
  return new RegExp(`^${text}${')'.repeat(open)}$`)
}
