import type { NodeId } from '../base/ids.ts'
import type { ActionGraph } from './graph.ts'
import type { Durations } from './ports.ts'

/** Milliseconds for a node of which nothing is known, nor of its kind. */
const unknown = 1000

/** For each node, the milliseconds from its start to the end of the build along the longest path above it, from past durations. */
export class CriticalPath {
  readonly #graph: ActionGraph
  readonly #durations: Durations
  readonly #lengths = new Map<NodeId, number>()
  readonly #settled = new Set<NodeId>()
  #longest: { readonly id: NodeId; readonly length: number }[] = []

  constructor(graph: ActionGraph, durations: Durations) {
    this.#graph = graph
    this.#durations = durations
  }

  of(id: NodeId): number {
    return this.#lengths.get(id) ?? 0
  }

  estimate(id: NodeId): number {
    return this.#durations.get(id) ?? this.#durations.get(kindName(this.#graph.action(id)?.kind ?? '')) ?? unknown
  }

  learn(id: NodeId, ms: number): void {
    this.#durations.put(id, ms)
    this.#durations.put(kindName(this.#graph.action(id)?.kind ?? ''), ms)
  }

  /** Lengthens the paths of everything that `roots` need, and returns those that got longer. Roots are wants, or nodes that asked for more. */
  spread(roots: readonly NodeId[]): NodeId[] {
    for (const id of roots) if (!this.#lengths.has(id)) this.#lengths.set(id, this.estimate(id))
    const raised: NodeId[] = []
    for (const id of this.#graph.inputsFirst(roots, (id) => this.#settled.has(id)).reverse()) {
      for (const input of this.#graph.dependencies(id)) {
        const length = this.estimate(input) + this.of(id)
        if (length <= (this.#lengths.get(input) ?? -1)) continue
        this.#lengths.set(input, length)
        raised.push(input)
      }
    }
    this.#longest = []
    return raised
  }

  settle(id: NodeId): void {
    this.#settled.add(id)
  }

  /** A rewound node is to do again. */
  reopen(id: NodeId): void {
    this.#settled.delete(id)
    this.#longest = []
  }

  /** Milliseconds along the longest path that is not done. Sorted once for each growth; then each settled node is passed over once. */
  left(): number {
    if (this.#longest.length === 0) this.#longest = this.#ascending()
    for (let top = this.#longest.at(-1); top !== undefined; top = this.#longest.at(-1)) {
      if (!this.#settled.has(top.id)) return top.length
      this.#longest.pop()
    }
    return 0
  }

  #ascending(): { readonly id: NodeId; readonly length: number }[] {
    const open = [...this.#lengths].filter(([id]) => !this.#settled.has(id))
    return open.map(([id, length]) => ({ id, length })).sort((a, b) => a.length - b.length)
  }
}

function kindName(kind: string): string {
  return `kind ${kind}`
}
