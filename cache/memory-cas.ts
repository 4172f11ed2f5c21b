import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { digestBytes, emptyDigest } from '../base/digest.ts'
import { type AbsPath, absPath, type ActionKey, type Digest, digestHash } from '../base/ids.ts'
import { type ActionCache, type ActionResult, type Cas, DigestMismatch } from './cache.ts'

/** Content in memory. Files are written to a folder, on demand, since some things need a path. */
export class MemoryCas implements Cas {
  readonly #blobs = new Map<Digest, Uint8Array>([[emptyDigest, new Uint8Array()]])
  readonly #folder: AbsPath | undefined

  /** The folder is made when the first file is asked for; without one, nothing is here as a file. */
  constructor(folder?: AbsPath) {
    this.#folder = folder
  }

  has(digest: Digest): boolean {
    return this.#blobs.has(digest)
  }

  missing(digests: Iterable<Digest>): Digest[] {
    return [...new Set(digests)].filter((digest) => !this.has(digest))
  }

  async put(bytes: Uint8Array): Promise<Digest> {
    const digest = digestBytes(bytes)
    // A copy: the caller may reuse the buffer.
    if (!this.#blobs.has(digest)) this.#blobs.set(digest, Uint8Array.from(bytes))
    return digest
  }

  async putStream(bytes: AsyncIterable<Uint8Array>, expected?: Digest): Promise<Digest> {
    const chunks: Uint8Array[] = []
    for await (const chunk of bytes) chunks.push(Uint8Array.from(chunk))
    const all = Buffer.concat(chunks)
    const actual = digestBytes(all)
    if (expected !== undefined && actual !== expected) throw new DigestMismatch(expected, actual)
    return this.put(all)
  }

  async putFile(path: AbsPath, how: 'copy' | 'move'): Promise<Digest> {
    const digest = await this.put(readFileSync(path))
    if (how === 'move') rmSync(path)
    return digest
  }

  async read(digest: Digest): Promise<Uint8Array | undefined> {
    const bytes = this.#blobs.get(digest)
    return bytes === undefined ? undefined : Uint8Array.from(bytes)
  }

  async open(digest: Digest): Promise<Readable | undefined> {
    const bytes = this.#blobs.get(digest)
    if (bytes === undefined) return undefined
    return Readable.from(bytes.byteLength === 0 ? [] : [Buffer.from(bytes)])
  }

  async file(digest: Digest, executable: boolean): Promise<AbsPath | undefined> {
    const bytes = this.#blobs.get(digest)
    if (bytes === undefined || this.#folder === undefined) return undefined
    const path = absPath(`${this.#folder}/${digestHash(digest)}${executable ? '.x' : ''}`)
    mkdirSync(this.#folder, { recursive: true })
    rmSync(path, { force: true })
    writeFileSync(path, bytes)
    chmodSync(path, executable ? 0o555 : 0o444)
    return path
  }

  /** As if it had never been put: for tests of what happens to content that is lost. */
  forget(digest: Digest): void {
    if (digest !== emptyDigest) this.#blobs.delete(digest)
  }
}

/** Results in memory. */
export class MemoryActionCache implements ActionCache {
  readonly #results = new Map<ActionKey, ActionResult>()

  get(key: ActionKey): ActionResult | undefined {
    return this.#results.get(key)
  }

  async put(key: ActionKey, result: ActionResult): Promise<void> {
    this.#results.set(key, structuredClone(result))
  }
}
