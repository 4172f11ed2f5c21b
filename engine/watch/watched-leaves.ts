import { lstatSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Amendment } from '../amendment.ts'
import type { KnownLeaves, Verdict } from '../known-leaves.ts'
import { suspects } from '../leaf-scan.ts'
import type { TableLeaf } from '../leaf-table.ts'
import { type LeafKind, sameStat, statLeaf } from '../leaves.ts'
import type { FolderWatch, Told } from './folder-watch.ts'

/**
 * The leaves of a receipt, with the set of those that may have changed. A look costs what changed and not what exists; leaves that can't be
 * surely watched are looked at each time.
 */
export class WatchedLeaves {
  readonly known: KnownLeaves
  readonly #folders: FolderWatch | undefined
  readonly #threads: number
  /** Of each folder with leaves, whether it is surely watched. */
  #covered = new Map<string, boolean>()
  #unsure = new Set<number>()
  #suspects = new Set<number>()

  /** `folders`: undefined on a machine where nothing can be watched; then every look is at everything. */
  constructor(known: KnownLeaves, options: { readonly folders: FolderWatch | undefined; readonly threads: number }) {
    this.known = known
    this.#folders = options.folders
    this.#threads = options.threads
    if (this.#folders !== undefined) this.#coverAll()
  }

  /** Folders with leaves in them, and leaves that are looked at each time. */
  get size(): { readonly leaves: number; readonly folders: number; readonly unsure: number } {
    return { leaves: this.#count, folders: this.#covered.size, unsure: this.#folders === undefined ? this.#count : this.#unsure.size }
  }

  /** Whether a watch told of anything that the next look must look at. */
  get suspicious(): boolean {
    return this.#suspects.size > 0
  }

  /** Whoever drains the watch on the folders tells everybody who relies on it. */
  tell(told: Told): void {
    if (told.kind === 'overflow') return this.#coverAll()
    for (const path of told.paths) this.#suspect(path)
    for (const folder of told.listings) this.#suspect(`${folder}/`)
    if (told.lost.size > 0) this.#coverAgain(told.lost)
  }

  /** Takes over what another build amended: `take` does so. What it says otherwise than before is looked at. */
  amend({ leaves }: Pick<Amendment, 'leaves'>, take: () => void): void {
    const others = [...leaves].filter(([leaf, now]) => !sameLeaf(this.known.at(leaf), now)).map(([leaf]) => leaf)
    take()
    for (let leaf = this.known.receipt.table.count; leaf < this.#count; leaf++) others.push(leaf)
    // Numbers of added leaves may mean others by now.
    for (const set of [this.#suspects, this.#unsure]) for (const leaf of set) if (leaf >= this.known.receipt.table.count) set.delete(leaf)
    for (const leaf of others) if (!this.#isDropped(leaf)) this.#cover(leaf)
  }

  /** `since`: milliseconds since the epoch, before the call. Precondition: what was drained was told. */
  look(since: number): Verdict {
    if (this.#folders === undefined) return this.known.look(since, this.#threads)
    for (const leaf of this.#suspects) if (!this.#isDropped(leaf)) this.#judge(leaf)
    const verdict = this.known.lookAt([...new Set([...this.#suspects, ...this.#unsure])].filter((leaf) => !this.#isDropped(leaf) && this.#mayBeOther(leaf)), since)
    this.#suspects = new Set(verdict.changed)
    return verdict
  }

  get #count(): number {
    return this.known.receipt.table.count + this.known.added.length
  }

  #suspect(name: string): void {
    const leaf = this.known.find(name)
    if (leaf !== undefined) this.#suspects.add(leaf)
  }

  /** The order counts: first the watch, then the look, and nothing that changes in between is missed. */
  #coverAll(): void {
    const { table } = this.known.receipt
    this.#covered = new Map()
    this.#unsure = new Set()
    for (let leaf = 0; leaf < this.#count; leaf++) if (!this.#isDropped(leaf)) this.#judge(leaf)
    this.#suspects = new Set(suspects(table, this.#threads))
    for (let leaf = table.count; leaf < this.#count; leaf++) this.#suspects.add(leaf)
  }

  #coverAgain(lost: ReadonlySet<string>): void {
    for (const folder of lost) this.#covered.delete(folder)
    for (let leaf = 0; leaf < this.#count; leaf++) if (!this.#isDropped(leaf) && lost.has(this.#folderOf(leaf))) this.#cover(leaf)
  }

  #cover(leaf: number): void {
    this.#judge(leaf)
    this.#suspects.add(leaf)
  }

  /** A file that has other names can be written through one of them, in a folder that nobody watches. */
  #judge(leaf: number): void {
    const folder = this.#folderOf(leaf)
    const known = this.#covered.get(folder)
    const sure = known ?? this.#folders?.cover(folder) ?? false
    if (known === undefined) this.#covered.set(folder, sure)
    if (sure && (this.#kindOf(leaf) !== 'file' || !hasOtherNames(this.#pathOf(leaf)))) this.#unsure.delete(leaf)
    else this.#unsure.add(leaf)
  }

  #mayBeOther(leaf: number): boolean {
    const before = this.known.at(leaf)
    try {
      return before.young || !sameStat(before.stat, statLeaf(before.kind, before.path))
    } catch {
      return true
    }
  }

  #isDropped(leaf: number): boolean {
    const { table } = this.known.receipt
    return leaf < table.count && table.droppedAt(leaf)
  }

  #folderOf(leaf: number): string {
    const path = this.#pathOf(leaf)
    return this.#kindOf(leaf) === 'listing' ? path : dirname(path)
  }

  #pathOf(leaf: number): string {
    const { table } = this.known.receipt
    return leaf < table.count ? table.pathAt(leaf) : this.known.at(leaf).path
  }

  #kindOf(leaf: number): LeafKind {
    const { table } = this.known.receipt
    return leaf < table.count ? table.kindAt(leaf) : this.known.at(leaf).kind
  }
}

function sameLeaf(a: TableLeaf, b: TableLeaf): boolean {
  return a.hash === b.hash && a.kind === b.kind && a.young === b.young && sameStat(a.stat, b.stat)
}

function hasOtherNames(path: string): boolean {
  try {
    return (lstatSync(path, { throwIfNoEntry: false })?.nlink ?? 1) > 1
  } catch {
    return true
  }
}
