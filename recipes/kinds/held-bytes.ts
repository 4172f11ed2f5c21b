import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import type { AbsPath } from '../../base/ids.ts'

/** Bytes that stay in memory: with what the compression threads have, a pack stays below 300 MB whatever its size. */
const most = 64 * 2 ** 20

/** Bytes that are needed once more, later: in memory while they are few, else in a file of the caller's. Writing all of them to a disk and reading them back took a tenth of the time of packing. */
export class HeldBytes {
  readonly #file: AbsPath
  #chunks: Uint8Array[] = []
  #spilled = false

  /** `file` does not exist yet, and is made when it is needed. */
  constructor(file: AbsPath) {
    this.#file = file
  }

  async take(source: AsyncIterable<Uint8Array>): Promise<void> {
    let size = 0
    const rest = source[Symbol.asyncIterator]()
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) {
      this.#chunks.push(next.value)
      size += next.value.length
      if (size > most) return this.#spill(rest)
    }
  }

  async *bytes(): AsyncGenerator<Uint8Array, void, undefined> {
    yield* this.#chunks
    if (this.#spilled) for await (const chunk of createReadStream(this.#file, { highWaterMark: 1 << 20 })) yield chunk
  }

  /** What is in memory stays there; the file takes what comes after it. */
  async #spill(rest: AsyncIterator<Uint8Array>): Promise<void> {
    this.#spilled = true
    await using handle = await open(this.#file, 'wx')
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) {
      for (let at = 0; at < next.value.length; ) at += (await handle.write(next.value, at)).bytesWritten
    }
  }
}
