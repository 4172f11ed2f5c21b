// What one build needs of the world. The cache floor and the composition root supply these; tests supply small ones in memory.
import type { AbsPath, ActionKey, Digest, NodeId } from '../base/ids.ts'
import type { Clock, Random } from '../base/ports.ts'
import type { ActionCache, ActionResult, Cas, Output } from '../cache/cache.ts'
import type { ActionKind } from './action.ts'

export interface BuildPorts {
  readonly cas: Cas
  readonly results: ActionCache
  /** Every registered kind, by name. */
  readonly kinds: ReadonlyMap<string, ActionKind>
  readonly files: StatMemo
  readonly history: History
  readonly durations: Durations
  readonly locks: Locks
  /** Makes an empty folder on the store's file system; the name is for people who look at what was kept. */
  readonly temp: (name: string) => Scratch
  readonly clock: Clock
  readonly random: Random
  /** Results that others made. Left out when there is no remote. */
  readonly remote?: ResultSource
}

/** Digest of a regular file's bytes, remembered by its stat. Rejects with the system's error when the file can't be read. */
export interface StatMemo {
  digest(path: AbsPath): Promise<Digest>
}

/** What a node was the last time it came out well: for explaining, never for deciding. */
export interface HistoryEntry {
  readonly key: ActionKey
  readonly outputs: Readonly<Record<string, Output>>
  /** The key before the last one: what `nacre why` compares with after the build. */
  readonly before?: ActionKey
}

export interface History {
  get(id: NodeId): HistoryEntry | undefined
  put(id: NodeId, entry: HistoryEntry): void
}

/** Past durations in milliseconds, by a name that is stable between builds. */
export interface Durations {
  get(name: string): number | undefined
  /** Takes in one more run: what `get` gives follows, and forgives a busy machine. */
  put(name: string, ms: number): void
}

/** So that equal work in everything that shares the store is done once. Law: a holder that dies lets go. Work that is done twice all the same must come to no harm. Rejects when the signal aborts. */
export interface Locks {
  acquire(name: string, signal: AbortSignal): Promise<AsyncDisposable>
}

/** An empty folder of its own; disposing removes it unless `keep` was called. */
export interface Scratch extends AsyncDisposable {
  readonly path: AbsPath
  keep(): void
}

/** A remote seen from the engine. Law: trouble is a miss; a result that is found has its blobs in the local store already. */
export interface ResultSource {
  find(key: ActionKey, signal: AbortSignal): Promise<ActionResult | undefined>
  offer(key: ActionKey, result: ActionResult): Promise<void>
}
