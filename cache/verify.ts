import { statSync, utimesSync } from 'node:fs'
import { type ActionKey, type AbsPath, absPath, digestHash } from '../base/ids.ts'
import { errno } from '../base/result.ts'
import { listBlobs, namesIn } from './blob-list.ts'
import type { ActionResult } from './cache.ts'
import { hashFile } from './file-hash.ts'
import { HashOnlyCas } from './hash-only-cas.ts'
import { blobMtime } from './layout.ts'
import { MissingBlob } from './missing-blob.ts'
import { removeTree } from './remove.ts'
import type { Store } from './store.ts'
import { captureTree } from './tree-capture.ts'
import { treeBlobs } from './tree-walk.ts'

/** The steps of a verification, in their order. */
export const verifySteps = ['blobs', 'results', 'roots'] as const
export type VerifyStep = (typeof verifySteps)[number]

export interface VerifyOptions {
  /** Called when a step begins. */
  readonly step?: (name: VerifyStep) => void
  readonly signal?: AbortSignal
}

export interface VerifyReport {
  readonly blobs: number
  readonly bytes: number
  /** Hashes whose bytes were others; the files are in quarantine now. */
  readonly corrupt: readonly string[]
  readonly results: number
  /** Keys of results that named content that isn't in the store; they are misses now. */
  readonly dropped: readonly ActionKey[]
  readonly roots: number
  /** Hashes of written-out trees that had changed; they are written anew when they are needed. */
  readonly removedRoots: readonly string[]
}

/** Hashes everything again and takes out what is wrong. Builds may run meanwhile. */
export async function verifyStore(store: Store, options: VerifyOptions = {}): Promise<VerifyReport> {
  options.step?.('blobs')
  const blobs = await verifyBlobs(store, options.signal)
  options.step?.('results')
  const results = await verifyResults(store, options.signal)
  options.step?.('roots')
  const roots = await verifyRoots(store, options.signal)
  return { ...blobs, ...results, ...roots }
}

async function verifyBlobs(store: Store, signal: AbortSignal | undefined): Promise<Pick<VerifyReport, 'blobs' | 'bytes' | 'corrupt'>> {
  const corrupt = new Set<string>()
  let [blobs, bytes] = [0, 0]
  for await (const blob of listBlobs(store.layout, signal)) {
    signal?.throwIfAborted()
    const digest = await unlessGone(() => hashFile(blob.path))
    if (digest === undefined) continue
    blobs++
    bytes += blob.bytes
    if (digestHash(digest) !== blob.hash) {
      corrupt.add(blob.hash)
      store.files.quarantineFile(blob.path, blob.executable ? `${blob.hash}.x` : blob.hash)
    } else {
      // Believed from now on without another look; the time of last use stays what it was.
      await unlessGone(async () => utimesSync(blob.path, blob.used / 1000, blobMtime))
    }
  }
  for (const { name, bytes: wrong } of await store.small.takeCorrupt()) {
    corrupt.add(name)
    store.files.quarantineBytes(wrong, name)
    blobs++
  }
  for (const small of store.small.all()) {
    blobs++
    bytes += small.bytes
  }
  return { blobs, bytes, corrupt: [...corrupt].sort() }
}

async function verifyResults(store: Store, signal: AbortSignal | undefined): Promise<Pick<VerifyReport, 'results' | 'dropped'>> {
  const dropped: ActionKey[] = []
  let results = 0
  for (const { key, result } of [...store.results.all()]) {
    signal?.throwIfAborted()
    results++
    if (await isWhole(store, result)) continue
    await store.results.remove(key)
    dropped.push(key)
  }
  return { results, dropped }
}

async function isWhole(store: Store, result: ActionResult): Promise<boolean> {
  if (result.log !== undefined && !store.cas.has(result.log)) return false
  for (const output of Object.values(result.outputs)) {
    if (!store.cas.has(output.digest)) return false
    if (output.kind === 'blob') continue
    try {
      if (store.cas.missing(await treeBlobs(store.cas, output.digest)).length > 0) return false
    } catch (error) {
      if (error instanceof MissingBlob) return false
      throw error
    }
  }
  return true
}

async function verifyRoots(store: Store, signal: AbortSignal | undefined): Promise<Pick<VerifyReport, 'roots' | 'removedRoots'>> {
  const removedRoots: string[] = []
  const hashes = namesIn(store.layout.roots)
  for (const hash of hashes) {
    signal?.throwIfAborted()
    const path = absPath(`${store.layout.roots}/${hash}`)
    if (await isIntact(absPath(`${path}/tree`), hash)) continue
    removeTree(path)
    removedRoots.push(hash)
  }
  return { roots: hashes.length, removedRoots }
}

async function isIntact(folder: AbsPath, hash: string): Promise<boolean> {
  if (statSync(folder, { throwIfNoEntry: false }) === undefined) return false
  const captured = await captureTree(new HashOnlyCas(), folder)
  return captured.kind === 'captured' && digestHash(captured.digest) === hash
}

/** What a running gc takes away meanwhile is nothing to complain about. */
async function unlessGone<T>(act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act()
  } catch (error) {
    if (errno(error) === 'ENOENT') return undefined
    throw error
  }
}
