import { readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { describe, expect, it } from 'vitest'
import { absPath } from '../../base/ids.ts'
import { type ProcessExit, type ProcessSpec, runProcess } from '../../engine/sandbox/process.ts'

async function run(script: string, more: Partial<ProcessSpec> = {}): Promise<{ readonly exit: ProcessExit; readonly stdout: string; readonly stderr: string }> {
  const text = { stdout: '', stderr: '' }
  const exit = await runProcess({
    argv: ['/bin/sh', '-c', script],
    directory: absPath(tmpdir()),
    environment: { PATH: '/usr/bin:/bin' },
    signal: new AbortController().signal,
    output: (chunk, stream) => {
      text[stream] += Buffer.from(chunk).toString()
    },
    ...more,
  })
  return { exit, ...text }
}

function isRunning(mark: string): boolean {
  return readdirSync('/proc').some((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(mark) && !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
    } catch {
      return false
    }
  })
}

describe('a process of the host', () => {
  it('gets its input and environment and nothing else, and its streams are told apart', async () => {
    process.env['NACRE_SECRET'] = 'host'
    const { exit, stdout, stderr } = await run('cat; echo "$NACRE_SECRET$OWN" >&2; exit 5', { input: Buffer.from('given'), environment: { PATH: '/usr/bin:/bin', OWN: 'own' } })
    delete process.env['NACRE_SECRET']
    expect(exit).toEqual({ kind: 'exited', code: 5 })
    expect([stdout, stderr]).toEqual(['given', 'own\n'])
  })

  it('tells signals, missing programs and aborts', async () => {
    expect((await run('kill -9 $$')).exit).toEqual({ kind: 'signalled', signal: 'SIGKILL' })
    expect((await run('', { argv: ['no-such-program'] })).exit).toEqual({ kind: 'not-started', code: 'ENOENT' })
    expect((await run('sleep 60', { signal: AbortSignal.abort() })).exit).toEqual({ kind: 'aborted' })
    const controller = new AbortController()
    expect((await run('echo begun; sleep 60', { signal: controller.signal, output: () => controller.abort() })).exit).toEqual({ kind: 'aborted' })
  })

  it('is ended with its whole group when its time is over', async () => {
    const mark = `7${process.pid}`
    expect((await run(`trap '' TERM; sleep ${mark} & sleep ${mark}`, { seconds: 0.3 })).exit).toEqual({ kind: 'timeout', seconds: 0.3 })
    await expect.poll(() => isRunning(mark)).toBe(false)
  })

  it('leaves no member of its group behind when it exits well', async () => {
    const mark = `8${process.pid}`
    expect((await run(`sleep ${mark} & exit 0`)).exit).toEqual({ kind: 'exited', code: 0 })
    await expect.poll(() => isRunning(mark)).toBe(false)
  })

  it('is ended when it prints more than it may', async () => {
    const { exit, stdout } = await run('yes', { outputLimit: 100_000 })
    expect(exit).toEqual({ kind: 'too-much-output', bytes: 100_000 })
    expect(stdout.length).toBeLessThanOrEqual(100_000)
  })

  it('may leave its input unread', async () => {
    expect((await run('exit 0', { input: Buffer.alloc(1 << 20) })).exit).toEqual({ kind: 'exited', code: 0 })
  })
})
