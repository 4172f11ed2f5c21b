// The local store: everything below is files under one folder, shared by any number of processes at once.
import type { AbsPath } from '../base/ids.ts'
import type { Clock, Random } from '../base/ports.ts'
import { LocalActionCache } from './action-cache.ts'
import { BlobFiles } from './blob-files.ts'
import { CleanMark } from './clean-mark.ts'
import { Durations } from './durations.ts'
import { History } from './history.ts'
import { IndexDb } from './index-db.ts'
import { type Layout, layoutOf } from './layout.ts'
import { Lease } from './lease.ts'
import { LocalCas } from './local-cas.ts'
import { Locks } from './lock.ts'
import { ParseMemo } from './parse-memo.ts'
import { Pins } from './pins.ts'
import { Receipts } from './receipts.ts'
import { Roots } from './roots.ts'
import { StepFolders } from './step-folders.ts'
import { Scratch, type TempFolder } from './scratch.ts'
import { currentSession } from './session.ts'
import { SmallBlobs } from './small-blobs.ts'
import { type FreeSpace, Space } from './space.ts'
import { StatMemo } from './stat-memo.ts'
import { WorkLocks } from './work-lock.ts'

export interface StorePorts {
  readonly clock: Clock
  readonly random: Random
  /** Identity of this boot of the machine; the kernel's when left out. */
  readonly boot?: string
  /** What is left on the disk of a folder; asks the file system when left out. */
  readonly freeSpace?: (folder: AbsPath) => FreeSpace
}

export interface Store {
  readonly root: AbsPath
  readonly layout: Layout
  readonly cas: LocalCas
  readonly files: BlobFiles
  readonly small: SmallBlobs
  readonly results: LocalActionCache
  readonly statMemo: StatMemo
  readonly parseMemo: ParseMemo
  readonly durations: Durations
  readonly history: History
  readonly pins: Pins
  readonly roots: Roots
  readonly steps: StepFolders
  readonly receipts: Receipts
  readonly locks: Locks
  /** For work that two processes may do twice, never wrongly. */
  readonly workLocks: WorkLocks
  /** What this process uses. Results that are asked for, trees that are written out and blobs that are put are held by themselves. */
  readonly lease: Lease
  readonly scratch: Scratch
  readonly clock: Clock
  /** Makes the index if there is none, with all that a look at it would make: afterwards, looking writes nothing. */
  settle(): void
  /** An empty folder on the store's file system. */
  temp(name: string): TempFolder
  /** Waits for what was written, lets go of everything. The store can't be used afterwards. */
  close(): Promise<void>
}

/** Cheap: no file is made and no index is loaded before it is needed. */
export function openStore(root: AbsPath, ports: StorePorts): Store {
  const { clock, random } = ports
  const layout = layoutOf(root)
  const session = currentSession()
  const mark = new CleanMark(layout, { clock, boot: ports.boot ?? session.boot })
  const lease = new Lease(layout, { session, clock, random })
  const scratch = new Scratch(layout, { session, clock, random })
  const index = new IndexDb(layout)
  const locks = new Locks(layout)
  const workLocks = new WorkLocks(layout)
  const space = new Space(layout.base, ports.freeSpace)
  const files = new BlobFiles(layout, { clock, mark, scratch, lease })
  const small = new SmallBlobs(index, clock)
  const cas = new LocalCas({ files, scratch, space, small, now: () => clock.now() })
  return {
    root, layout, cas, files, small, locks, workLocks, lease, scratch, clock,
    results: new LocalActionCache(index, { clock, lease }),
    statMemo: new StatMemo(index, clock),
    parseMemo: new ParseMemo(layout, scratch),
    durations: new Durations(index),
    history: new History(index),
    pins: new Pins(index, clock),
    roots: new Roots(layout, { cas, locks, lease, mark, scratch, clock }),
    steps: new StepFolders(layout, { mark, scratch, clock }),
    receipts: new Receipts(layout, { scratch, boot: ports.boot ?? session.boot }),
    settle: () => index.settle(),
    temp: (name) => scratch.temp(name),
    close: async () => {
      await cas.close()
      await index.close()
      workLocks.close()
      lease.end()
      scratch.close()
      mark.advance()
    },
  }
}
