import * as crypto from 'node:crypto'
import * as fs from 'node:fs'
import { Worker } from 'node:worker_threads'
import { Fault } from '../base/result.ts'

/** Part of a file: bytes `[from, to)`. All of the file is hashed. */
export interface FilePart {
  readonly path: string
  /** sha256 in hex that the whole file must have. */
  readonly hash: string
  readonly from: number
  readonly to: number
}

/** A file to be written, of bytes and of parts of other files. */
export interface JoinOrder {
  /** Nothing is there yet. */
  readonly path: string
  readonly mode: number
  /** Seconds since the epoch. */
  readonly atime: number
  readonly mtime: number
  readonly parts: readonly (Uint8Array | FilePart)[]
}

export type Joined =
  | { readonly kind: 'joined'; readonly hash: string; readonly size: number }
  /** The file of this part is not what its hash says, or not there. What was written is no good. */
  | { readonly kind: 'unlike'; readonly part: number }
  /** A system error; a thread passes on nothing of an error but its message, so the rest stands beside it. */
  | { readonly kind: 'failed'; readonly message: string; readonly system: Readonly<Record<string, unknown>> }

/** Bytes for which nobody starts a thread, which takes 40 ms, or waits for it: they are joined in 5. */
const few = 1 << 20
/** Bytes that are joined here while the thread starts. */
const some = 1 << 24

/**
 * Puts files together on a thread of its own, so that hashing what is read and what is written keeps nobody from other work: for an image of
 * 110 MB that is 0.4 s. Which thread it is makes no difference to what is written.
 */
export class Joiner {
  #worker: Worker | undefined
  #here: ((order: JoinOrder) => Joined) | undefined
  readonly #waiting: { resolve(joined: Joined): void; reject(error: unknown): void }[] = []

  async join(order: JoinOrder): Promise<Joined> {
    const size = sizeOf(order)
    const fresh = this.#worker === undefined
    // What is joined here meanwhile costs the thread's start nothing.
    const worker = size <= few ? this.#worker : (this.#worker ??= this.#start())
    if (worker === undefined || ((fresh || this.#waiting.length > 0) && size <= (fresh ? some : few))) return (this.#here ??= makeJoin({ fs, crypto }))(order)
    return new Promise((resolve, reject) => {
      if (this.#waiting.push({ resolve, reject }) === 1) worker.ref()
      worker.postMessage(order)
    })
  }

  async close(): Promise<void> {
    await this.#worker?.terminate()
    this.#worker = undefined
  }

  #start(): Worker {
    const worker = new Worker(threadSource, { eval: true, env: {}, execArgv: [] })
    worker.unref()
    worker.on('message', (joined: Joined) => {
      const asked = this.#waiting.shift()
      if (this.#waiting.length === 0) worker.unref()
      asked?.resolve(joined)
    })
    const fail = (cause: unknown): void => {
      if (this.#worker === worker) this.#worker = undefined
      for (const asked of this.#waiting.splice(0)) asked.reject(new Fault('machine', 'The thread that joins files ended', { cause }))
    }
    worker.on('error', fail)
    worker.on('exit', () => fail(undefined))
    return worker
  }
}

function sizeOf({ parts }: JoinOrder): number {
  return parts.reduce((sum, part) => sum + (part instanceof Uint8Array ? part.length : part.to - part.from), 0)
}

/** Invariant: refers to nothing outside of itself but its parameter, for the thread runs its source text. */
function makeJoin({ fs, crypto: { createHash } }: { readonly fs: typeof import('node:fs'); readonly crypto: typeof import('node:crypto') }): (order: JoinOrder) => Joined {
  /** What stays in the processor's cache while it is read, hashed twice and written. */
  const chunk = Buffer.allocUnsafeSlow(256 * 1024)

  return (order) => {
    try {
      return join(order)
    } catch (error) {
      const { code, errno, syscall } = error as NodeJS.ErrnoException
      return { kind: 'failed', message: error instanceof Error ? error.message : String(error), system: { code, errno, syscall } }
    }
  }

  function join({ path, mode, atime, mtime, parts }: JoinOrder): Joined {
    const file = fs.openSync(path, 'wx', mode)
    try {
      const whole = createHash('sha256')
      let size = 0
      const take = (bytes: Uint8Array): void => {
        whole.update(bytes)
        for (let at = 0; at < bytes.length; ) at += fs.writeSync(file, bytes, at)
        size += bytes.length
      }
      for (const [i, part] of parts.entries()) {
        if (part instanceof Uint8Array) take(part)
        else if (!pass(part, take)) return { kind: 'unlike', part: i }
      }
      fs.fchmodSync(file, mode)
      fs.futimesSync(file, atime, mtime)
      return { kind: 'joined', hash: whole.digest('hex'), size }
    } finally {
      fs.closeSync(file)
    }
  }

  function pass({ path, hash, from, to }: FilePart, take: (bytes: Uint8Array) => void): boolean {
    const source = open(path)
    if (source === undefined) return false
    try {
      const own = createHash('sha256')
      let at = 0
      for (let n = fs.readSync(source, chunk); n > 0; n = fs.readSync(source, chunk)) {
        own.update(chunk.subarray(0, n))
        take(chunk.subarray(Math.min(n, Math.max(0, from - at)), Math.min(n, Math.max(0, to - at))))
        at += n
      }
      return at >= to && own.digest('hex') === hash
    } finally {
      fs.closeSync(source)
    }
  }

  function open(path: string): number | undefined {
    try {
      return fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW)
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
      throw error
    }
  }
}

const threadSource = `
const { parentPort } = require('node:worker_threads')
const join = (${makeJoin})({ fs: require('node:fs'), crypto: require('node:crypto') })
parentPort.on('message', (order) => parentPort.postMessage(join(order)))`
