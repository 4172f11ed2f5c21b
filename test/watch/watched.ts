import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Ran, Rig, top } from '../rig.ts'

export const client = join(top, 'bin', 'nacre')

/** A rig in which `nacre watch` runs. */
export class Watched implements AsyncDisposable {
  readonly rig: Rig
  readonly #process: ChildProcess
  #stdout = ''
  #stderr = ''
  readonly ended: Promise<number | null>

  private constructor(rig: Rig, argv: readonly string[]) {
    this.rig = rig
    this.#process = spawn(client, ['watch', ...argv], { cwd: rig.workspace, env: environment(rig), stdio: ['ignore', 'pipe', 'pipe'] })
    this.#process.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#stdout += text))
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text))
    this.ended = new Promise((resolve) => this.#process.on('close', resolve))
  }

  /** After its first build. */
  static async start(rig: Rig, argv: readonly string[] = []): Promise<Watched> {
    const watched = new Watched(rig, argv)
    try {
      await watched.says(/watching|waiting/)
    } catch (error) {
      await watched.kill('SIGKILL')
      throw error
    }
    return watched
  }

  get pid(): number {
    return this.#process.pid ?? -1
  }

  get stdout(): string {
    return this.#stdout
  }

  get stderr(): string {
    return this.#stderr
  }

  /** Waits until it has said something `times` times, in all that it ever said. */
  async says(pattern: RegExp, times = 1): Promise<void> {
    await until(() => [...`${this.#stdout}${this.#stderr}`.matchAll(new RegExp(pattern, 'g'))].length >= times, () => `${String(pattern)} in:\n${this.#stdout}${this.#stderr}`)
  }

  /** `nacre build` of another terminal. */
  build(...argv: readonly string[]): Promise<Ran> {
    return run(this.rig, ['build', ...argv])
  }

  kill(signal: NodeJS.Signals): Promise<number | null> {
    this.#process.kill(signal)
    return this.ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) await this.kill('SIGINT')
    await this.rig[Symbol.asyncDispose]()
  }
}

/** Runs the client; it finds a `nacre watch` by itself, or does without. `signal` is its Ctrl-C. */
export function run(rig: Rig, argv: readonly string[], options: { readonly cwd?: string; readonly environment?: Readonly<Record<string, string>>; readonly signal?: AbortSignal } = {}): Promise<Ran> {
  const child = spawn(client, argv, { cwd: options.cwd ?? rig.workspace, env: { ...environment(rig), ...options.environment }, stdio: ['ignore', 'pipe', 'pipe'] })
  options.signal?.addEventListener('abort', () => child.kill('SIGINT'))
  return new Promise((resolve, reject) => {
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
}

export async function until(condition: () => boolean, what: () => string): Promise<void> {
  for (const end = Date.now() + 60_000; !condition(); ) {
    if (Date.now() > end) throw new Error(`it did not come to ${what()}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

export function read(rig: Rig, path: string): string | undefined {
  return existsSync(join(rig.workspace, path)) ? readFileSync(join(rig.workspace, path), 'utf8') : undefined
}

function environment(rig: Rig): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', HOME: rig.folder, NACRE_STORE: rig.store, NO_COLOR: '1' }
}
