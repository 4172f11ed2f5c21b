import { closeSync, mkdirSync, openSync, readSync, renameSync, writeFileSync, writeSync } from 'node:fs'
import { hash } from 'node:crypto'
import { digestText } from '../base/digest.ts'
import { type AbsPath, absPath, digestHash } from '../base/ids.ts'
import { errno } from '../base/result.ts'
import type { Layout } from './layout.ts'
import type { Scratch } from './scratch.ts'

/** What was remembered under a name: a head that is read whole, and bodies of which few are. */
export interface OpenMemo {
  readonly head: Buffer
  /** Undefined when it can't be read any more. A memo may be replaced meanwhile, so the head says the hash of each body. */
  body(start: number, length: number): Buffer | undefined
}

const magic = Buffer.from('nacre parses 1\n')
const hashLength = 32
const preamble = magic.length + hashLength + 8

/**
 * Compiled forms of recipes, a file for each workspace: `magic, sha256 of the head, its length (64 bits, little-endian), head, bodies`.
 * One file and not a row of the index for each recipe: the index takes 21 ms to load, and 3,400 rows of it 5 ms more. Losing it costs a parse.
 */
export class ParseMemo {
  readonly #layout: Layout
  readonly #scratch: Pick<Scratch, 'path'>

  constructor(layout: Layout, scratch: Pick<Scratch, 'path'>) {
    this.#layout = layout
    this.#scratch = scratch
  }

  get(name: string): OpenMemo | undefined {
    const path = this.#path(name)
    const start = readAt(path, 0, preamble)
    if (start === undefined || !start.subarray(0, magic.length).equals(magic)) return undefined
    const length = Number(start.readBigUInt64LE(magic.length + hashLength))
    const head = readAt(path, preamble, length)
    if (head === undefined || hash('sha256', head) !== start.toString('hex', magic.length, magic.length + hashLength)) return undefined
    return { head, body: (at, size) => readAt(path, preamble + length + at, size) }
  }

  /** A store that can't be written to remembers nothing. */
  put(name: string, head: Uint8Array, bodies: Iterable<Uint8Array>): void {
    try {
      mkdirSync(this.#layout.parses, { recursive: true })
      const temporary = this.#scratch.path('parses')
      const length = Buffer.alloc(8)
      length.writeBigUInt64LE(BigInt(head.byteLength))
      writeFileSync(temporary, Buffer.concat([magic, Buffer.from(hash('sha256', head), 'hex'), length, head]), { flag: 'wx' })
      append(temporary, bodies)
      renameSync(temporary, this.#path(name))
    } catch (error) {
      if (errno(error) === undefined) throw error
    }
  }

  #path(name: string): AbsPath {
    return absPath(`${this.#layout.parses}/${digestHash(digestText(name))}`)
  }
}

/** Exactly that many bytes of a file, or nothing. */
function readAt(path: AbsPath, position: number, length: number): Buffer | undefined {
  // A length that a damaged file tells.
  if (!Number.isSafeInteger(length) || length > 2 ** 30) return undefined
  let file: number
  try {
    file = openSync(path, 'r')
  } catch {
    return undefined
  }
  try {
    const bytes = Buffer.allocUnsafe(length)
    let read = 0
    for (let n = 1; n > 0 && read < length; read += n) n = readSync(file, bytes, read, length - read, position + read)
    return read === length ? bytes : undefined
  } catch {
    return undefined
  } finally {
    closeSync(file)
  }
}

/** In pieces of some MB: a system call for each body would take longer than all their bytes. */
function append(path: AbsPath, bodies: Iterable<Uint8Array>): void {
  const file = openSync(path, 'a')
  try {
    let pieces: Uint8Array[] = []
    let size = 0
    const flush = (): void => {
      const bytes = Buffer.concat(pieces)
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
      pieces = []
      size = 0
    }
    for (const body of bodies) {
      pieces.push(body)
      size += body.byteLength
      if (size > 4 << 20) flush()
    }
    flush()
  } finally {
    closeSync(file)
  }
}
