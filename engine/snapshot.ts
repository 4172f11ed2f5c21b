import type { NodeId } from '../base/ids.ts'
import type { Action } from './action.ts'
import { adjacency, type Adjacency } from './adjacency.ts'
import { inputName } from './inputs.ts'
import { leafName } from './leaves.ts'
import type { TableLeaf } from './leaf-table.ts'
import type { BuildReport } from './report.ts'
import { encodeSnapshotGraph, nobody } from './snapshot-graph.ts'
import type { Done } from './state.ts'

/** A node of a finished build: enough to make it again, or to take it as done. */
export interface SnapshotRow {
  /** With the inputs that it asked for while it ran. */
  readonly action: Action
  readonly key: Done['key']
  readonly outputs: Done['outputs']
  /** Milliseconds that its run took, whenever that was. */
  readonly ms: number
}

export interface SnapshotOrder {
  /** Of the receipt of the same build. */
  readonly id: string
  /** Precondition: everything in it is done. */
  readonly report: BuildReport
  /** The leaves of the receipt, in its order. */
  readonly leaves: readonly TableLeaf[]
  /** Whatever the caller wants to have again, as text. */
  readonly aside: string
  /** Whether whoever knows an action alone can make it again. */
  readonly alone: (action: Action) => boolean
}

/** Bytes of text that are written at a time. */
const stride = 1 << 20

/**
 * A finished build for the next one, in two parts: a text for each node, of which only a few are ever read again, and the graph with who
 * reads which leaf as columns of numbers (snapshot-graph.ts), which are read at once. A million actions never are one string or one buffer.
 */
export class Snapshot {
  readonly #order: SnapshotOrder
  readonly #ids: readonly NodeId[]
  readonly #starts: Float64Array
  #ms = 0

  constructor(order: SnapshotOrder) {
    this.#order = order
    this.#ids = [...order.report.nodes.keys()]
    this.#starts = new Float64Array(this.#ids.length + 1)
  }

  /** First the id, then each node's text. */
  *rows(): Iterable<Uint8Array> {
    let batch: Buffer[] = [Buffer.from(this.#order.id)]
    let at = this.#order.id.length
    let size = at
    for (const [i, id] of this.#ids.entries()) {
      const text = encodeRow(this.#row(id))
      this.#starts[i] = at
      at += text.length
      size += text.length
      batch.push(text)
      if (size < stride) continue
      yield Buffer.concat(batch)
      batch = []
      size = 0
    }
    this.#starts[this.#ids.length] = at
    yield Buffer.concat(batch)
  }

  /** Precondition: all rows were taken. */
  graph(): Uint8Array {
    const { id, report, leaves, alone, aside } = this.#order
    const index = new Map(this.#ids.map((node, i) => [node, i]))
    const needs = adjacency(this.#ids.length, this.#ids.map((node) => report.graph.dependencies(node).flatMap((need) => index.get(need) ?? [])))
    return encodeSnapshotGraph({
      id,
      aside,
      ms: this.#ms,
      rowStarts: this.#starts,
      needs,
      readers: this.#readers(),
      owners: Uint32Array.from(leaves, (leaf) => ownerIn(index, report, leaf.path)),
      alone: Uint8Array.from(this.#ids, (node) => (isAlone(report, node, alone) ? 1 : 0)),
    })
  }

  /** For each leaf the nodes of which an input read it. */
  #readers(): Adjacency {
    const { report, leaves } = this.#order
    const index = new Map(leaves.map((leaf, i) => [leafName(leaf), i]))
    const readers: number[][] = leaves.map(() => [])
    this.#ids.forEach((node, i) => {
      for (const input of Object.values(report.graph.inputs(node))) {
        if (input.kind !== 'files' && input.kind !== 'file') continue
        for (const name of new Set(report.leaves.readBy(inputName(input)))) readers[index.get(name) ?? -1]?.push(i)
      }
    })
    return adjacency(leaves.length, readers)
  }

  #row(id: NodeId): SnapshotRow | undefined {
    const row = rowOf(this.#order.report, id)
    this.#ms += row?.ms ?? 0
    return row
  }
}

/** Undefined for a node that is not done. */
export function rowOf({ graph, nodes }: Pick<BuildReport, 'graph' | 'nodes'>, id: NodeId): SnapshotRow | undefined {
  const action = graph.action(id)
  const state = nodes.get(id)
  if (action === undefined || state?.kind !== 'done') return undefined
  return { action: { ...action, inputs: graph.inputs(id) }, key: state.key, outputs: state.outputs, ms: state.how === 'hit' ? state.saved : state.ms }
}

export function encodeRow(row: SnapshotRow | undefined): Buffer {
  return Buffer.from(JSON.stringify(row ?? null))
}

/** Written by `encodeRow` and nobody else. */
export function decodeRow(bytes: Uint8Array): SnapshotRow | undefined {
  const row: SnapshotRow | null = JSON.parse(Buffer.from(bytes).toString())
  return row ?? undefined
}

function ownerIn(index: ReadonlyMap<NodeId, number>, { leaves }: BuildReport, path: string): number {
  const owner = leaves.ownerOf(path)
  return owner === undefined ? nobody : (index.get(owner) ?? nobody)
}

function isAlone({ graph }: BuildReport, id: NodeId, alone: SnapshotOrder['alone']): boolean {
  const action = graph.action(id)
  return action !== undefined && alone(action)
}
