import { crc32 } from 'node:zlib'
import { blockSize, windowSize } from './deflate.ts'
import { type Block, type DeflatePool, sharedDeflatePool } from './deflate-pool.ts'

/** A run of deflate blocks inside a gzip member that can be reused in another one: independent of what comes before it, ends on a byte. */
export interface GzipBody {
  /** Offsets into the compressed bytes, half-open. */
  readonly from: number
  readonly to: number
  /** Bytes it unpacks to, and their CRC-32. */
  readonly size: number
  readonly crc32: number
}

export interface GzipSummary {
  /** Bytes of the gzip member. */
  readonly compressed: number
  /** Bytes it unpacks to. */
  readonly size: number
  /** All of the content but for the tail. */
  readonly body: GzipBody
}

export interface GzipOptions {
  readonly pool?: DeflatePool
  /** Content that follows the source in an independent block of its own (the two zero blocks that end a tar), so that the rest can be reused. */
  readonly tail?: Uint8Array
}

/** Compresses bytes in memory into one gzip member (RFC 1952), the same bytes as GzipEncoder gives for them. */
export async function gzip(bytes: Uint8Array, options: GzipOptions = {}): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of new GzipEncoder(options).encode(once(bytes))) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/**
 * One gzip member with a header that says nothing of the time or the file: blocks of 512 KiB are deflated independently, each with the 32 KiB
 * before it as dictionary. Memory is bounded by two blocks for each worker, whatever the size.
 */
export class GzipEncoder {
  readonly #pool: DeflatePool
  readonly #tail: Uint8Array | undefined
  readonly #jobs: Promise<Uint8Array>[] = []
  #crc = 0
  #size = 0
  #compressed = 0
  #summary: GzipSummary | undefined

  constructor(options: GzipOptions = {}) {
    this.#pool = options.pool ?? sharedDeflatePool()
    this.#tail = options.tail
  }

  /** Known once `encode` has ended. */
  get summary(): GzipSummary | undefined {
    return this.#summary
  }

  async *encode(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    yield this.#count(gzipHeader)
    let buffer = this.#pool.buffer()
    let from = 0
    let to = 0
    for await (const chunk of source) {
      this.#crc = crc32(chunk, this.#crc)
      this.#size += chunk.length
      for (let at = 0; at < chunk.length; ) {
        if (to === from + blockSize) {
          const next = this.#pool.buffer()
          next.set(buffer.subarray(to - windowSize, to))
          this.#start({ buffer, from, to })
          while (this.#jobs.length > this.#pool.size * 2) yield await this.#finished()
          buffer = next
          from = to = windowSize
        }
        const taken = Math.min(chunk.length - at, from + blockSize - to)
        buffer.set(chunk.subarray(at, at + taken), to)
        to += taken
        at += taken
      }
    }
    yield* this.#end(buffer.subarray(0, to), from)
    this.#pool.giveBack(buffer)
  }

  async *#end(last: Uint8Array, from: number): AsyncGenerator<Uint8Array, void, undefined> {
    const tail = this.#tail
    const rest = tail !== undefined && last.length === from ? undefined : this.#pool.deflateHere(last, from, tail === undefined)
    while (this.#jobs.length > 0) yield await this.#finished()
    if (rest !== undefined) yield this.#count(rest)
    const body = { from: gzipHeader.length, to: this.#compressed, size: this.#size, crc32: this.#crc }
    if (tail !== undefined) {
      yield this.#count(this.#pool.deflateHere(tail, 0, true))
      this.#crc = crc32(tail, this.#crc)
      this.#size += tail.length
    }
    yield this.#count(gzipTrailer(this.#crc, this.#size))
    this.#summary = { compressed: this.#compressed, size: this.#size, body }
  }

  #start(block: Block): void {
    const job = this.#pool.deflate(block, false)
    // The generator may be left before it comes to this job; its failure is seen where it is awaited.
    job.catch(() => undefined)
    this.#jobs.push(job)
  }

  async #finished(): Promise<Uint8Array> {
    const job = this.#jobs.shift()
    return this.#count(job === undefined ? new Uint8Array() : await job)
  }

  #count(bytes: Uint8Array): Uint8Array {
    this.#compressed += bytes.length
    return bytes
  }
}

/** Method deflate, no flags, no time, no hint of speed, Unix. */
export const gzipHeader: Uint8Array = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3)

export function gzipTrailer(crc: number, size: number): Uint8Array {
  const trailer = new DataView(new ArrayBuffer(8))
  trailer.setUint32(0, crc, true)
  trailer.setUint32(4, size % 0x1_0000_0000, true)
  return new Uint8Array(trailer.buffer)
}

function* once(bytes: Uint8Array): Generator<Uint8Array> {
  yield bytes
}
