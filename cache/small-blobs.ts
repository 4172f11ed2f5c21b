import { hash } from 'node:crypto'
import { type Digest, digestHash, digestSize } from '../base/ids.ts'
import type { Clock } from '../base/ports.ts'
import { touchSlack } from './blob-files.ts'
import type { IndexDb, Table } from './index-db.ts'
import { machineFault } from './machine-fault.ts'

/** Bytes up to which content may live in the index: more than one of a B-tree's pages of 4096 holds would take pages of its own. */
export const smallBlob = 2000

/** A row of the table. */
export interface SmallBlob {
  /** sha256 in hex. */
  readonly hash: string
  readonly bytes: number
  /** Milliseconds since the epoch at which it was last put, at least; see `touchSlack`. */
  readonly used: number
}

/** Length of the time, in seconds since the epoch, that comes before the bytes. */
const head = 4

/**
 * Small content of which a build makes a great deal (directories, manifests, logs): rows of the index, by hash, and not files, since
 * making a file costs 30 to 700 microseconds and a row 10. The rows are committed in the order in which they were put, with results that are put
 * after them, so nobody sees a result without its content. Whatever is read is hashed.
 */
export class SmallBlobs {
  readonly #index: IndexDb
  readonly #table: Table<Uint8Array>
  readonly #trash: Table<Uint8Array>
  readonly #clock: Clock
  /** Put, and perhaps not committed yet. */
  readonly #pending = new Map<string, Uint8Array>()
  #failed: { readonly error: unknown } | undefined

  constructor(index: IndexDb, clock: Clock) {
    this.#index = index
    this.#table = index.bytes('blobs')
    this.#trash = index.bytes('trash')
    this.#clock = clock
  }

  /** Whether a store that was never written to is asked: then nothing is made on the disk by asking. */
  get exists(): boolean {
    return this.#index.exists
  }

  /** The bytes, or undefined when they are not here or not what they should be. */
  get(digest: Digest): Uint8Array | undefined {
    if (digestSize(digest) > smallBlob) return undefined
    const row = this.#row(digestHash(digest))
    return row === undefined || row.byteLength - head !== digestSize(digest) ? undefined : contentOf(digestHash(digest), row)
  }

  has(digest: Digest): boolean {
    return this.get(digest) !== undefined
  }

  /** Precondition: at most `smallBlob` bytes, which have this digest. Visible at once to this process, and to others when it is committed. */
  put(digest: Digest, bytes: Uint8Array): void {
    if (this.#failed !== undefined) throw machineFault(this.#failed.error, "write to the store's index")
    const [name, now] = [digestHash(digest), Math.floor(this.#clock.now() / 1000)]
    const before = this.#row(name)
    if (before !== undefined && now - usedOf(before) < touchSlack && contentOf(name, before) !== undefined) return
    const row = Buffer.allocUnsafe(head + bytes.byteLength)
    row.writeUInt32LE(now)
    row.set(bytes, head)
    this.#pending.set(name, row)
    const done = (): void => {
      if (this.#pending.get(name) === row) this.#pending.delete(name)
    }
    this.#table.put(name, row).then(done, (error: unknown) => {
      this.#failed ??= { error }
      done()
    })
  }

  /** All rows, in the order of their hashes. */
  *all(): Iterable<SmallBlob> {
    if (!this.exists) return
    for (const [name, row] of this.#table.entries()) yield { hash: name, bytes: row.byteLength - head, used: usedOf(row) * 1000 }
  }

  /** For whoever marks: also what lies in the trash. */
  read(name: string): Uint8Array | undefined {
    if (!this.exists) return undefined
    const row = this.#row(name) ?? this.#trash.get(name)
    return row === undefined ? undefined : contentOf(name, row)
  }

  /** Hashes whose bytes are others; they are taken out. */
  async takeCorrupt(): Promise<{ readonly name: string; readonly bytes: Uint8Array }[]> {
    const corrupt: { name: string; bytes: Uint8Array }[] = []
    if (this.exists) for (const [name, row] of this.#table.entries()) if (contentOf(name, row) === undefined) corrupt.push({ name, bytes: Uint8Array.from(row.subarray(head)) })
    await Promise.all(corrupt.map(({ name }) => this.#table.remove(name)))
    return corrupt
  }

  /** Moves rows to the trash in one transaction, as far as they are still condemned in it: somebody may have put them meanwhile. Returns those that went. */
  condemn(blobs: readonly SmallBlob[], condemned: (blob: SmallBlob) => boolean): SmallBlob[] {
    return this.#index.transaction(() =>
      blobs.filter((blob) => {
        const row = this.#table.get(blob.hash)
        if (row === undefined || !condemned({ ...blob, used: usedOf(row) * 1000 })) return false
        this.#trash.remember(blob.hash, row)
        void this.#table.remove(blob.hash)
        return true
      }),
    )
  }

  /** Ends what `condemn` began: removes, or puts back what is held after all. Returns those that went for good. */
  settle(blobs: readonly SmallBlob[], condemned: (blob: SmallBlob) => boolean): SmallBlob[] {
    return this.#index.transaction(() =>
      blobs.filter((blob) => {
        const row = this.#trash.get(blob.hash)
        void this.#trash.remove(blob.hash)
        if (condemned(blob)) return true
        if (row !== undefined && this.#table.get(blob.hash) === undefined) this.#table.remember(blob.hash, row)
        return false
      }),
    )
  }

  /** Puts back what a collection that was killed left in the trash. */
  restore(): void {
    if (!this.exists) return
    const names = [...this.#trash.entries()].map(([name, row]) => ({ hash: name, bytes: row.byteLength - head, used: usedOf(row) * 1000 }))
    if (names.length > 0) this.settle(names, () => false)
  }

  #row(name: string): Uint8Array | undefined {
    const pending = this.#pending.get(name)
    if (pending !== undefined) return pending
    const row = this.#table.get(name)
    if (row !== undefined) return row
    // Another process may have committed it since this tick began.
    this.#table.refresh()
    return this.#table.get(name)
  }
}

function usedOf(row: Uint8Array): number {
  return row.byteLength < head ? 0 : new DataView(row.buffer, row.byteOffset).getUint32(0, true)
}

function contentOf(name: string, row: Uint8Array): Uint8Array | undefined {
  const bytes = row.subarray(head)
  return hash('sha256', bytes, 'hex') === name ? bytes : undefined
}
