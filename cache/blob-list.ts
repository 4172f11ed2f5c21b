import { readdirSync, statSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { type AbsPath, absPath } from '../base/ids.ts'
import { type Layout, parseBlobName } from './layout.ts'

/** One file of the CAS. */
export interface BlobFile {
  readonly path: AbsPath
  /** sha256 in hex, as the name says. */
  readonly hash: string
  readonly executable: boolean
  readonly bytes: number
  /** Milliseconds since the epoch. */
  readonly used: number
}

/** Every file of the CAS, a fan-out folder at a time; gives other work a turn between folders. Files that go meanwhile are left out. */
export async function* listBlobs(layout: Layout, signal?: AbortSignal): AsyncGenerator<BlobFile, void, undefined> {
  for (const fan of namesIn(layout.cas)) {
    await setImmediate()
    signal?.throwIfAborted()
    for (const name of namesIn(`${layout.cas}/${fan}`)) {
      const blob = parseBlobName(fan, name)
      const path = absPath(`${layout.cas}/${fan}/${name}`)
      const stat = blob === undefined ? undefined : statSync(path, { throwIfNoEntry: false })
      if (blob !== undefined && stat?.isFile() === true) yield { ...blob, path, bytes: stat.size, used: stat.atimeMs }
    }
  }
}

/** Names in a folder in byte order of ASCII; none when there is no folder. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort()
  } catch {
    return []
  }
}
