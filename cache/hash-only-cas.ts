import type { Readable } from 'node:stream'
import { digestBytes, Hasher } from '../base/digest.ts'
import type { AbsPath, Digest } from '../base/ids.ts'
import { type Cas, DigestMismatch } from './cache.ts'
import { hashFile } from './file-hash.ts'

/** A store that keeps nothing: for learning the digest of a folder without storing it. Never moves a file. */
export class HashOnlyCas implements Cas {
  has(): boolean {
    return false
  }

  missing(digests: Iterable<Digest>): Digest[] {
    return [...new Set(digests)]
  }

  async put(bytes: Uint8Array): Promise<Digest> {
    return digestBytes(bytes)
  }

  async putStream(bytes: AsyncIterable<Uint8Array>, expected?: Digest): Promise<Digest> {
    const hasher = new Hasher()
    for await (const chunk of bytes) hasher.update(chunk)
    const digest = hasher.digest()
    if (expected !== undefined && digest !== expected) throw new DigestMismatch(expected, digest)
    return digest
  }

  async putFile(path: AbsPath): Promise<Digest> {
    return hashFile(path)
  }

  async read(): Promise<Uint8Array | undefined> {
    return undefined
  }

  async open(): Promise<Readable | undefined> {
    return undefined
  }

  async file(): Promise<AbsPath | undefined> {
    return undefined
  }
}
