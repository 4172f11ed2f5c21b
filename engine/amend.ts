import type { AddedLeaf, Amendment } from './amendment.ts'
import type { Cone, Delta } from './delta.ts'
import type { Touched } from './known-leaves.ts'
import type { TableLeaf } from './leaf-table.ts'
import { type Leaf, leafName, leafRoles } from './leaves.ts'
import { isYoung } from './receipt.ts'
import type { BuildReport } from './report.ts'
import { rowOf, type SnapshotRow } from './snapshot.ts'

export interface DeltaBuild {
  readonly delta: Delta
  readonly cone: Extract<Cone, { kind: 'cone' }>
  /** Leaves that were found to be other before the build, and those that were only touched. */
  readonly changed: readonly number[]
  readonly touched: readonly Touched[]
  /** A build that is done. Its leaves hold what it read and what was put into the workspace. */
  readonly report: BuildReport
  readonly stamp: string
}

/**
 * Whether the build saw the workspace as it was when the cone was found: nothing that it read changed meanwhile. If not, it can't be told which
 * nodes saw what, and the last build's receipt stays as it is: what differs from it is found again. Ask before outputs are put back.
 */
export function foreseen({ delta: { known }, changed, report }: Omit<DeltaBuild, 'stamp'>): boolean {
  const others = new Set(changed)
  const seen = new Set<number>()
  for (const leaf of report.leaves.leaves()) {
    const found = known.find(leafName(leaf))
    if (found === undefined) return false
    seen.add(found)
    if (leaf.hash !== known.at(found).hash && !others.has(found)) return false
  }
  // An input that changed, and that nobody read again after all, is still to be looked at.
  return changed.every((leaf) => seen.has(leaf) || known.at(leaf).roles === leafRoles.output)
}

/** What a build of a cone made of the last one. Precondition: it is done, and went as foreseen. Undefined for what this build alone can't tell. */
export function amend(build: DeltaBuild): Amendment | undefined {
  const { delta, cone, report, stamp } = build
  const leaves = new Leaves(build)
  for (const leaf of report.leaves.leaves()) if (!leaves.take(leaf)) return undefined
  const rows = new Map(delta.amendment?.rows())
  let ms = delta.amendment?.ms ?? 0
  const outputs = new Set(delta.amendment?.outputs)
  for (const [id, node] of cone.nodes) {
    const row = rowOf(report, id)
    const before = delta.row(node)
    if (row === undefined || before === undefined) return undefined
    if (sameRow(row, before)) continue
    rows.set(node, row)
    ms += row.ms - before.ms
    for (const { digest } of Object.values(row.outputs)) outputs.add(digest)
  }
  return { receipt: delta.known.receipt.head.id, stamp, ms, rows: () => rows, outputs: [...outputs], ...leaves.result() }
}

/** Leaves of an amendment: those of the one before, and on top what this build read and wrote. */
class Leaves {
  readonly #build: DeltaBuild
  readonly #leaves: Map<number, TableLeaf>
  readonly #added: AddedLeaf[]
  readonly #dropped: Set<number>
  readonly #gone = new Set<number>()

  constructor(build: DeltaBuild) {
    const { delta, cone, touched } = build
    this.#build = build
    this.#leaves = new Map(delta.amendment?.leaves)
    this.#added = [...delta.known.added]
    this.#dropped = new Set(delta.amendment?.dropped)
    for (const { leaf, now } of touched) this.#set(leaf, now)
    // Until they are seen again: an output that is no longer made is nobody's any more.
    const { owners } = delta.graph
    const nodes = new Set(cone.nodes.values())
    for (let leaf = 0; leaf < owners.length; leaf++) if (nodes.has(owners[leaf] ?? -1) && delta.known.at(leaf).roles === leafRoles.output) this.#gone.add(leaf)
    this.#added.forEach(({ owner }, i) => owner !== undefined && nodes.has(owner) && this.#gone.add(owners.length + i))
  }

  /** False for what this build alone can't tell. */
  take(leaf: Leaf): boolean {
    const { delta, report, cone } = this.#build
    const { known } = delta
    const owner = report.leaves.ownerOf(leaf.path)
    const found = known.find(leafName(leaf))
    const young = isYoung(leaf.stat, report.leaves.since)
    if (found === undefined) {
      const node = owner === undefined ? undefined : cone.nodes.get(owner)
      if (node === undefined) return false
      this.#added.push({ leaf: { ...leaf, young, roles: leafRoles.output }, readers: [], owner: node })
      return true
    }
    const before = known.at(found)
    this.#gone.delete(found)
    this.#set(found, { ...leaf, young, roles: before.roles | (owner === undefined ? 0 : leafRoles.output) })
    return true
  }

  result(): Pick<Amendment, 'leaves' | 'added' | 'dropped'> {
    const { count } = this.#build.delta.known.receipt.table
    for (const leaf of this.#gone) if (leaf < count) this.#dropped.add(leaf)
    for (const leaf of this.#dropped) this.#leaves.delete(leaf)
    return { leaves: this.#leaves, added: this.#added.filter((_, i) => !this.#gone.has(count + i)), dropped: [...this.#dropped] }
  }

  #set(number: number, now: TableLeaf): void {
    const at = number - this.#build.delta.known.receipt.table.count
    const added = this.#added[at]
    if (added === undefined) this.#leaves.set(number, now)
    else this.#added[at] = { ...added, leaf: now }
  }
}

function sameRow(a: SnapshotRow, b: SnapshotRow): boolean {
  return a.key === b.key && JSON.stringify(a.outputs) === JSON.stringify(b.outputs)
}
