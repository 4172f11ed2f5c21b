import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Figures } from './scenario.ts'

/** The checkout: this file runs from dist-bench/bench. */
export const top = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')
export const nacreProgram: readonly string[] = [process.execPath, `${top}/bin/nacre.cjs`]

const tick = 10
const pollEvery = 10

/** Milliseconds of user and system time of all children that ended and were waited for, and of theirs: proc_pid_stat(5), fields 16 and 17. */
export function childrenCpu(): number {
  const stat = readFileSync('/proc/self/stat', 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[13]) + Number(fields[14])) * tick
}

export interface Ran extends Figures {
  readonly stdout: string
}

/** A whole process from outside: from before its start to its end. Rejects when it fails. Processor time is exact to 10 ms, memory is looked at every 10 ms. */
export async function started(argv: readonly string[], options: { readonly cwd?: string; readonly environment?: Readonly<Record<string, string>> } = {}): Promise<Ran> {
  const [program = '', ...rest] = argv
  const before = childrenCpu()
  const start = performance.now()
  const child = spawn(program, rest, { cwd: options.cwd ?? process.cwd(), env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', NO_COLOR: '1', ...options.environment }, stdio: ['ignore', 'pipe', 'pipe'] })
  let peak = 0
  const look = setInterval(() => (peak = Math.max(peak, highWater(child.pid ?? 0))), pollEvery)
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  try {
    const [code, wall] = await new Promise<readonly [number | null, number]>((resolve, reject) => {
      let wall = 0
      child.on('error', reject)
      child.on('exit', () => (wall = performance.now() - start))
      child.on('close', (code) => resolve([code, wall]))
    })
    if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${code}\n${stderr}${stdout}`)
    return { wall, cpu: childrenCpu() - before, peak, stdout }
  } finally {
    clearInterval(look)
  }
}

/** `nacre` as users run it. */
export function nacre(argv: readonly string[], at: { readonly workspace: string; readonly store: string }): Promise<Ran> {
  return started([...nacreProgram, ...argv], { cwd: at.workspace, environment: { NACRE_STORE: at.store } })
}

/** A task of tasks.ts in a process of its own, which measures itself: the part that matters, without Node's start. */
export async function task(name: string, argument: Readonly<Record<string, string | number>>): Promise<Figures> {
  const { stdout } = await started([process.execPath, fileURLToPath(new URL('task.js', import.meta.url)), name, JSON.stringify(argument)])
  const figures: Figures = JSON.parse(stdout.slice(stdout.lastIndexOf('\n', stdout.length - 2) + 1))
  return figures
}

/** VmHWM of proc_pid_status(5), in bytes. */
function highWater(pid: number): number {
  try {
    return Number(/VmHWM:\s*(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}
