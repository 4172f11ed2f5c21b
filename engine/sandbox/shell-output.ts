import { closeSync, constants, openSync, readSync } from 'node:fs'
import type { AbsPath } from '../../base/ids.ts'
import { errno } from '../../base/result.ts'

/** Bytes read at once: what a pipe holds (pipe(7)). */
const capacity = 65_536

/**
 * The fifo that jobs of one shell print to, read by hand: a stream object for each job would cost as much as a small job. Node's own pipes
 * are sockets, which can't be opened again as /dev/stdout.
 */
export class ShellOutput {
  readonly #file: number
  readonly #chunk = Buffer.allocUnsafe(capacity)
  #first = ''
  #pid: number | undefined

  /** Opened without blocking, as nobody writes yet. */
  constructor(fifo: AbsPath) {
    this.#file = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK)
  }

  /** The process, and process group, of the job; known when its first line was read. */
  get pid(): number | undefined {
    return this.#pid
  }

  /** Forgets the last job. */
  begin(): void {
    this.#first = ''
    this.#pid = undefined
  }

  /** Takes what is there. `ended`: nobody has it open for writing. */
  drain(output: (chunk: Uint8Array) => void): { readonly bytes: number; readonly ended: boolean } {
    let bytes = 0
    for (;;) {
      const count = this.#read()
      if (count === undefined || count === 0) return { bytes, ended: count === 0 }
      bytes += count
      const chunk = this.#chunk.subarray(0, count)
      const rest = this.#pid === undefined ? this.#afterPid(chunk) : chunk
      if (rest.length > 0) output(rest)
      // Others have a turn.
      if (bytes >= 16 * capacity) return { bytes, ended: false }
    }
  }

  close(): void {
    closeSync(this.#file)
  }

  /** Undefined when a writer has nothing to say at the moment. */
  #read(): number | undefined {
    try {
      return readSync(this.#file, this.#chunk)
    } catch (error) {
      if (errno(error) === 'EAGAIN') return undefined
      throw error
    }
  }

  #afterPid(chunk: Buffer): Buffer {
    const end = chunk.indexOf(10)
    this.#first += chunk.subarray(0, end < 0 ? chunk.length : end).toString('latin1')
    if (end < 0) return chunk.subarray(chunk.length)
    const pid = Number(this.#first)
    if (Number.isInteger(pid) && pid > 1) this.#pid = pid
    return chunk.subarray(end + 1)
  }
}
