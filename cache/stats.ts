import { listBlobs, namesIn } from './blob-list.ts'
import { listRoots } from './gc-roots.ts'
import type { Store } from './store.ts'

/** What a store holds; sizes in bytes. */
export interface StoreStats {
  readonly blobs: number
  readonly bytes: number
  /** Second copies of blobs that somebody wanted to execute. */
  readonly executables: number
  readonly executableBytes: number
  readonly results: number
  readonly pins: number
  readonly roots: number
  readonly rootBytes: number
  readonly receipts: number
  readonly quarantined: number
}

export async function storeStats(store: Store, signal?: AbortSignal): Promise<StoreStats> {
  const counts = { blobs: 0, bytes: 0, executables: 0, executableBytes: 0 }
  for await (const { executable, bytes } of listBlobs(store.layout, signal)) {
    if (executable) {
      counts.executables++
      counts.executableBytes += bytes
    } else {
      counts.blobs++
      counts.bytes += bytes
    }
  }
  for (const { bytes } of store.small.all()) {
    counts.blobs++
    counts.bytes += bytes
  }
  const roots = listRoots(store.layout)
  return {
    ...counts,
    results: [...store.results.all()].length,
    pins: store.pins.all().length,
    roots: roots.length,
    rootBytes: roots.reduce((sum, { bytes }) => sum + bytes, 0),
    receipts: namesIn(store.layout.receipts).length,
    quarantined: namesIn(store.layout.quarantine).length,
  }
}
