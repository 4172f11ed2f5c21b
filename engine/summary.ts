import type { NodeId } from '../base/ids.ts'
import type { ActionGraph } from './graph.ts'
import type { Counts, How, NodeState } from './state.ts'

export interface Summary {
  readonly counts: Counts
  /** Milliseconds. */
  readonly ms: number
  /** Milliseconds of runs that hits spared. */
  readonly saved: number
  readonly seed: number
  /** The longest chain of runs of this build, first run first: no machine would have made it faster than this. At most its first 1,000. */
  readonly criticalPath: readonly Timed[]
  readonly criticalMs: number
  /** The runs that took longest, slowest first. */
  readonly slowest: readonly Timed[]
}

export interface Timed {
  readonly id: NodeId
  readonly label: string
  readonly how: How | 'failed'
  readonly ms: number
}

/** A finished build, as far as its summary needs it. */
export interface Built {
  readonly nodes: ReadonlyMap<NodeId, NodeState>
  readonly graph: ActionGraph
  readonly counts: Counts
  readonly ms: number
  readonly saved: number
  readonly seed: number
}

const slowestTold = 10
const pathTold = 1000

export function summaryOf(built: Built): Summary {
  const { counts, ms, saved, seed } = built
  const runs = [...built.nodes].flatMap(([id, state]) => timed(built, id, state))
  const criticalPath = longestChain(built, new Map(runs.map((run) => [run.id, run])))
  return {
    counts,
    ms,
    saved,
    seed,
    criticalPath: criticalPath.slice(0, pathTold),
    criticalMs: criticalPath.reduce((sum, run) => sum + run.ms, 0),
    slowest: runs.sort((a, b) => b.ms - a.ms).slice(0, slowestTold),
  }
}

function timed({ graph }: Built, id: NodeId, state: NodeState): Timed[] {
  if (state.kind !== 'done' && state.kind !== 'failed') return []
  const how = state.kind === 'done' ? state.how : 'failed'
  return how === 'hit' ? [] : [{ id, label: graph.action(id)?.label ?? id, how, ms: state.ms }]
}

/** Through hits, too: they take no time, but what they need may have run. */
function longestChain(built: Built, runs: ReadonlyMap<NodeId, Timed>): readonly Timed[] {
  const { graph } = built
  const best = new Map<NodeId, { readonly ms: number; readonly from: NodeId | undefined }>()
  const reached = reachedFrom(runs.keys(), built)
  let end: NodeId | undefined
  for (const id of graph.inputsFirst(reached, (id) => !reached.has(id))) {
    let from: NodeId | undefined
    for (const input of graph.dependencies(id)) if ((best.get(input)?.ms ?? -1) > (from === undefined ? -1 : (best.get(from)?.ms ?? -1))) from = input
    const before = from === undefined ? 0 : (best.get(from)?.ms ?? 0)
    best.set(id, { ms: before + (runs.get(id)?.ms ?? 0), from })
    if (end === undefined || (best.get(id)?.ms ?? 0) > (best.get(end)?.ms ?? 0)) end = id
  }
  const chain: Timed[] = []
  for (let id = end; id !== undefined; id = best.get(id)?.from) {
    const run = runs.get(id)
    if (run !== undefined) chain.push(run)
  }
  return chain.reverse()
}

/** The runs and all that depends on them: in a build of 100,000 nodes of which one ran, nothing else is looked at. */
function reachedFrom(runs: Iterable<NodeId>, { graph, nodes }: Built): ReadonlySet<NodeId> {
  const reached = new Set(runs)
  for (const id of reached) for (const dependent of graph.dependents(id)) if (nodes.has(dependent)) reached.add(dependent)
  return reached
}
