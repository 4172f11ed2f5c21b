import type { Readable } from 'node:stream'
import type { AbsPath, Digest } from '../base/ids.ts'
import type { Cas } from './cache.ts'

/** Two stores as one: what is made goes to the upper, and what the upper lacks is read from the lower, which is never written. */
export class LayeredCas implements Cas {
  readonly #upper: Cas
  readonly #lower: Cas

  constructor(upper: Cas, lower: Cas) {
    this.#upper = upper
    this.#lower = lower
  }

  has(digest: Digest): boolean {
    return this.#upper.has(digest) || this.#lower.has(digest)
  }

  missing(digests: Iterable<Digest>): Digest[] {
    return this.#lower.missing(this.#upper.missing(digests))
  }

  put(bytes: Uint8Array, hint?: 'many'): Promise<Digest> {
    return this.#upper.put(bytes, hint)
  }

  putStream(bytes: AsyncIterable<Uint8Array>, expected?: Digest): Promise<Digest> {
    return this.#upper.putStream(bytes, expected)
  }

  putFile(path: AbsPath, how: 'copy' | 'move', hint?: 'many'): Promise<Digest> {
    return this.#upper.putFile(path, how, hint)
  }

  async read(digest: Digest): Promise<Uint8Array | undefined> {
    return (await this.#upper.read(digest)) ?? this.#lower.read(digest)
  }

  async open(digest: Digest): Promise<Readable | undefined> {
    return (await this.#upper.open(digest)) ?? this.#lower.open(digest)
  }

  async file(digest: Digest, executable: boolean): Promise<AbsPath | undefined> {
    return (await this.#upper.file(digest, executable)) ?? this.#lower.file(digest, executable)
  }
}
