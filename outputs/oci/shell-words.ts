/**
 * Splits a command line as apko does (the rules of google/shlex): blanks separate, quotes and backslashes protect, nothing is
 * expanded, `#` at the start of a word begins a comment. Undefined when a quote is not closed or a backslash ends the text.
 */
export function shellWords(text: string): readonly string[] | undefined {
  const words: string[] = []
  let word: string | undefined
  let quote: '"' | "'" | undefined
  for (let i = 0; i < text.length; i++) {
    const c = text.charAt(i)
    if (quote === "'") {
      if (c === "'") quote = undefined
      else word = (word ?? '') + c
    } else if (c === '\\') {
      if (++i >= text.length) return undefined
      word = (word ?? '') + text.charAt(i)
    } else if (quote === '"') {
      if (c === '"') quote = undefined
      else word = (word ?? '') + c
    } else if (c === '"' || c === "'") {
      quote = c
      word ??= ''
    } else if (/\s/.test(c)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (c === '#' && word === undefined) {
      const end = text.indexOf('\n', i)
      i = end === -1 ? text.length : end
    } else word = (word ?? '') + c
  }
  if (quote !== undefined) return undefined
  if (word !== undefined) words.push(word)
  return words
}
