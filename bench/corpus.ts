import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Integers below 2^32, the same on every machine (xorshift32). */
export function numbers(seed: number): () => number {
  let state = seed | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}

const words = 6000

/** Bytes like those of programs: words of 2 to 11 bytes, few of them often, and noise between them. gzip -6 leaves 57 %. */
export class Corpus {
  readonly #next: () => number
  readonly #words: readonly Uint8Array[]

  constructor(seed: number) {
    this.#next = numbers(seed * 2654435761)
    const common = numbers(12345)
    this.#words = Array.from({ length: words }, () => Uint8Array.from({ length: 2 + (common() % 10) }, () => common() & (common() % 3 === 0 ? 0xff : 0x4f)))
  }

  bytes(size: number): Uint8Array {
    const out = new Uint8Array(size)
    const next = this.#next
    for (let at = 0; at < size; ) {
      const random = next()
      if (random % 5 === 0) {
        out[at++] = random >>> 24
        continue
      }
      const rank = Math.floor((((random >>> 8) & 0xffff) / 65536) ** 3 * words)
      const word = this.#words[rank]?.subarray(0, size - at) ?? new Uint8Array()
      out.set(word, at)
      at += word.length
    }
    return out
  }
}

/** Writes `files` files of `bytes` bytes in all below a folder: sizes from a quarter to seven quarters of the average, 40 files a folder. */
export function writeFiles(folder: string, options: { readonly seed: number; readonly files: number; readonly bytes: number; readonly stem?: string }): void {
  const { seed, files, bytes, stem = 'part' } = options
  const corpus = new Corpus(seed)
  const next = numbers(seed + 7)
  const shares = Array.from({ length: files }, () => 1 + (next() % 7))
  const whole = shares.reduce((sum, share) => sum + share, 0)
  shares.forEach((share, i) => {
    const path = join(folder, `${stem}-${Math.floor(i / 40)}`, `file-${i}`)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, corpus.bytes(Math.round((bytes * share) / whole)))
  })
}
