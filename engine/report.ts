import type { Diagnostic } from '../base/diagnostic.ts'
import type { NodeId } from '../base/ids.ts'
import type { Output } from '../cache/cache.ts'
import type { BuildEvent } from './events.ts'
import type { Given, Settled } from './given.ts'
import type { ActionGraph } from './graph.ts'
import type { LeafRecorder } from './leaves.ts'
import type { LoadLimit } from './scheduler.ts'
import type { Counts, Done, NodeState, States } from './state.ts'
import { summaryOf } from './summary.ts'
import type { Teller } from './teller.ts'

export interface BuildOptions {
  /** Ends the build: running actions get it, nothing new starts. */
  readonly signal?: AbortSignal
  /** Processors; 1 when left out. */
  readonly jobs?: number
  /** Bytes that running actions may claim together; no limit when left out. */
  readonly memory?: number
  /** Nothing starts beside what runs while the machine's load is above this. */
  readonly load?: LoadLimit
  /** Actions on the network at once; 8 when left out. */
  readonly network?: number
  /** Goes on with whatever doesn't need what failed. Otherwise nothing new starts after a failure, and what runs comes to its end. */
  readonly keepGoing?: boolean
  /** Runs the wanted nodes although their results are known. */
  readonly force?: boolean
  /**
   * Nodes of which the caller knows what they come to. They count as hits, and neither they nor what they need has to be in the graph. When
   * content of one turns out to be lost, nothing more starts and the report names it as `unsettled`: then build again with the whole graph.
   */
  settled?(id: NodeId): Settled | undefined
  /** Of the order among equals; a random one is drawn when left out. */
  readonly seed?: number
  /** Takes what the build reads of the workspace, for its receipt. */
  readonly leaves?: LeafRecorder
  onEvent?(event: BuildEvent): void
}

export interface BuildReport {
  /** `refused`: the request can't be built, and nothing ran. `stopped`: the signal came. */
  readonly outcome: 'done' | 'failed' | 'stopped' | 'refused'
  /** Of a refused build. Those of nodes that failed are in their states. */
  readonly diagnostics: readonly Diagnostic[]
  readonly nodes: ReadonlyMap<NodeId, NodeState>
  /** Of the wanted nodes that are done. */
  readonly outputs: ReadonlyMap<NodeId, Readonly<Record<string, Output>>>
  readonly counts: Counts
  /** Milliseconds. */
  readonly ms: number
  /** Milliseconds that hits saved. */
  readonly saved: number
  readonly seed: number
  /** Everything that was planned, with what it grew by. */
  readonly graph: ActionGraph
  readonly leaves: LeafRecorder
  /** Nodes that were given as settled and of which content is lost; the build stopped for it. */
  readonly unsettled: readonly NodeId[]
}

/** Of a build's parts, those that tell how it went. */
interface Parts {
  readonly plan: ActionGraph
  readonly states: States
  readonly teller: Teller
  readonly leaves: LeafRecorder
  readonly seed: number
  readonly given: Given
}

/** The request can't be built. */
export function refusal(parts: Parts, diagnostics: readonly Diagnostic[]): BuildReport {
  parts.teller.tell({ kind: 'refused', diagnostics })
  return { ...summed(parts, []), outcome: 'refused', diagnostics }
}

/** Everything has come to its end. */
export function finalReport(parts: Parts, wants: readonly NodeId[]): BuildReport {
  const report = summed(parts, wants)
  const { counts } = report
  parts.teller.tell({ kind: 'summary', ...summaryOf(report) })
  const done = report.outputs.size === wants.length
  return { ...report, outcome: counts.failed > 0 ? 'failed' : done ? 'done' : 'stopped', diagnostics: [] }
}

function summed({ plan, states, teller, leaves, seed, given }: Parts, wants: readonly NodeId[]): Omit<BuildReport, 'outcome' | 'diagnostics'> {
  const nodes = new Map(states.all())
  const outputs = new Map<NodeId, Done['outputs']>()
  for (const id of wants) {
    const done = states.done(id)
    if (done !== undefined) outputs.set(id, done.outputs)
  }
  let saved = 0
  for (const state of nodes.values()) saved += state.kind === 'done' ? state.saved : 0
  return { nodes, outputs, counts: states.counts, ms: teller.elapsed(), saved, seed, graph: plan, leaves, unsettled: given.lost }
}
