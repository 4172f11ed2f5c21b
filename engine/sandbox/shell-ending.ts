import type { ProcessExit } from './process.ts'
import type { ShellJob } from './shell-job.ts'

/** Milliseconds between two attempts to end a job, and until the output of one that runs is first looked at. */
const attempt = 5
const firstLook = 20
const longestLook = 100

/** Bytes at one look that tell of a job that waits for somebody to read. */
const flowing = 16_384

/** What a job may be ended by while it runs, and the looking at what it prints meanwhile: a job that is over sooner costs no look at all. */
export class ShellEnding {
  /** Why it was ended; undefined while it was not. */
  cause: ProcessExit | undefined
  readonly #signal: AbortSignal
  readonly #kill: (waited: number) => void
  readonly #limit: NodeJS.Timeout | undefined
  #killing: NodeJS.Timeout | undefined
  #looking: NodeJS.Timeout | undefined

  /** `kill` is called again and again, with the milliseconds since the first time. */
  constructor({ signal, seconds }: ShellJob, kill: (waited: number) => void) {
    this.#signal = signal
    this.#kill = kill
    this.#limit = seconds === undefined ? undefined : setTimeout(() => this.#end({ kind: 'timeout', seconds }), seconds * 1000)
    signal.addEventListener('abort', this.#abort)
  }

  /** `drain` takes what was printed and tells how many bytes that was. */
  watch(drain: () => number): void {
    const look = (wait: number): void => {
      this.#looking = setTimeout(() => {
        const bytes = drain()
        look(bytes >= flowing ? 0 : bytes > 0 ? firstLook : Math.min(longestLook, wait * 2))
      }, wait)
    }
    look(firstLook)
  }

  over(): void {
    clearTimeout(this.#limit)
    clearTimeout(this.#looking)
    clearInterval(this.#killing)
    this.#signal.removeEventListener('abort', this.#abort)
  }

  readonly #abort = (): void => this.#end({ kind: 'aborted' })

  #end(why: ProcessExit): void {
    if (this.cause !== undefined) return
    this.cause = why
    let waited = 0
    this.#kill(waited)
    this.#killing = setInterval(() => this.#kill((waited += attempt)), attempt)
  }
}
