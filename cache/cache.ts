// The cache floor's front page: content by digest, results by key. The laws below are one test suite, run over every backend.
import type { Readable } from 'node:stream'
import type { AbsPath, ActionKey, Digest } from '../base/ids.ts'

/** Bytes of a blob, from one offset up to another. */
export interface BlobPart {
  readonly blob: Digest
  readonly from: number
  readonly to: number
}

/**
 * Content addressed storage.
 * Laws: what is read under a digest hashes to that digest, or is not there; nothing half-written is ever visible; writing
 * what exists is cheap and changes nothing; the empty blob is always there; a writer may die at any point.
 */
export interface Cas {
  /** Synchronous: one stat. True says that the blob was whole when it was written; a reader still checks on doubt. */
  has(digest: Digest): boolean
  /** Those of the digests that are not here, in the order asked, each once. */
  missing(digests: Iterable<Digest>): Digest[]
  /** `many`: it is one of a great number of small ones, and nobody is likely to ask for it as a file. A hint; content is the same wherever it lies. */
  put(bytes: Uint8Array, hint?: 'many'): Promise<Digest>
  /** Takes the bytes of a stream; `expected` is checked before anything becomes visible (a mismatch rejects with DigestMismatch). */
  putStream(bytes: AsyncIterable<Uint8Array>, expected?: Digest): Promise<Digest>
  /**
   * Takes bytes and parts of blobs of this store, one after the other, and hashes each of these blobs meanwhile. Rejects with MissingBlob for one
   * that is not here, or not what it should be. Left out by a store that would do no better than a stream.
   */
  putJoined?(parts: readonly (Uint8Array | BlobPart)[]): Promise<Digest>
  /** Takes a regular file. `move` lets the store rename it into place: then nobody may hold it open or use it afterwards. */
  putFile(path: AbsPath, how: 'copy' | 'move', hint?: 'many'): Promise<Digest>
  /** The whole blob, or undefined when it is not here. */
  read(digest: Digest): Promise<Uint8Array | undefined>
  /** A stream over the blob, or undefined when it is not here. */
  open(digest: Digest): Promise<Readable | undefined>
  /** A read-only file with these bytes and this executable bit, valid while a lease holds it. Undefined when the blob is not here. */
  file(digest: Digest, executable: boolean): Promise<AbsPath | undefined>
}

/** One named output of an action. `executable` is kept for files that a task writes. */
export type Output =
  | { readonly kind: 'blob'; readonly digest: Digest; readonly executable?: boolean }
  | { readonly kind: 'tree'; readonly digest: Digest }

/** What running an action gave: everything that a hit must be able to give back. */
export interface ActionResult {
  readonly outputs: Readonly<Record<string, Output>>
  /** What the action printed, stdout and stderr interleaved, as a blob. */
  readonly log?: Digest
  /** Milliseconds of the run that made it: what a hit saves, and the scheduler's estimate. */
  readonly duration: number
}

/**
 * Results by key. Law: a result is stored after its blobs; a reader that misses a blob treats the result as a miss.
 * Reads are synchronous (a memory map); writes are batched, and durable when the promise resolves.
 */
export interface ActionCache {
  get(key: ActionKey): ActionResult | undefined
  put(key: ActionKey, result: ActionResult): Promise<void>
}

/** The bytes that arrived are not those that were promised. */
export class DigestMismatch extends Error {
  readonly expected: Digest
  readonly actual: Digest

  constructor(expected: Digest, actual: Digest) {
    super(`expected ${expected}, got ${actual}`)
    this.name = 'DigestMismatch'
    this.expected = expected
    this.actual = actual
  }
}
