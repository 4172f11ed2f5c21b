import { spawn, type ChildProcess } from 'node:child_process'
import type { Command } from './launch.ts'

const patience = 900_000
const kept = 20_000

/** A process that stays, in a group of its own. */
export class Background {
  readonly #child: ChildProcess
  readonly #ended: Promise<void>
  #text = ''
  #heard: () => void = () => {}

  constructor(command: Command) {
    const [program = '', ...rest] = command.argv
    this.#child = spawn(program, rest, { cwd: command.cwd, env: { ...command.environment }, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    const hear = (text: string) => {
      this.#text = (this.#text + text).slice(-kept)
      this.#heard()
    }
    this.#child.stdout?.setEncoding('utf8').on('data', hear)
    this.#child.stderr?.setEncoding('utf8').on('data', hear)
    this.#ended = new Promise((resolve) => this.#child.once('exit', () => resolve()))
  }

  /** Resolves when it has printed this. */
  async told(pattern: RegExp): Promise<void> {
    const heard = new Promise<'heard'>((resolve) => {
      this.#heard = () => void (pattern.test(this.#text) && resolve('heard'))
      this.#heard()
    })
    const late = AbortSignal.timeout(patience)
    const tooLate = new Promise<'late'>((resolve) => late.addEventListener('abort', () => resolve('late')))
    const how = await Promise.race([heard, tooLate, this.#ended])
    if (how !== 'heard') throw new Error(`${this.#child.spawnargs.join(' ')} never said ${String(pattern)}: ${this.#text}`)
  }

  async end(): Promise<void> {
    this.#child.kill('SIGINT')
    await this.#ended
  }
}
