import { existsSync, readdirSync, readFileSync, writeFileSync, rmSync, mkdirSync, chmodSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Rig, top, type Ran } from './rig.ts'

// A case is a folder named as a sentence: a workspace, and `steps.txt` with the commands and what must come of them.
//   $ nacre build x      a command; what follows is expected
//   text                 a line on stdout        ! text   a line on stderr        = 2   the exit code (0 when left out)
//   > path text          write a file (\n means a new line)       x path   remove a file
//   @ NAME=value         a setting of the environment from here on (WORKSPACE stands for the workspace)
// Times, digests, and the rig's own folders are written as T, DIGEST, WORKSPACE and STORE. UPDATE=1 rewrites the expectations.
const cases = join(top, 'test', 'cases')
const update = process.env['UPDATE'] === '1'

describe.each(existsSync(cases) ? readdirSync(cases).sort() : [])('case %s', (name) => {
  it('prints and answers as written', { timeout: 240_000 }, async () => {
    await using rig = new Rig()
    rig.copy(join(cases, name))
    const file = join(cases, name, 'steps.txt')
    const wanted = readFileSync(file, 'utf8')
    const environment: Record<string, string> = {}
    let got = ''
    for (const line of wanted.split('\n')) {
      if (line.startsWith('$ ')) got += `${line}\n${transcript(await rig.nacre(words(line.slice('$ nacre '.length)), { environment }), rig)}`
      else if (line.startsWith('> ')) got += `${line}\n${write(rig, line)}`
      else if (line.startsWith('x ')) got += `${line}\n${remove(rig, line)}`
      else if (line.startsWith('@ ')) got += `${line}\n${setting(line, rig, environment)}`
      else if (line.startsWith('#')) got += `${line}\n`
    }
    if (update) writeFileSync(file, got)
    else expect(got).toBe(wanted)
  })
})

function transcript(ran: Ran, rig: Rig): string {
  const out = lines(ran.stdout, rig).map((line) => `${line}\n`)
  const err = lines(ran.stderr, rig).map((line) => `! ${line}\n`)
  return `${out.join('')}${err.join('')}${ran.code === 0 ? '' : `= ${String(ran.code)}\n`}`
}

function lines(text: string, rig: Rig): readonly string[] {
  const plain = text
    .replaceAll(rig.workspace, 'WORKSPACE')
    .replaceAll(rig.store, 'STORE')
    .replaceAll(rig.folder, 'FOLDER')
    .replace(/\b[0-9a-f]{64}(\/[0-9]+)?\b/g, 'DIGEST')
    .replace(/\b[0-9]+(\.[0-9]+)? ?(ms|s|min)\b/g, 'T')
    .replace(/\b[0-9a-f]{12}\b/g, 'DIGEST')
    .replace(/"seconds":[0-9.e-]+/g, '"seconds":T')
    .replace(/\bseed [0-9]+/g, 'seed N')
    .replace(/tmp\/[A-Za-z0-9._-]+/g, 'tmp/SCRATCH')
  return plain === '' ? [] : plain.replace(/\n$/, '').split('\n').map((line) => line.trimEnd())
}

function words(line: string): readonly string[] {
  return (line.match(/'[^']*'|\S+/g) ?? []).map((word) => word.replace(/^'|'$/g, ''))
}

function write(rig: Rig, line: string): string {
  const [, path = '', text = ''] = /^> (\S+) ?(.*)$/.exec(line) ?? []
  mkdirSync(dirname(join(rig.workspace, path)), { recursive: true })
  writeFileSync(join(rig.workspace, path), `${text.replaceAll('\\n', '\n')}\n`)
  if (path.endsWith('.sh')) chmodSync(join(rig.workspace, path), 0o755)
  return ''
}

function setting(line: string, rig: Rig, environment: Record<string, string>): string {
  const [, name = '', value = ''] = /^@ ([^=]+)=(.*)$/.exec(line) ?? []
  environment[name] = value.replaceAll('WORKSPACE', rig.workspace)
  return ''
}

function remove(rig: Rig, line: string): string {
  rmSync(join(rig.workspace, line.slice(2).trim()), { recursive: true, force: true })
  return ''
}
