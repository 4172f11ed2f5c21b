import { mkdirSync, renameSync, statSync, unlinkSync } from 'node:fs'
import { dirname } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { errno } from '../base/result.ts'
import { type BlobFile, namesIn } from './blob-list.ts'
import { trashPath } from './gc-mark.ts'
import { type Layout, parseBlobName } from './layout.ts'
import { removeTree } from './remove.ts'
import type { SmallBlob, SmallBlobs } from './small-blobs.ts'

/** Files between two looks at the leases. */
const batchSize = 256

/** A blob, in a file or in the index. */
export interface Used {
  readonly hash: string
  readonly bytes: number
  readonly used: number
}

export interface SweepPorts {
  readonly layout: Layout
  readonly small: SmallBlobs
  /** What went is added here. */
  readonly swept: Swept
  /** Whether a blob may go as far as is known now. */
  condemned(blob: Used): boolean
  /** Learns what was held since the last time. */
  refresh(): void
}

export interface Swept {
  blobs: number
  bytes: number
}

/**
 * Removes files while builds run. A file first goes to the trash, then the leases are read once more, and only then it is removed or
 * put back: whoever held it before looking for it, and found it, keeps it. Between the two it is missing for a moment, which is a miss.
 */
export async function sweepBlobs(blobs: readonly BlobFile[], ports: SweepPorts, signal?: AbortSignal): Promise<void> {
  mkdirSync(ports.layout.trash, { recursive: true })
  for (let from = 0; from < blobs.length; from += batchSize) {
    await setImmediate()
    signal?.throwIfAborted()
    ports.refresh()
    const gone = blobs.slice(from, from + batchSize).filter((blob) => ports.condemned(fresh(blob)) && move(blob.path, trashPath(ports.layout, blob.path)))
    ports.refresh()
    for (const blob of gone) settle(blob, ports)
  }
}

/** The same for rows of the index: each batch is one transaction, in which nobody can put what is being taken away. */
export async function sweepSmall(blobs: readonly SmallBlob[], ports: SweepPorts, signal?: AbortSignal): Promise<void> {
  for (let from = 0; from < blobs.length; from += batchSize) {
    await setImmediate()
    signal?.throwIfAborted()
    ports.refresh()
    const gone = ports.small.condemn(blobs.slice(from, from + batchSize), (blob) => ports.condemned(blob))
    ports.refresh()
    for (const { bytes } of ports.small.settle(gone, (blob) => ports.condemned(blob))) {
      ports.swept.blobs++
      ports.swept.bytes += bytes
    }
  }
}

/** Puts back the blobs that a gc that was killed left in the trash: this one decides anew. A written-out tree is just made again. */
export function emptyTrash(layout: Layout): void {
  for (const name of namesIn(layout.trash)) {
    const [fan, rest] = [name.slice(0, 2), name.slice(2)]
    if (parseBlobName(fan, rest) === undefined) removeTree(`${layout.trash}/${name}`)
    else move(`${layout.trash}/${name}`, `${layout.cas}/${fan}/${rest}`)
  }
}

function settle(blob: BlobFile, ports: SweepPorts): void {
  const trash = trashPath(ports.layout, blob.path)
  if (!ports.condemned(fresh(blob, trash))) {
    move(trash, blob.path)
    return
  }
  unlinkSync(trash)
  if (!blob.executable) ports.swept.blobs++
  ports.swept.bytes += blob.bytes
}

/** The blob with the time of its last use as it is now: its file may have been used since it was listed. */
function fresh(blob: BlobFile, path: string = blob.path): BlobFile {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat === undefined ? blob : { ...blob, used: stat.atimeMs }
}

function move(from: string, to: string): boolean {
  try {
    renameSync(from, to)
    return true
  } catch (error) {
    if (errno(error) !== 'ENOENT') throw error
    // Either the file is gone, or nobody has made the folder that it goes to.
    mkdirSync(dirname(to), { recursive: true })
    return statSync(from, { throwIfNoEntry: false }) !== undefined && move(from, to)
  }
}
