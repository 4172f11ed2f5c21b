import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { Fault } from '../../base/result.ts'
import { blockSize, compiledDeflate, createDeflater, type Deflater, windowSize } from './deflate.ts'

/** A block for deflating and the window before it: `buffer[from, to)` is deflated, what is before `from` is the dictionary. */
export interface Block {
  readonly buffer: Uint8Array<ArrayBuffer>
  readonly from: number
  readonly to: number
}

/** Deflates blocks on worker threads. Which worker takes a block, and how many there are, has no influence on the bytes. */
export class DeflatePool {
  readonly size: number
  readonly #workers: PooledWorker[] = []
  readonly #spare: Uint8Array<ArrayBuffer>[] = []
  #inline: Deflater | undefined

  /** `size` workers at most; they start when they are needed. With 0 the calling thread does everything. */
  constructor(size: number) {
    this.size = size
  }

  /** For a window and a block; whatever is in it is of no use to anybody. Give it to `deflate` or back. */
  buffer(): Uint8Array<ArrayBuffer> {
    return this.#spare.pop() ?? new Uint8Array(windowSize + blockSize)
  }

  /** Takes a buffer back. Fresh ones for every block cost the kernel's zeros and the collector's time. */
  giveBack(buffer: Uint8Array<ArrayBuffer>): void {
    if (this.#spare.length < 2 * this.size + 2) this.#spare.push(buffer)
  }

  /** Takes the block's buffer over: the caller must not touch it afterwards. */
  async deflate(block: Block, final: boolean): Promise<Uint8Array> {
    if (this.size === 0) {
      const packed = this.deflateHere(block.buffer.subarray(0, block.to), block.from, final)
      this.giveBack(block.buffer)
      return packed
    }
    const { packed, buffer } = await this.#leastBusy().deflate(block, final)
    this.giveBack(buffer)
    return packed
  }

  /** On the calling thread: for the last or only block, where a worker would be waited for anyway. */
  deflateHere(bytes: Uint8Array, from: number, final: boolean): Uint8Array {
    this.#inline ??= createDeflater(compiledDeflate())
    return this.#inline(bytes, from, final)
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.splice(0).map((worker) => worker.close()))
  }

  #leastBusy(): PooledWorker {
    let best = this.#workers[0]
    for (const worker of this.#workers) if (best === undefined || worker.jobs < best.jobs) best = worker
    if (best !== undefined && (best.jobs === 0 || this.#workers.length >= this.size)) return best
    const fresh = new PooledWorker()
    this.#workers.push(fresh)
    return fresh
  }
}

let shared: DeflatePool | undefined

/** The pool of this process, one worker for each processor up to eight. Idle workers don't keep the process alive. */
export function sharedDeflatePool(): DeflatePool {
  shared ??= new DeflatePool(Math.min(8, availableParallelism()))
  return shared
}

export async function closeDeflatePool(): Promise<void> {
  await shared?.close()
  shared = undefined
}

/** What a worker answers: both are the caller's again. */
interface Deflated {
  readonly packed: Uint8Array
  readonly buffer: Uint8Array<ArrayBuffer>
}

const workerSource = `
const { parentPort, workerData } = require('node:worker_threads')
const deflate = (${createDeflater})(workerData)
parentPort.on('message', ({ block: { buffer, from, to }, final }) => {
  const packed = deflate(buffer.subarray(0, to), from, final)
  parentPort.postMessage({ packed, buffer }, [packed.buffer, buffer.buffer])
})`

/** One thread; answers come in the order of the questions. */
class PooledWorker {
  readonly #worker = new Worker(workerSource, { eval: true, env: {}, execArgv: [], workerData: compiledDeflate() })
  readonly #waiting: { resolve(deflated: Deflated): void; reject(error: unknown): void }[] = []

  constructor() {
    this.#worker.unref()
    this.#worker.on('message', (deflated: Deflated) => this.#take()?.resolve(deflated))
    this.#worker.on('error', (error) => this.#fail(error))
    this.#worker.on('exit', () => this.#fail(undefined))
  }

  get jobs(): number {
    return this.#waiting.length
  }

  deflate(block: Block, final: boolean): Promise<Deflated> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.push({ resolve, reject }) === 1) this.#worker.ref()
      this.#worker.postMessage({ block, final }, [block.buffer.buffer])
    })
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
  }

  #take(): { resolve(deflated: Deflated): void } | undefined {
    const job = this.#waiting.shift()
    if (this.#waiting.length === 0) this.#worker.unref()
    return job
  }

  #fail(cause: unknown): void {
    for (const job of this.#waiting.splice(0)) job.reject(new Fault('machine', 'A compression thread ended', { cause }))
  }
}
