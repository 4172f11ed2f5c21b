// One ready shell: it waits for jobs and starts each in a process group of its own. Starting a child takes 0.6 ms in a Node process of
// 50 MB and 31 ms in one of 550 MB, whose page tables are copied; a shell forks in 0.2 ms whatever the size of the graph.
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, ftruncateSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { constants as systemConstants } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { absPath, type AbsPath } from '../../base/ids.ts'
import { Fault } from '../../base/result.ts'
import { clearGroup, kill, killGroup } from './kill.ts'
import type { ProcessExit } from './process.ts'
import { toolPath } from './script.ts'
import { jobText, type Launcher, type ShellJob } from './shell-job.ts'
import { ShellEnding } from './shell-ending.ts'
import { ShellOutput } from './shell-output.ts'

/** Reads a line for each job, runs `job` in a subshell and says how that ended. */
const waiting = ({ prepare, run }: Launcher): string => `
${prepare}
umask 022
ulimit -c 0 2>/dev/null || :
mkfifo -m 600 out || exit
echo ready
while read -r line; do ${run}; echo "$?"; done
`

/** Milliseconds that what is left of a job has to die, and that a shell has to tell of a job that was killed. */
const grace = 1000
const patience = 2000

export class Shell {
  readonly #folder: AbsPath
  readonly #launcher: Launcher
  readonly #child: ChildProcess
  readonly #output: ShellOutput
  readonly #job: number
  #length = 0
  #heard: (line: string | undefined) => void = () => undefined
  #clean = true

  /** In a folder that is there and empty. */
  static async start(folder: AbsPath, launcher: Launcher): Promise<Shell> {
    const [program, ...options] = launcher.worker
    const child = spawn(program, [...options, '-c', waiting(launcher)], { cwd: folder, env: { PATH: toolPath }, stdio: ['pipe', 'pipe', 'ignore'], detached: true })
    const ready = await new Promise<boolean>((resolve) => {
      child.stdout?.once('data', () => resolve(true))
      child.once('error', () => resolve(false))
      child.once('exit', () => resolve(false))
    })
    if (!ready) throw new Fault('machine', `${program} can't wait for tasks in "${folder}"`, { hint: 'It needs mkfifo, and a file system that has named pipes' })
    return new Shell(folder, launcher, child)
  }

  private constructor(folder: AbsPath, launcher: Launcher, child: ChildProcess) {
    this.#folder = folder
    this.#launcher = launcher
    this.#child = child
    this.#output = new ShellOutput(absPath(join(folder, 'out')))
    this.#job = openSync(join(folder, 'job'), 'w')
    child.stdin?.on('error', () => undefined)
    child.stdout?.setEncoding('latin1').on('data', (line: string) => this.#heard(line))
    child.once('exit', () => this.#heard(undefined))
  }

  /** Nothing that the jobs started is left, as far as a process group and open files tell. Otherwise no other job may come here. */
  get clean(): boolean {
    return this.#clean && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Resolves when the job is gone and its output is read. What is left of its process group is killed, however it ended. */
  async run(job: ShellJob): Promise<ProcessExit> {
    if (job.signal.aborted) return { kind: 'aborted' }
    const run = new ShellEnding(job, (waited) => this.#kill(job, waited))
    try {
      const code = await this.#order(job, run)
      await this.#clear(job)
      return run.cause ?? this.#exit(code)
    } finally {
      run.over()
    }
  }

  /** The shell goes when nothing comes any more. */
  end(): void {
    this.#child.removeAllListeners()
    this.#child.stdin?.destroy()
    this.#child.stdout?.destroy()
    this.#child.unref()
    this.#output.close()
    closeSync(this.#job)
  }

  async #order(job: ShellJob, run: ShellEnding): Promise<number | undefined> {
    this.#output.begin()
    this.#write(job)
    const told = new Promise<string | undefined>((resolve) => (this.#heard = resolve))
    if (!this.clean) return undefined
    this.#child.stdin?.write('\n')
    run.watch(() => this.#output.drain((chunk) => job.output(chunk)).bytes)
    const line = await told
    return line === undefined ? undefined : Number(line)
  }

  /** In place: a file that is cut to nothing and written again is flushed to the disk by ext4 (auto_da_alloc), which takes milliseconds. */
  #write(job: ShellJob): void {
    const script = join(this.#folder, 'script')
    const { text, file } = jobText(job, this.#launcher, script)
    const bytes = Buffer.from(text)
    if (file !== undefined) writeFileSync(script, `${file}\n`)
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#job, bytes, at, bytes.length - at, at)
    if (bytes.length < this.#length) ftruncateSync(this.#job, bytes.length)
    this.#length = bytes.length
  }

  /** Ends the job while it runs. Its process is not known in its first moments; a shell that the job stopped would never tell of its end. */
  #kill(job: ShellJob, waited: number): void {
    this.#output.drain((chunk) => job.output(chunk))
    const { pid } = this.#output
    if (pid !== undefined && !killGroup(pid)) kill(pid)
    if (waited > patience) this.#child.kill('SIGKILL')
  }

  /** Whoever is left and whoever dies may hold the fifo for a moment; one who left the group and holds it on makes this shell unusable. */
  async #clear(job: ShellJob): Promise<void> {
    const take = (): boolean => this.#output.drain((chunk) => job.output(chunk)).ended
    let ended = take()
    const { pid } = this.#output
    let left = pid !== undefined && clearGroup(pid)
    for (let waited = 0; (left || !ended) && waited < grace; waited += 5) {
      await delay(5)
      ended = take()
      left = pid !== undefined && clearGroup(pid)
    }
    this.#clean = ended && !left
  }

  /** Like the sandbox, a shell tells of a signal as 128 and its number. */
  #exit(code: number | undefined): ProcessExit {
    if (code === undefined) return { kind: 'signalled', signal: 'SIGKILL' }
    if (this.#output.pid === undefined) return { kind: 'not-started', code: String(code) }
    const name = Object.entries(systemConstants.signals).find(([, number]) => number === code - 128)?.[0]
    return name === undefined ? { kind: 'exited', code } : { kind: 'signalled', signal: name }
  }
}
