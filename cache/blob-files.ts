import { closeSync, copyFileSync, constants, fchmodSync, futimesSync, mkdirSync, openSync, renameSync, statSync, unlinkSync, utimesSync, writeFileSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { type AbsPath, type Digest, digestHash, digestSize } from '../base/ids.ts'
import type { Clock } from '../base/ports.ts'
import { errno } from '../base/result.ts'
import type { CleanMark } from './clean-mark.ts'
import { hashFileSync } from './file-hash.ts'
import { blobMode, blobMtime, blobPath, executableMode, type Layout } from './layout.ts'
import type { Lease } from './lease.ts'
import type { Scratch } from './scratch.ts'
import { raiseGeneration } from './stamp.ts'

/** Seconds during which a blob counts as just used, so that using it again costs no system call. Gc knows of this slack. */
export const touchSlack = 60

export interface BlobFilesPorts {
  readonly clock: Clock
  readonly mark: CleanMark
  readonly scratch: Scratch
  readonly lease: Lease
}

/** The files behind the CAS: which of them may be believed, and how one becomes visible. All calls are synchronous. */
export class BlobFiles {
  readonly layout: Layout
  readonly #ports: BlobFilesPorts

  constructor(layout: Layout, ports: BlobFilesPorts) {
    this.layout = layout
    this.#ports = ports
  }

  /** One stat for an untouched file. A file that may have changed is hashed, and quarantined when it did. */
  whole(digest: Digest, executable = false): boolean {
    return this.#check(digest, executable) !== undefined
  }

  /** Before the first write of a session. */
  begin(): void {
    this.#ports.lease.begin()
    this.#ports.mark.begin()
  }

  /** Like `whole`, and marks the blob as used now, so that gc spares it. */
  use(digest: Digest, executable = false): boolean {
    this.begin()
    const used = this.#check(digest, executable)
    if (used === undefined) return false
    const now = this.#ports.clock.now() / 1000
    if (now - used < touchSlack) return true
    try {
      utimesSync(blobPath(this.layout, digest, executable), now, blobMtime)
      return true
    } catch (error) {
      // Gc took it between the two calls.
      if (errno(error) === 'ENOENT') return false
      throw error
    }
  }

  /** Makes bytes visible that are known to have this digest. */
  write(digest: Digest, bytes: Uint8Array): void {
    const temporary = this.#ports.scratch.path()
    const file = openSync(temporary, 'wx', blobMode)
    try {
      writeAll(file, bytes)
      this.seal(file, blobMode)
    } catch (error) {
      discard(temporary)
      throw error
    } finally {
      closeSync(file)
    }
    this.publish(temporary, digest)
  }

  /** Gives an open file the mode and times that stored files have. */
  seal(file: number, mode: number): void {
    fchmodSync(file, mode)
    futimesSync(file, this.#ports.clock.now() / 1000, blobMtime)
  }

  /** Renames a sealed file into place. What is there already has the same bytes, so it doesn't matter who comes last. */
  publish(temporary: AbsPath, digest: Digest, executable = false): void {
    const path = blobPath(this.layout, digest, executable)
    this.#ports.mark.begin()
    try {
      renameSync(temporary, path)
    } catch (error) {
      if (errno(error) !== 'ENOENT') throw error
      mkdirSync(dirname(path), { recursive: true })
      renameSync(temporary, path)
    }
  }

  /** Makes the variant that can be executed. False when the plain one isn't here. */
  addExecutable(digest: Digest): boolean {
    const temporary = this.#ports.scratch.path()
    try {
      copyFileSync(blobPath(this.layout, digest), temporary, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL)
      const file = openSync(temporary, 'r')
      try {
        this.seal(file, executableMode)
      } finally {
        closeSync(file)
      }
      this.publish(temporary, digest, true)
      return true
    } catch (error) {
      discard(temporary)
      if (errno(error) === 'ENOENT') return false
      throw error
    }
  }

  /** Takes a file whose bytes are wrong out of the store and keeps it for inspection. */
  quarantine(digest: Digest, executable = false): void {
    this.quarantineFile(blobPath(this.layout, digest, executable), `${digestHash(digest)}${executable ? '.x' : ''}`)
  }

  quarantineFile(path: AbsPath, name: string): void {
    mkdirSync(this.layout.quarantine, { recursive: true })
    raiseGeneration(this.layout, `quarantine ${this.#ports.clock.now()} ${process.pid} ${name}`, 'broken')
    try {
      renameSync(path, `${this.layout.quarantine}/${name}.${Math.floor(this.#ports.clock.now()).toString(36)}`)
    } catch (error) {
      if (errno(error) !== 'ENOENT') throw error
    }
  }

  /** Keeps bytes that are not what their name promises, for inspection. */
  quarantineBytes(bytes: Uint8Array, name: string): void {
    const temporary = this.#ports.scratch.path()
    writeFileSync(temporary, bytes)
    this.quarantineFile(temporary, name)
  }

  /** Time of last use in seconds, or undefined when the blob is not here. */
  #check(digest: Digest, executable: boolean): number | undefined {
    const path = blobPath(this.layout, digest, executable)
    const stat = statSync(path, { throwIfNoEntry: false })
    if (stat === undefined) return undefined
    const untouched = stat.mtimeMs === blobMtime * 1000 && stat.size === digestSize(digest)
    if (untouched && !this.#ports.mark.doubts(stat.ctimeMs)) return stat.atimeMs / 1000
    return this.#recheck(digest, executable)
  }

  #recheck(digest: Digest, executable: boolean): number | undefined {
    const path = blobPath(this.layout, digest, executable)
    try {
      if (hashFileSync(path) !== digest) {
        // A hash with another size in the digest names nothing; the file itself may well be whole.
        if (digestHash(hashFileSync(path)) !== digestHash(digest)) this.quarantine(digest, executable)
        return undefined
      }
      const now = this.#ports.clock.now() / 1000
      utimesSync(path, now, blobMtime)
      return now
    } catch (error) {
      if (errno(error) === 'ENOENT') return undefined
      throw error
    }
  }
}

export function writeAll(file: number, bytes: Uint8Array): void {
  let at = 0
  while (at < bytes.byteLength) at += writeSync(file, bytes, at)
}

export function discard(path: string): void {
  try {
    unlinkSync(path)
  } catch (error) {
    if (errno(error) !== 'ENOENT') throw error
  }
}
