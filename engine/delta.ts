// The second of the three ways to decide what to run: from the last build's snapshot and the leaves that changed to just the actions below
// them. It may be opened for one build, or be kept by a resident process, which amends it after each.
import type { NodeId } from '../base/ids.ts'
import type { Action } from './action.ts'
import { listOf } from './adjacency.ts'
import type { Amendment } from './amendment.ts'
import type { Settled } from './given.ts'
import type { KnownLeaves } from './known-leaves.ts'
import { leafRoles, type LeafStat, statLeaf } from './leaves.ts'
import { decodeRow, type SnapshotRow } from './snapshot.ts'
import { nobody, type OpenSnapshotGraph } from './snapshot-graph.ts'

/** What changed leaves lead to. */
export type Cone =
  | {
      readonly kind: 'cone'
      /** Actions whose inputs changed, and everything below them: the graph of the build. */
      readonly actions: readonly Action[]
      /** The numbers of their nodes. */
      readonly nodes: ReadonlyMap<NodeId, number>
      /** Nodes of which only an output in the workspace was altered or lost: they are done, and put back. */
      readonly restored: readonly Action[]
      /** Paths in the workspace of all outputs of the nodes and of what is restored. */
      readonly owned: ReadonlySet<string>
      /** How many nodes `settled` knows. */
      readonly around: number
      /** Of everything that the actions need and that is not among them, and of what is restored: for `BuildOptions.settled`. */
      settled(id: NodeId): Settled | undefined
    }
  /** Only a plan of the whole workspace tells. */
  | { readonly kind: 'whole'; readonly because: string }

export interface DeltaParts {
  readonly known: KnownLeaves
  readonly graph: OpenSnapshotGraph
  /** Bytes of the snapshot's texts, of which the first ones are its id. */
  readonly rows: { read(from: number, length: number): Uint8Array }
  readonly amendment?: Amendment
}

/** The last build of a request as something that the next one can change. */
export class Delta {
  readonly known: KnownLeaves
  readonly graph: OpenSnapshotGraph
  readonly #texts: DeltaParts['rows']
  #amendment: Amendment | undefined
  #rows: ReadonlyMap<number, SnapshotRow>

  private constructor({ known, graph, rows, amendment }: DeltaParts) {
    this.known = known
    this.graph = graph
    this.#texts = rows
    this.#amendment = amendment
    this.#rows = amendment?.rows() ?? new Map()
  }

  /** Undefined when the parts are not of one build: another process has written some of them anew. */
  static open(parts: DeltaParts): Delta | undefined {
    const { id } = parts.known.receipt.head
    const whole = parts.graph.id === id && parts.graph.owners.length === parts.known.receipt.table.count && Buffer.from(parts.rows.read(0, id.length)).toString('latin1') === id
    return whole ? new Delta(parts) : undefined
  }

  get amendment(): Amendment | undefined {
    return this.#amendment
  }

  /** Takes over what a build changed (engine/amend.ts). What was said of the last one still holds. */
  amend(amendment: Amendment): void {
    this.known.amend(amendment)
    this.#amendment = amendment
    this.#rows = amendment.rows()
  }

  /** Precondition: the content of these leaves, by number, is not what it was, and that of all others is. */
  cone(changed: readonly number[]): Cone {
    const first = new Set<number>()
    const restored = new Set<number>()
    for (const leaf of changed) {
      const odd = this.#sort(leaf, first, restored)
      if (odd !== undefined) return { kind: 'whole', because: odd }
    }
    const below = this.#below(first)
    for (const node of below) {
      // Its kind has more to ask than its action says.
      if (this.graph.alone[node] !== 1) return { kind: 'whole', because: 'kind' }
    }
    const settled = new Map<NodeId, SnapshotRow>()
    const actions: Action[] = []
    const nodes = new Map<NodeId, number>()
    for (const node of below) {
      const row = this.row(node)
      if (row === undefined) return { kind: 'whole', because: 'row' }
      actions.push(row.action)
      nodes.set(row.action.id, node)
      for (const need of listOf(this.graph.needs, node)) if (!below.has(need)) this.#settle(need, settled)
    }
    const put = [...restored].filter((node) => !below.has(node)).flatMap((node) => this.#settle(node, settled)?.action ?? [])
    return { kind: 'cone', actions, nodes, restored: put, owned: this.#owned(new Set([...below, ...restored])), around: settled.size, settled: (id) => settled.get(id) }
  }

  /** What is known of a node as of the last build. */
  row(node: number): SnapshotRow | undefined {
    const { rowStarts } = this.graph
    const from = rowStarts[node] ?? 0
    return this.#rows.get(node) ?? decodeRow(this.#texts.read(from, (rowStarts[node + 1] ?? 0) - from))
  }

  /** Nodes of which an input reads the leaf. */
  readersOf(leaf: number): Iterable<number> {
    return this.known.added[leaf - this.known.receipt.table.count]?.readers ?? listOf(this.graph.readers, leaf)
  }

  /** The node of which the leaf is an output in the workspace. */
  ownerOf(leaf: number): number | undefined {
    const added = this.known.added[leaf - this.known.receipt.table.count]
    if (added !== undefined) return added.owner
    const owner = this.graph.owners[leaf] ?? nobody
    return owner === nobody ? undefined : owner
  }

  /** What a changed leaf asks for. Each test: what it is about, the condition, the reason for which the whole is to be planned. */
  #sort(leaf: number, first: Set<number>, restored: Set<number>): string | undefined {
    const { kind, path, roles } = this.known.at(leaf)
    const owner = this.ownerOf(leaf)
    // It stands in the workspace for nobody's input: whatever is there now, the output is put back.
    if (owner !== undefined && roles === leafRoles.output) return void restored.add(owner)
    // A planner read it: what is to be built may be something else.
    if ((roles & leafRoles.plan) !== 0) return `plan: ${path}`
    // Names came or went.
    if (kind === 'listing' || kind === 'absent') return `names: ${path}`
    const now = typeOf(statLeaf('file', path))
    // It went, or is something that can't be an input.
    if (now !== 'file' && now !== 'symlink') return `type: ${path}`
    for (const node of this.readersOf(leaf)) {
      // A link that an input names by itself leads to another leaf now.
      if ((now === 'symlink' || kind === 'symlink') && this.#names(node)) return `link: ${path}`
      first.add(node)
    }
    return undefined
  }

  /** Whether an input of the node is one file, which may be the end of links. */
  #names(node: number): boolean {
    return Object.values(this.row(node)?.action.inputs ?? {}).some(({ kind }) => kind === 'file')
  }

  #below(first: ReadonlySet<number>): Set<number> {
    const nodes = new Set(first)
    for (const node of nodes) for (const user of listOf(this.graph.users, node)) nodes.add(user)
    return nodes
  }

  #owned(nodes: ReadonlySet<number>): Set<string> {
    const { owners } = this.graph
    const { added, receipt } = this.known
    const paths = new Set<string>()
    for (let leaf = 0; leaf < owners.length; leaf++) if (nodes.has(owners[leaf] ?? nobody) && !receipt.table.droppedAt(leaf)) paths.add(receipt.table.pathAt(leaf))
    for (const { leaf, owner } of added) if (owner !== undefined && nodes.has(owner)) paths.add(leaf.path)
    return paths
  }

  #settle(node: number, settled: Map<NodeId, SnapshotRow>): SnapshotRow | undefined {
    const row = this.row(node)
    if (row !== undefined) settled.set(row.action.id, row)
    return row
  }
}

function typeOf({ mode }: LeafStat): 'file' | 'symlink' | 'other' {
  const type = mode & 0o170000n
  return type === 0o100000n ? 'file' : type === 0o120000n ? 'symlink' : 'other'
}
