// A GNU make jobserver that all package builds share: makes in different sandboxes take tokens from one fifo, so that together they never
// run more jobs than the machine has slots. Protocol: "POSIX Jobserver Interaction" in the GNU make manual. make 4.3 (Debian 12) takes just
// open file descriptors (`fifo:` came with 4.4), so a shell opens the fifo inside (`prelude`).
import { spawnSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { absPath, type AbsPath } from '../../base/ids.ts'
import { errno, Fault } from '../../base/result.ts'
import { runProcess } from './process.ts'
import type { Mount } from './sandbox.ts'
import { toolPath } from './script.ts'

/** One build's share: it holds one token itself, and its makes take and return more of them. */
export interface JobserverLease extends AsyncDisposable {
  readonly mounts: readonly Mount[]
  /** Says nothing of how many slots there are, so that no output can. */
  readonly environment: Readonly<Record<string, string>>
  /** A line of shell that must run in the shell that starts the makes. */
  readonly prelude: string
}

/** Where the fifo is inside. */
export const tokensInside = '/run/nacre/tokens'
/** The highest descriptors that dash can open by number: scripts commonly use 3 and 4, and configure uses 5 to 7. */
const [readEnd, writeEnd] = [8, 9]

export class Jobserver implements AsyncDisposable {
  readonly tokens: number
  readonly #folder: AbsPath
  readonly #fifo: AbsPath
  readonly #fd: number
  #leases = 0

  /** `tokens`: how many jobs may run at once, at least 1. */
  constructor(tokens: number) {
    if (!Number.isSafeInteger(tokens) || tokens < 1 || tokens > 4096) throw new Fault('internal', `A jobserver can't have ${tokens} tokens`)
    this.tokens = tokens
    this.#folder = absPath(mkdtempSync(join(tmpdir(), 'nacre-jobs-')))
    this.#fifo = absPath(join(this.#folder, 'tokens'))
    makeFifo(this.#fifo)
    // Held open for both: a fifo forgets its bytes when the last one closes it.
    this.#fd = openSync(this.#fifo, constants.O_RDWR | constants.O_NONBLOCK)
    this.#restore()
  }

  /** Waits for a token. Rejects with the signal's reason when it is aborted first. */
  async lease(signal: AbortSignal): Promise<JobserverLease> {
    signal.throwIfAborted()
    // Who waits counts as well: its token may have left the fifo already, so the tokens must not be counted anew meanwhile.
    this.#leases++
    try {
      if (!this.#take()) await this.#waitForToken(signal)
    } catch (error) {
      this.#leases--
      if (this.#leases === 0) this.#restore()
      throw error
    }
    let held = true
    return {
      mounts: [{ source: this.#fifo, target: tokensInside, writable: true }],
      environment: { MAKEFLAGS: `-j --jobserver-auth=${readEnd},${writeEnd}` },
      prelude: `exec ${readEnd}<${tokensInside} ${writeEnd}>${tokensInside}`,
      [Symbol.asyncDispose]: async () => {
        if (held) this.#giveBack()
        held = false
      },
    }
  }

  /** Free tokens. For tests and `--json` events: it takes all of them for a moment. */
  free(): number {
    const count = this.#drain()
    this.#put(count)
    return count
  }

  async [Symbol.asyncDispose](): Promise<void> {
    closeSync(this.#fd)
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /**
   * A make that was killed never returns its tokens, and nobody can tell a lost token from one that another build holds. So they are
   * counted anew whenever no build holds any.
   */
  #giveBack(): void {
    this.#leases--
    if (this.#leases === 0) this.#restore()
    else this.#put(1)
  }

  #restore(): void {
    this.#drain()
    this.#put(this.tokens)
  }

  #take(): boolean {
    return this.#read(1) === 1
  }

  #drain(): number {
    let count = 0
    for (let got = this.#read(4096); got > 0; got = this.#read(4096)) count += got
    return count
  }

  #put(count: number): void {
    if (count > 0) writeSync(this.#fd, Buffer.alloc(count, '+'))
  }

  #read(count: number): number {
    try {
      return readSync(this.#fd, Buffer.alloc(count))
    } catch (error) {
      if (errno(error) === 'EAGAIN') return 0
      throw error
    }
  }

  /** A blocking read in a process of its own: it queues fairly with the makes, and a thread of Node's pool stays free. */
  async #waitForToken(signal: AbortSignal): Promise<void> {
    let got = 0
    const exit = await runProcess({
      argv: ['dd', `if=${this.#fifo}`, 'bs=1', 'count=1', 'status=none'],
      directory: this.#folder,
      environment: { PATH: toolPath },
      signal,
      output: (chunk, stream) => {
        if (stream === 'stdout') got += chunk.length
      },
    })
    if (got === 1 && !signal.aborted) return
    if (got === 1) this.#put(1)
    signal.throwIfAborted()
    throw new Fault('machine', `Can't read from a fifo: dd ${exit.kind}`, { hint: 'Install coreutils' })
  }
}

function makeFifo(path: AbsPath): void {
  const made = spawnSync('mkfifo', ['-m', '600', path], { env: { PATH: toolPath }, encoding: 'utf8' })
  if (made.status !== 0) throw new Fault('machine', `Can't make a fifo: ${made.stderr || 'mkfifo is missing'}`, { hint: 'Install coreutils' })
}
