import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { top } from '../rig.ts'
import { recipe, Tiny, told } from './tiny.ts'

const dest = '${{targets.destdir}}'

/** Waits until something is so; the test's own time limit ends it. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20))
}

function finished(events: string, id: string): boolean {
  return events.split('\n').some((line) => line.includes('"finished"') && line.includes(`"${id}"`))
}

/** Command lines of processes that name a text, seen from outside. */
function processesWith(text: string): readonly string[] {
  return readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name)).flatMap((pid) => {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      return line.includes(text) ? [line] : []
    } catch {
      return []
    }
  })
}

interface Started {
  readonly child: ChildProcess
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>
}

function start(tiny: Tiny, argv: readonly string[]): Started & { stdout(): string } {
  const child = spawn(process.execPath, [join(top, 'bin', 'nacre.js'), ...argv], { cwd: tiny.workspace, env: { PATH: process.env['PATH'] ?? '', HOME: tiny.folder, NACRE_STORE: tiny.store }, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })))
  return { child, ended, stdout: () => stdout }
}

describe.each(['bubblewrap', 'namespaces'])('a step that fails in %s', (sandbox) => {
  it('keeps its sandbox, says which step it was and what it printed, and can be entered', async () => {
    await using tiny = new Tiny({ 'recipes/broken.yaml': recipe('broken', 'echo made > here\necho last words\nexit 7') })
    const built = await tiny.nacre(['build', 'broken', '--sandbox', sandbox])
    expect(built.code).toBe(1)
    expect(built.stderr).toContain('last words')
    expect(built.stderr).toContain('Step "steps" ended with code 7')
    const enter = /hint: look around in it with (\S+)/.exec(built.stderr)?.[1] ?? ''
    const looked = spawnSync(enter, ['/bin/sh', '-c', 'cat /home/build/here; pwd; echo $CFLAGS | grep -c FORTIFY; wc -c < /usr/share/greeting/words 2>/dev/null || echo no greeting'], { encoding: 'utf8' })
    expect(looked.stdout).toBe('made\n/home/build\n1\nno greeting\n')
    expect(looked.status).toBe(0)
  })

  it('is ended after the time that its recipe gives it, and is kept as well', async () => {
    await using tiny = new Tiny({ 'recipes/slow.yaml': recipe('slow', 'echo started\nsleep 600', '  timeout: 1s') })
    const built = await tiny.build(['slow', '--sandbox', sandbox])
    expect(built.code).toBe(1)
    const failure = built.events.find((event) => event.kind === 'failed')?.failure
    expect(failure).toMatchObject({ kind: 'timeout', seconds: 1, step: 'steps' })
    expect(existsSync(failure?.enter ?? '')).toBe(true)
  })
})

describe('a failure', () => {
  let tiny: Tiny
  beforeAll(async () => {
    tiny = new Tiny({ 'recipes/broken.yaml': recipe('broken', 'exit 3'), 'recipes/behind.yaml': recipe('behind', 'true').replace('[tools]', '[tools, broken]') })
    expect((await tiny.build(['letters'])).code).toBe(0)
  })
  afterAll(() => tiny[Symbol.asyncDispose]())

  it('stops what has not begun', async () => {
    const built = await tiny.build(['broken', 'behind', 'greeting', '--jobs', '1', '--seed', '1'])
    expect(built.code).toBe(1)
    expect(built.failed).toEqual(['package:broken/build'])
    expect(built.skipped.length).toBeGreaterThan(0)
  })

  it('with --keep-going stops only what depends on it', async () => {
    const built = await tiny.build(['broken', 'behind', 'poem', '--keep-going'])
    expect(built.code).toBe(1)
    expect(built.failed).toEqual(['package:broken/build'])
    expect(built.ran).toContain('package:poem/pack/poem')
    expect(built.skipped).toContain('package:behind/build')
    expect(built.counts).toMatchObject({ failed: 1 })
  })
})

describe('a build that is stopped', () => {
  const slow = (tag: string): string => recipe('slow', `echo begun ${tag}\ntouch started\n[ -e /usr/share/never ] || sleep 6${tag}\necho done > "${dest}/done"`)

  it('by Ctrl-C ends its children, answers 130, and goes on the next time', async () => {
    await using tiny = new Tiny({ 'recipes/slow.yaml': slow('0.11') })
    const { child, ended, stdout } = start(tiny, ['build', 'letters', 'slow', '--json'])
    await until(() => stdout().includes('begun 0.11') && finished(stdout(), 'package:letters/pack/letters'))
    child.kill('SIGINT')
    const { code } = await ended
    expect(code).toBe(130)
    expect(processesWith('sleep\u000060.11')).toEqual([])
    tiny.edit('recipes/slow.yaml', 'sleep 60.11', 'true')
    const built = await tiny.build(['letters', 'slow'])
    expect(built.code).toBe(0)
    expect(built.hit).toContain('package:letters/build')
    expect(built.ran).toContain('package:slow/build')
    expect((await tiny.nacre(['cache', 'verify'])).code).toBe(0)
  })

  it('by kill -9 leaves no process, a whole store, and all that was finished', async () => {
    await using tiny = new Tiny({ 'recipes/slow.yaml': slow('0.12') })
    const { child, ended, stdout } = start(tiny, ['build', 'letters', 'slow', '--json'])
    await until(() => stdout().includes('begun 0.12') && finished(stdout(), 'package:letters/pack/letters'))
    child.kill('SIGKILL')
    await ended
    await until(() => processesWith('sleep\u000060.12').length === 0)
    tiny.edit('recipes/slow.yaml', 'sleep 60.12', 'true')
    const built = await tiny.build(['letters', 'slow'])
    expect(built.code).toBe(0)
    expect(built.hit).toContain('package:letters/pack/letters')
    expect((await tiny.nacre(['cache', 'verify'])).code).toBe(0)
  })
})

describe('two builds on one store', () => {
  it('run each action once between them', async () => {
    await using tiny = new Tiny({ 'recipes/slow.yaml': recipe('slow', 'sleep 1\necho done > "' + dest + '/done"') })
    const both = [start(tiny, ['build', '--all', '--json']), start(tiny, ['build', '--all', '--json'])]
    const [one, two] = (await Promise.all(both.map(({ ended }) => ended))).map(told)
    expect([one?.code, two?.code]).toEqual([0, 0])
    const ran = [...(one?.ran ?? []), ...(one?.cutOff ?? []), ...(two?.ran ?? []), ...(two?.cutOff ?? [])]
    expect(ran.filter((id, index) => ran.indexOf(id) !== index)).toEqual([])
    expect(ran).toContain('package:slow/build')
    const keys = (built: typeof one): number => (built?.ran.length ?? 0) + (built?.cutOff.length ?? 0) + (built?.hit.length ?? 0)
    expect(keys(one)).toBe(keys(two))
  })
})

describe('content that the store lost', () => {
  it('is made again: a package of an environment, and an apk of an image', async () => {
    await using tiny = new Tiny()
    expect((await tiny.build(['--all'])).code).toBe(0)
    expect((await tiny.nacre(['cache', 'stats'])).code).toBe(0)
    // Every file of the content store but those of results: what is there is what the actions made.
    const lost = spawnSync('/bin/sh', ['-c', `cd "${tiny.store}" && find . -type f -path '*cas*' -print0 | xargs -0 rm -f; find . -type d -path '*roots*' -mindepth 2 -prune -exec rm -rf {} +`], { encoding: 'utf8' })
    expect(lost.stderr).toBe('')
    tiny.edit('recipes/poem.yaml', 'tr a-z A-Z', 'tr a-z A-Y')
    const built = await tiny.build(['--all'])
    expect(built.stderr).toBe('')
    expect(built.failed).toEqual([])
    expect(built.code).toBe(0)
    expect(built.cutOff).toContain('image:card/layout')
    expect(built.cutOff).toContain('package:greeting/build')
  })
})
