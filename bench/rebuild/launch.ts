import { spawn, type ChildProcess } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { childrenCpu } from '../started.ts'

export interface Command {
  readonly argv: readonly string[]
  readonly cwd: string
  readonly environment: Readonly<Record<string, string>>
}

export interface Launch extends Command {
  /** Milliseconds after which it is killed. */
  readonly cap: number
  /** Kill it, and all of its process group, as soon as the file has so many bytes. */
  readonly killAt?: { readonly file: string; readonly bytes: number }
}

export interface Launched {
  readonly end: 'done' | 'failed' | 'killed' | 'too long'
  /** Milliseconds, from before the start to its end. */
  readonly wall: number
  /** User and system time in milliseconds, of what it started too; exact to 10 ms. */
  readonly cpu: number
  /** Bytes: the peak of the largest process below it, looked at every 25 ms. */
  readonly peak: number
  /** The end of what it printed. */
  readonly told: string
}

const lookEvery = 25
const killLookEvery = 2
const kept = 2000

/** A whole process from outside. */
export async function launch(order: Launch): Promise<Launched> {
  const [program = '', ...rest] = order.argv
  const before = childrenCpu()
  const start = performance.now()
  const child = spawn(program, rest, { cwd: order.cwd, env: { ...order.environment }, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  let stopped: 'killed' | 'too long' | undefined
  const stop = (why: 'killed' | 'too long') => {
    stopped = why
    killGroup(child)
  }
  let peak = 0
  const looks = setInterval(() => (peak = Math.max(peak, highWater(child.pid ?? 0))), lookEvery)
  const { killAt } = order
  const kills = killAt === undefined ? undefined : setInterval(() => sizeOf(killAt.file) >= killAt.bytes && stopped === undefined && stop('killed'), killLookEvery)
  const tooLong = setTimeout(() => stop('too long'), order.cap)
  let told = ''
  const tell = (text: string) => (told = (told + text).slice(-kept))
  child.stdout.setEncoding('utf8').on('data', tell)
  child.stderr.setEncoding('utf8').on('data', tell)
  try {
    const [code, wall] = await ended(child, start)
    return { end: stopped ?? (code === 0 ? 'done' : 'failed'), wall, cpu: childrenCpu() - before, peak, told }
  } finally {
    clearInterval(looks)
    clearInterval(kills)
    clearTimeout(tooLong)
  }
}

/** The bytes of a file; none when it isn't there. */
export function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}

/** At `exit`, not `close`: a resident process that was left behind may hold the pipes. */
function ended(child: ChildProcess, start: number): Promise<readonly [number | null, number]> {
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code) => {
      const wall = performance.now() - start
      // What it printed last is still in the pipe.
      setTimeout(() => resolve([code, wall]), 5)
    })
  })
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has just ended.
  }
}

/** VmHWM of proc_pid_status(5), the greatest of the process and those below it. */
function highWater(pid: number): number {
  try {
    const own = Number(/VmHWM:\s*(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) * 1024
    const below = readdirSync(`/proc/${pid}/task`).flatMap((task) => readFileSync(`/proc/${pid}/task/${task}/children`, 'latin1').split(' ').filter((word) => word !== ''))
    return Math.max(own, ...below.map((word) => highWater(Number(word))))
  } catch {
    return 0
  }
}
