import { createRequire } from 'node:module'
import { Readable } from 'node:stream'
import { Worker } from 'node:worker_threads'
import xz from 'xz-decompress'
import { Fault } from '../../base/result.ts'

/** What is damaged or cut short ends the stream with an error that has a `message`. */
export type Unxz = (bytes: Uint8Array) => Readable

/** Decodes on the calling thread. */
export const unxz: Unxz = (bytes) => Readable.from(new xz.XzReadableStream(Readable.toWeb(Readable.from([bytes]))))

/** Decodes on a thread of its own: xz gives 35 MB a second, so the bytes of several packages are waited for longer than they are worked on. */
export class XzThread implements AsyncDisposable {
  readonly #started = new Set<Thread>()
  #idle: Thread | undefined

  /** One stream at a time: read it to its end, or destroy it, before the next. */
  readonly decode: Unxz = (bytes) => Readable.from(this.#chunks(bytes))

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#started].map((thread) => thread.worker.terminate()))
  }

  async *#chunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
    const thread = this.#idle ?? new Thread()
    this.#idle = undefined
    this.#started.add(thread)
    try {
      thread.worker.ref()
      const reader = await thread.ask(bytes)
      // The worker goes on no faster than this loop: a stream between threads keeps to what its reader asks for.
      for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value
      if (thread.ended !== undefined) throw thread.ended
      thread.worker.unref()
      this.#idle = thread
    } finally {
      // The decoder has one state for all streams of a thread; one that was left in the middle is none to begin with.
      if (this.#idle !== thread) {
        this.#started.delete(thread)
        await thread.worker.terminate()
      }
    }
  }
}

class Thread {
  readonly worker = new Worker(source, { eval: true, env: {}, execArgv: [], workerData: createRequire(import.meta.url).resolve('xz-decompress') })
  ended: Fault | undefined
  #whenEnded: (fault: Fault) => void = () => {}

  constructor() {
    this.worker.on('error', (cause) => this.#end(cause)).on('exit', () => this.#end())
  }

  /** The decoded bytes. They seem to end when the thread does. */
  ask(bytes: Uint8Array): Promise<ReadableStreamDefaultReader<Uint8Array>> {
    return new Promise((resolve, reject) => {
      this.#whenEnded = reject
      this.worker.once('message', (stream: ReadableStream<Uint8Array>) => {
        const reader = stream.getReader()
        this.#whenEnded = () => void reader.cancel().catch(() => {})
        resolve(reader)
      })
      this.worker.postMessage(bytes)
    })
  }

  #end(cause?: unknown): void {
    this.ended ??= new Fault('machine', 'A decompression thread ended', { cause })
    this.#whenEnded(this.ended)
  }
}

const source = `
const { parentPort, workerData } = require('node:worker_threads')
const { XzReadableStream } = require(workerData)
parentPort.on('message', (bytes) => {
  const packed = new ReadableStream({ start(controller) { controller.enqueue(bytes); controller.close() } })
  const stream = new XzReadableStream(packed)
  parentPort.postMessage(stream, [stream])
})`
