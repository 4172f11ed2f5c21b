import { createHash, hash } from 'node:crypto'
import { Transform, type TransformCallback } from 'node:stream'
import { type Digest, digestOf } from './ids.ts'

/** sha256 and size of bytes in memory. */
export function digestBytes(bytes: Uint8Array): Digest {
  return digestOf(hash('sha256', bytes, 'hex'), bytes.byteLength)
}

export function digestText(text: string): Digest {
  return digestBytes(Buffer.from(text))
}

/** Digest of nothing: always in every store (REAPI). */
export const emptyDigest: Digest = digestBytes(new Uint8Array())

/** Hashes what is written to it; ask for the digest once, at the end. */
export class Hasher {
  readonly #hash = createHash('sha256')
  #size = 0

  update(chunk: Uint8Array): void {
    this.#hash.update(chunk)
    this.#size += chunk.byteLength
  }

  digest(): Digest {
    return digestOf(this.#hash.digest('hex'), this.#size)
  }
}

/** Passes bytes on and hashes them on the way. */
export class HashingStream extends Transform {
  readonly hasher = new Hasher()

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.hasher.update(chunk)
    done(null, chunk)
  }
}
