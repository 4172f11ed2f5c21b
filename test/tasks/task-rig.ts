import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Rig, type Ran } from '../rig.ts'

/** Two tasks, of which the second needs the first: a letter case and a page. */
export const pair = {
  'nacre.yaml': 'default: [page]\n',
  'tasks.yaml': `task:
  name: upper
  inputs: [src/word.txt]
  run: mkdir -p gen; tr a-z A-Z < src/word.txt > gen/word.txt
  outputs: [gen/word.txt]
---
task:
  name: page
  inputs: [src/title.txt]
  needs: [upper]
  run: cat src/title.txt gen/word.txt > page.txt
  outputs: [page.txt]
`,
  'src/word.txt': 'word\n',
  'src/title.txt': 'Title\n',
}

export function text(rig: Rig, path: string): string | undefined {
  const place = join(rig.workspace, path)
  return existsSync(place) ? readFileSync(place, 'utf8') : undefined
}

/** `2 ran, 0 hit, 0 cut off, 0 failed`, without the time. */
export function counts(ran: Ran): string | undefined {
  return /\d+ ran, \d+ hit, \d+ cut off, \d+ failed/.exec(ran.stdout)?.[0]
}

/** One task as a file. */
export function task(name: string, fields: string): string {
  return `task:\n  name: ${name}\n${fields.replace(/^(?=.)/gm, '  ')}\n`
}
