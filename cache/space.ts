import { statfsSync } from 'node:fs'
import type { AbsPath } from '../base/ids.ts'
import { Fault } from '../base/result.ts'
import { spaceHint } from './machine-fault.ts'

/** What a file system has left: free bytes and free inodes for this user, and how many inodes it has at all (0: it doesn't count them). */
export interface FreeSpace {
  readonly bytes: number
  readonly inodes: number
  readonly allInodes: number
}

/** Bytes that are never given away, so that indexes and other programs survive a store that runs full. */
const margin = 1 << 20
/** Bytes that one look at the file system allows to be written before the next look. */
const stride = 64 << 20

/** Reserves space before it is written: a full disk is told before a file is half-written, not after. */
export class Space {
  readonly #folder: AbsPath
  readonly #look: (folder: AbsPath) => FreeSpace
  #credit = 0
  #files = 0

  constructor(folder: AbsPath, look: (folder: AbsPath) => FreeSpace = freeSpace) {
    this.#folder = folder
    this.#look = look
  }

  /** Throws a machine fault when the file system can't hold `bytes` more in a new or growing file. */
  reserve(bytes: number): void {
    if (bytes > this.#credit || this.#files === 0) this.#refill(bytes)
    this.#credit -= bytes
    this.#files--
  }

  #refill(bytes: number): void {
    const free = this.#look(this.#folder)
    const usable = free.bytes - margin
    if (bytes > usable || usable <= 0) throw full(`the disk of ${this.#folder} has ${Math.max(0, usable)} bytes to give, ${bytes} are needed`)
    if (free.allInodes > 0 && free.inodes === 0) throw full(`the disk of ${this.#folder} has no inodes left`)
    // A quarter at a time: other processes write to the same disk.
    this.#credit = Math.max(bytes, Math.min(stride, Math.floor(usable / 4)))
    this.#files = free.allInodes > 0 ? Math.max(1, Math.min(4096, Math.floor(free.inodes / 4))) : 4096
  }
}

export function freeSpace(folder: AbsPath): FreeSpace {
  const stat = statfsSync(folder)
  return { bytes: stat.bavail * stat.bsize, inodes: stat.ffree, allInodes: stat.files }
}

function full(why: string): Fault {
  return new Fault('machine', `The store is out of space: ${why}`, { hint: spaceHint })
}
