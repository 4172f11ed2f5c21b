import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { absPath } from '../../base/ids.ts'
import type { ProcessExit } from '../../engine/sandbox/process.ts'
import type { Launcher } from '../../engine/sandbox/shell-job.ts'
import { bashLauncher, type Room, setsidLauncher, Shells } from '../../engine/sandbox/shells.ts'

interface Told {
  readonly exit: ProcessExit
  readonly text: string
}

class Pool implements AsyncDisposable {
  readonly folder = absPath(mkdtempSync(join(tmpdir(), 'nacre-shells-')))
  readonly shells: Shells
  handedOver = false

  constructor(launcher: Launcher) {
    const remove = (): void => rmSync(this.folder, { recursive: true, force: true })
    this.shells = new Shells(() => ({ path: this.folder, handOver: () => (this.handedOver = true, remove()), [Symbol.asyncDispose]: async () => remove() }), () => launcher)
  }

  async run(script: string, more: { environment?: Record<string, string>; signal?: AbortSignal; seconds?: number; room?: (room: Room) => void } = {}): Promise<Told> {
    await using room = await this.shells.take()
    mkdirSync(room.work)
    let text = ''
    const output = (chunk: Uint8Array): void => void (text += Buffer.from(chunk).toString())
    const environment = { PATH: '/usr/bin:/bin', ...more.environment }
    const exit = await room.run({ script, directory: room.work, environment, output, signal: more.signal ?? new AbortController().signal, ...(more.seconds === undefined ? {} : { seconds: more.seconds }) })
    more.room?.(room)
    return { exit, text }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shells[Symbol.asyncDispose]()
  }
}

const launchers: readonly (readonly [string, Launcher])[] = [
  ['bash', bashLauncher(absPath('/bin/bash'), '/usr/bin/env')],
  ['sh and setsid', setsidLauncher(absPath('/usr/bin/setsid'), '/usr/bin/env')],
]
const installed = launchers.filter(([, { worker, through }]) => [worker[0], through].every((path) => path === '' || existsSync(path)))

const well: ProcessExit = { kind: 'exited', code: 0 }

describe.each(installed)('Ready shells of %s', (_, launcher) => {
  it('tell the code and the signal of a script', async () => {
    await using pool = new Pool(launcher)
    expect((await pool.run('exit 7')).exit).toEqual({ kind: 'exited', code: 7 })
    expect((await pool.run('false; echo never')).exit).toEqual({ kind: 'exited', code: 1 })
    expect((await pool.run('kill -TERM $$; sleep 5')).exit).toEqual({ kind: 'signalled', signal: 'SIGTERM' })
    expect((await pool.run('kill -INT $$; sleep 5')).exit).toEqual({ kind: 'signalled', signal: 'SIGINT' })
    expect((await pool.run('trap "echo caught; exit 3" INT; kill -INT $$; sleep 5')).text).toBe('caught\n')
    expect(await pool.run('echo here')).toEqual({ exit: well, text: 'here\n' })
  })

  it('give a script its environment, its folder and nothing on stdin', async () => {
    await using pool = new Pool(launcher)
    const environment = { PLAIN: "it's $HOME\n\"two\" lines", GROUPS: 'mine', UID: '5', pid: '1', SHLVL: '7' }
    const { text } = await pool.run('env -0 | tr "\\n\\0" "|\\n" | grep -v "^_=" | sort; cat; umask; ulimit -c', { environment })
    const lines = text.split('\n')
    const work = lines.find((line) => line.startsWith('PWD='))
    expect(work).toMatch(/\/w\d+$/)
    expect(lines).toEqual([...['GROUPS=mine', 'UID=5', 'PATH=/usr/bin:/bin', `PLAIN=it's $HOME|"two" lines`, work ?? '', 'SHLVL=7', 'pid=1'].sort(), '0022', '0', ''])
  })

  it('take one job after the other in the same process, and each in a folder of its own', async () => {
    await using pool = new Pool(launcher)
    const all = [await pool.run('echo $PPID; pwd'), await pool.run('echo $PPID; pwd; exit 1'), await pool.run('echo $PPID; pwd')].map(({ text }) => text.split('\n'))
    expect(new Set(all.map(([shell]) => shell)).size).toBe(1)
    expect(new Set(all.map(([, folder]) => folder)).size).toBe(3)
  })

  it('leave many folders to somebody who removes them later, and few to nobody', async () => {
    for (const [jobs, later] of [[3, false], [40, true]] as const) {
      const pool = new Pool(launcher)
      for (let i = 0; i < jobs; i++) await pool.run(':')
      await pool[Symbol.asyncDispose]()
      expect([pool.handedOver, existsSync(pool.folder)]).toEqual([later, false])
    }
  })

  it('run a script of any length', async () => {
    await using pool = new Pool(launcher)
    const long = `${Array.from({ length: 20_000 }, (_, i) => `x=${i}`).join('\n')}\necho $x`
    expect(await pool.run(long)).toEqual({ exit: well, text: '19999\n' })
    expect(await pool.run('-x 2>/dev/null || echo begins with a dash')).toEqual({ exit: well, text: 'begins with a dash\n' })
    expect((await pool.run('echo one\nnosuch').then(({ text }) => text))).toMatch(/^one\nrun: (line )?2: .*nosuch/)
  })

  it('pass on megabytes, whole and in their order', async () => {
    await using pool = new Pool(launcher)
    const { exit, text } = await pool.run('i=0; while [ $i -lt 300 ]; do echo $i; echo $i >&2; head -c 10000 /dev/zero | tr "\\0" x; echo; i=$((i+1)); done')
    expect(exit).toEqual(well)
    expect(text).toBe(Array.from({ length: 300 }, (_, i) => `${i}\n${i}\n${'x'.repeat(10_000)}\n`).join(''))
  })

  it('end a job with all of its group, on time-out and when they are told to', async () => {
    await using pool = new Pool(launcher)
    const mark = `61${process.pid}`
    expect((await pool.run(`sleep ${mark} & sleep ${mark}`, { seconds: 0.2 })).exit).toEqual({ kind: 'timeout', seconds: 0.2 })
    expect(running(mark)).toBe(0)
    const stop = new AbortController()
    const job = pool.run(`trap "" TERM INT HUP; sleep ${mark} & echo on; while :; do sleep ${mark}; done`, { signal: stop.signal })
    await expect.poll(() => running(mark)).toBe(2)
    stop.abort()
    expect((await job).exit).toEqual({ kind: 'aborted' })
    expect(running(mark)).toBe(0)
  })

  it('kill what a job leaves behind in its group, and go on', async () => {
    await using pool = new Pool(launcher)
    const mark = `62${process.pid}`
    const first = await pool.run(`sleep ${mark} & echo $PPID`)
    expect([first.exit, running(mark)]).toEqual([well, 0])
    expect((await pool.run('echo $PPID')).text).toBe(first.text)
  })

  it('are replaced when a job killed its shell, or left its group and holds the output', async () => {
    await using pool = new Pool(launcher)
    expect((await pool.run('kill -9 $PPID; sleep 5')).exit).toEqual({ kind: 'signalled', signal: 'SIGKILL' })
    const mark = `63${process.pid}`
    const left = await pool.run(`echo $PPID; setsid sh -c "sleep 1; echo intruder; exec sleep ${mark}" & sleep 0.1`)
    expect(left.exit).toEqual(well)
    const next = await pool.run('echo $PPID; sleep 2')
    expect(next.exit).toEqual(well)
    expect(next.text).toMatch(/^\d+\n$/)
    expect(next.text).not.toBe(left.text)
    end(mark)
  })

  it.each([
    ['closes its descriptors', 'exec 0<&- 1>&- 2>&-; :'],
    ['changes traps and options', 'trap "exit 0" EXIT; trap "" TERM INT; set +e -f -u; false'],
    ['replaces its shell', 'exec true'],
    ['changes its limits and its folder', 'umask 077; ulimit -n 20; cd /; unset PATH'],
    ['fills its home and removes its temporary folder', 'echo x > "$HOME/x"; rm -rf "$TMPDIR"'],
  ])('let a job that %s disturb no other', async (_, script) => {
    await using pool = new Pool(launcher)
    const victim = async (): Promise<Told> => {
      let seen = ''
      const told = await pool.run('trap; umask; echo $-; pwd | sed s/w[0-9]*$//', { room: (room) => (seen = [room.work, room.home, room.tmp].map((folder) => readdirSync(folder).length).join()) })
      return { ...told, text: `${told.text}${seen}` }
    }
    const before = await victim()
    expect((await pool.run(script.replace('"$HOME', `"${pool.folder}/s0/home`).replace('"$TMPDIR', `"${pool.folder}/s0/tmp`))).exit).toEqual(well)
    expect(await victim()).toEqual(before)
  })
})

function cmdlines(): { pid: string; words: string[] }[] {
  return readdirSync('/proc').flatMap((pid) => {
    try {
      return /^\d+$/.test(pid) ? [{ pid, words: readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0') }] : []
    } catch {
      return []
    }
  })
}

function running(mark: string): number {
  return cmdlines().filter(({ words }) => words[0] === 'sleep' && words.includes(mark)).length
}

function end(mark: string): void {
  for (const { pid, words } of cmdlines()) if (words.includes(mark)) process.kill(Number(pid), 'SIGKILL')
}
