import { readFileSync, writeFileSync } from 'node:fs'

const begin = '<!-- from npm run bench:rebuild -->'
const end = '<!-- end -->'

/** Puts the tables of a run between the marks of a page; all else of the page stays. */
export function writeBetween(page: string, tables: string): void {
  const text = readFileSync(page, 'utf8')
  const from = text.indexOf(begin)
  const to = text.indexOf(end, from)
  if (from === -1 || to === -1) throw new Error(`${page} has no "${begin}" and "${end}" to write between`)
  writeFileSync(page, `${text.slice(0, from + begin.length)}\n${tables}\n${text.slice(to)}`)
}
