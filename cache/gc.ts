import { statSync } from 'node:fs'
import { type ActionKey, digestHash } from '../base/ids.ts'
import type { DatedResult } from './action-cache.ts'
import { touchSlack } from './blob-files.ts'
import { type BlobFile, listBlobs, namesIn } from './blob-list.ts'
import type { ActionResult } from './cache.ts'
import { Budget } from './gc-budget.ts'
import { type Children, Marker, type MarkPorts } from './gc-mark.ts'
import { listRoots, type RootFolder, sweepRoot } from './gc-roots.ts'
import { emptyTrash, type SweepPorts, type Swept, sweepBlobs, sweepSmall, type Used } from './gc-sweep.ts'
import { LeaseReader } from './lease.ts'
import { removeTree } from './remove.ts'
import type { SmallBlob } from './small-blobs.ts'
import { raiseGeneration } from './stamp.ts'
import type { Store } from './store.ts'

export interface GcOptions {
  /** Bytes that blobs and written-out trees may take together; the results used longest ago go first. What is pinned or in use stays anyway. */
  readonly maxSize?: number
  /** Results that weren't stored or asked for within so many milliseconds go. */
  readonly maxAge?: number
  readonly signal?: AbortSignal
}

export interface GcReport {
  readonly freed: { readonly blobs: number; readonly bytes: number; readonly results: number; readonly roots: number; readonly temporaries: number }
  readonly kept: { readonly blobs: number; readonly bytes: number; readonly results: number; readonly roots: number }
}

/** Milliseconds that a written-out tree or step that nobody uses stays, and that a quarantined blob can be looked at. */
const idle = 3 * 24 * 3600 * 1000
/** Milliseconds that the parsed form of a workspace stays without being written anew. */
const parsesIdle = 30 * 24 * 3600 * 1000

/**
 * Frees what nothing reaches: from pins, leases of running builds, and results that are neither too old nor beyond the size, through
 * outputs, manifests and trees. Builds may run meanwhile. One gc at a time; a killed one has cost nothing but what it had freed.
 */
export async function collectGarbage(store: Store, options: GcOptions = {}): Promise<GcReport> {
  const signal = options.signal ?? new AbortController().signal
  await using _ = await store.locks.acquire('gc', signal)
  emptyTrash(store.layout)
  store.small.restore()
  const run = new Run(store, options)
  const temporaries = store.scratch.sweep() + oldQuarantine(store) + oldParses(store) + run.sweepSteps()
  const blobs: BlobFile[] = []
  for await (const blob of listBlobs(store.layout, signal)) blobs.push(blob)
  const small = [...store.small.all()]
  const roots = listRoots(store.layout)
  const evicted = run.choose([...blobs, ...small], roots)
  await Promise.all(evicted.map(({ key }) => store.results.remove(key)))
  const freedRoots = run.sweepRoots(roots)
  const swept = await run.sweep({ blobs, small }, evicted)
  const leftSmall = [...store.small.all()]
  const left = blobs.filter(({ path }) => statSync(path, { throwIfNoEntry: false }) !== undefined)
  return {
    freed: { ...swept, bytes: swept.bytes + total(freedRoots), results: evicted.length, roots: freedRoots.length, temporaries },
    kept: {
      blobs: left.filter(({ executable }) => !executable).length + leftSmall.length,
      bytes: total(left) + total(leftSmall) + total(roots) - total(freedRoots),
      results: run.keptResults,
      roots: roots.length - freedRoots.length,
    },
  }
}

class Run {
  readonly #store: Store
  readonly #options: GcOptions
  readonly #begun: number
  readonly #leases: LeaseReader
  readonly #marker: Marker
  readonly #small: MarkPorts['small']
  readonly #evicted = new Map<ActionKey, ActionResult>()
  readonly #spareRoots = new Set<string>()
  readonly #held = new Set<string>()
  readonly #children = new Map<string, Children>()
  keptResults = 0

  constructor(store: Store, options: GcOptions) {
    this.#store = store
    this.#options = options
    this.#begun = store.clock.now()
    this.#leases = new LeaseReader(store.layout, store.clock)
    const result = (key: ActionKey) => this.#evicted.get(key) ?? store.results.peek(key)
    this.#small = (hash) => store.small.read(hash)
    this.#marker = new Marker({ layout: store.layout, result, small: this.#small, children: this.#children })
  }

  /** Marks what stays, and gives the results that don't. */
  choose(blobs: readonly Used[], roots: readonly RootFolder[]): DatedResult[] {
    this.#refresh()
    for (const pin of this.#store.pins.all()) for (const digest of pin.digests) this.#marker.any(digest)
    const sizes = new Map<string, number>()
    for (const { hash, bytes } of blobs) sizes.set(hash, (sizes.get(hash) ?? 0) + bytes)
    const recent = [...this.#store.results.all()].sort((a, b) => b.at - a.at)
    const budget = new Budget(sizes, this.#options.maxSize ?? Number.POSITIVE_INFINITY)
    budget.take(this.#marker.marked)
    budget.take(new Set(blobs.filter((blob) => this.#young(blob.used)).map(({ hash }) => hash)))
    const evicted = recent.filter((dated) => !this.#keep(dated, budget))
    for (const { key, result } of evicted) this.#evicted.set(key, result)
    this.#chooseRoots(roots, budget)
    return evicted
  }

  /** Roots of evicted trees go first: a tree whose root is there is whole, also for whoever comes in the middle of the sweep. */
  async sweep({ blobs, small }: { readonly blobs: readonly BlobFile[]; readonly small: readonly SmallBlob[] }, evicted: readonly DatedResult[]): Promise<Swept> {
    const tops = new Set(evicted.flatMap(({ key, result }) => [key, ...Object.values(result.outputs).map(({ digest }) => digest)]).map(digestHash))
    const ports: Omit<SweepPorts, 'swept'> = {
      layout: this.#store.layout,
      small: this.#store.small,
      condemned: (blob) => !this.#marker.marked.has(blob.hash) && !this.#young(blob.used),
      refresh: () => this.#refresh(),
    }
    raiseGeneration(this.#store.layout, `gc ${this.#store.clock.now()} ${process.pid}`, 'swept')
    const swept: Swept = { blobs: 0, bytes: 0 }
    for (const top of [true, false]) {
      const part = ({ hash }: Used): boolean => tops.has(hash) === top
      await sweepBlobs(blobs.filter(part), { ...ports, swept }, this.#options.signal)
      await sweepSmall(small.filter(part), { ...ports, swept }, this.#options.signal)
    }
    return swept
  }

  sweepRoots(roots: readonly RootFolder[]): RootFolder[] {
    const condemned = (root: RootFolder) => {
      this.#refresh()
      return !this.#spareRoots.has(root.hash) && !this.#held.has(root.hash) && !this.#young(root.used)
    }
    return roots.filter((root) => condemned(root) && sweepRoot(this.#store.layout, root, condemned))
  }

  /** Nothing is lost with what a step left but time, so all of it goes before a size is missed. */
  sweepSteps(): number {
    this.#refresh()
    return this.#store.steps.sweep((used) => !this.#young(used) && (this.#options.maxSize !== undefined || this.#begun - used > idle))
  }

  #refresh(): void {
    for (const digest of this.#leases.fresh()) {
      this.#held.add(digestHash(digest))
      this.#marker.any(digest)
    }
  }

  /** Used since this gc, or the oldest build that still runs, began. A use may be told up to `touchSlack` late. */
  #young(used: number): boolean {
    return used >= Math.min(this.#begun, this.#leases.oldest - 2 * touchSlack * 1000)
  }

  #keep(dated: DatedResult, budget: Budget): boolean {
    const { key, result, at } = dated
    if (this.#marker.results.has(key)) {
      this.keptResults++
      return true
    }
    if (this.#begun - at > (this.#options.maxAge ?? Number.POSITIVE_INFINITY)) return false
    // Marked apart first, since what doesn't fit must not stay marked.
    const apart = new Marker({ layout: this.#store.layout, result: () => undefined, small: this.#small, children: this.#children })
    apart.result(key, result, { inputs: false })
    if (!budget.fits(apart.marked)) return false
    budget.take(apart.marked)
    for (const hash of apart.marked) this.#marker.marked.add(hash)
    this.keptResults++
    return true
  }

  #chooseRoots(roots: readonly RootFolder[], budget: Budget): void {
    for (const root of [...roots].sort((a, b) => b.used - a.used)) {
      const held = this.#held.has(root.hash) || this.#young(root.used)
      if (!held && (this.#begun - root.used > idle || !budget.fitsBytes(root.bytes))) continue
      budget.takeBytes(root.bytes)
      this.#spareRoots.add(root.hash)
    }
  }
}

function oldQuarantine(store: Store): number {
  const { quarantine } = store.layout
  const old = namesIn(quarantine).filter((name) => store.clock.now() - (statSync(`${quarantine}/${name}`, { throwIfNoEntry: false })?.ctimeMs ?? 0) > idle)
  for (const name of old) removeTree(`${quarantine}/${name}`)
  return old.length
}

/** What recipes came to is written anew when one changes, and by every other nacre under another name. Losing it costs a parse. */
function oldParses(store: Store): number {
  const { parses } = store.layout
  const old = namesIn(parses).filter((name) => store.clock.now() - (statSync(`${parses}/${name}`, { throwIfNoEntry: false })?.mtimeMs ?? 0) > parsesIdle)
  for (const name of old) removeTree(`${parses}/${name}`)
  return old.length
}

function total(list: readonly { readonly bytes: number }[]): number {
  return list.reduce((sum, { bytes }) => sum + bytes, 0)
}
