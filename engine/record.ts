import { type ActionKey, type Digest, digestHash, type NodeId } from '../base/ids.ts'
import type { Output } from '../cache/cache.ts'
import type { Failure, Input } from './action.ts'
import type { BuildEvent } from './events.ts'
import type { Reason } from './explain.ts'
import type { BuildReport } from './report.ts'
import { Rows } from './rows.ts'
import type { How, NodeState } from './state.ts'
import { type Summary, summaryOf } from './summary.ts'

/** What is kept of a build in which something ran: enough to say afterwards what ran, when, where and why. */
export interface BuildRecord {
  /** When it began, in milliseconds since the epoch. */
  readonly at: number
  readonly outcome: BuildReport['outcome']
  readonly summary: Summary
  /** Inputs first. */
  readonly actions: readonly RecordedAction[]
  /** Hits that are not in it: a build of a part did not look at them, or they were too many. */
  readonly omitted: number
}

export interface RecordedAction {
  readonly id: NodeId
  readonly label: string
  readonly kind: string
  readonly how: How | 'failed' | 'skipped'
  readonly inputs: readonly RecordedInput[]
  readonly key?: ActionKey
  /** Of what ran. */
  readonly reason?: Reason
  readonly outputs?: Readonly<Record<string, Output>>
  readonly failure?: Failure
  readonly log?: Digest
  /** Milliseconds since the build began: when it began to wait for a slot, when it had one, when it was over. A hit has only an end. */
  readonly queued?: number
  readonly began?: number
  readonly ended?: number
  /** The row of the timeline that it ran in. */
  readonly row?: number
  /** Milliseconds of its own run, or those that a hit saved. */
  readonly ms: number
}

/** An input and where its content came from: another action, by its place in the record, or something told in words. */
export type RecordedInput = { readonly name: string; readonly action: number } | { readonly name: string; readonly from: string }

/** Actions kept at most. Of more, those that ran are kept first. */
const mostActions = 200_000

interface Moment {
  queued?: number
  began?: number
  ended?: number
  row?: number
}

/** Watches a build, and tells it afterwards. */
export class Recorder {
  readonly #at: number
  readonly #rows = new Rows<NodeId>()
  readonly #moments = new Map<NodeId, Moment>()
  readonly #ran = new Map<NodeId, { readonly key: ActionKey; readonly reason: Reason }>()

  /** `at`: when the build begins, in milliseconds since the epoch. */
  constructor(at: number) {
    this.#at = at
  }

  tell(event: BuildEvent): void {
    switch (event.kind) {
      case 'started':
        this.#moments.set(event.id, { queued: event.queued, began: event.at, row: this.#rows.open(event.id) })
        this.#ran.set(event.id, { key: event.key, reason: event.reason })
        break
      case 'finished':
      case 'failed':
      case 'restarted':
      case 'rewound':
        this.#rows.close(event.id)
        this.#moments.set(event.id, { ...this.#moments.get(event.id), ended: event.at })
        break
      default:
    }
  }

  /** Undefined when nothing ran, and so nothing is new. */
  record(report: BuildReport): BuildRecord | undefined {
    const { ran, cutOff, failed } = report.counts
    if (ran + cutOff + failed === 0) return undefined
    const order = report.graph.inputsFirst(report.nodes.keys(), (id) => !report.nodes.has(id))
    const kept = mostUseful(order, report)
    const places = new Map(kept.map((id, i) => [id, i]))
    const actions = kept.flatMap((id) => {
      const state = report.nodes.get(id)
      return state === undefined ? [] : [this.#action(id, state, { report, places })]
    })
    const omitted = report.counts.hit - actions.filter(({ how }) => how === 'hit').length
    return { at: this.#at, outcome: report.outcome, summary: summaryOf(report), actions, omitted }
  }

  #action(id: NodeId, state: NodeState, { report, places }: { readonly report: BuildReport; readonly places: ReadonlyMap<NodeId, number> }): RecordedAction {
    const action = report.graph.action(id)
    const inputs = Object.entries(report.graph.inputs(id)).map(([name, input]) => recordedInput(name, input, places))
    const common = { id, label: action?.label ?? id, kind: action?.kind ?? '', inputs, ...this.#moments.get(id), ...this.#ran.get(id) }
    switch (state.kind) {
      case 'done':
        return state.how === 'hit' ? { ...common, how: 'hit', key: state.key, ms: state.saved } : { ...common, how: state.how, key: state.key, reason: state.reason, outputs: state.outputs, ms: state.ms }
      case 'failed':
        return { ...common, how: 'failed', failure: withoutPlaces(state.failure), ms: state.ms, ...(state.log !== undefined && { log: state.log }) }
      default:
        return { ...common, how: 'skipped', ms: 0 }
    }
  }
}

function mostUseful(order: readonly NodeId[], { nodes }: BuildReport): readonly NodeId[] {
  if (order.length <= mostActions) return order
  const isHit = (id: NodeId): boolean => {
    const state = nodes.get(id)
    return state?.kind === 'done' && state.how === 'hit'
  }
  const wanted = new Set([...order.filter((id) => !isHit(id)), ...order.filter(isHit)].slice(0, mostActions))
  return order.filter((id) => wanted.has(id))
}

function recordedInput(name: string, input: Input, places: ReadonlyMap<NodeId, number>): RecordedInput {
  switch (input.kind) {
    case 'output': {
      const place = places.get(input.node)
      return place === undefined ? { name, from: input.node } : { name, action: place }
    }
    case 'files':
      return { name, from: input.globs.join(' ') }
    case 'file':
      return { name, from: input.path }
    case 'content':
      return { name, from: digestHash(input.output.digest) }
  }
}

/** A diagnostic's place carries the whole text of its file. */
function withoutPlaces(failure: Failure): Failure {
  if (failure.kind !== 'refused') return failure
  return { kind: 'refused', diagnostics: failure.diagnostics.map(({ where: _, related: __, ...rest }) => rest) }
}
