import type { ActionKey, Digest, NodeId } from '../base/ids.ts'
import { Fault } from '../base/result.ts'
import type { Output } from '../cache/cache.ts'
import type { Failure } from './action.ts'
import type { Reason } from './explain.ts'
import type { ActionGraph } from './graph.ts'

/** How a node came to its outputs. `cutOff`: it ran and came out as last time, so nothing below it has to run. */
export type How = 'ran' | 'hit' | 'cutOff'

/** Where a node of the plan stands. Each comment is the precondition. */
export type NodeState =
  /** In the plan. */
  | { readonly kind: 'wanted' }
  /** An input is not done. */
  | { readonly kind: 'waiting' }
  /** Every input named so far is done; it is being looked up, or queues for a slot. */
  | { readonly kind: 'ready' }
  /** Ready, not in the store, and holding a slot. */
  | { readonly kind: 'running' }
  /** Its kind asked for more inputs, of which one is not done. */
  | { readonly kind: 'suspended' }
  | Done
  | Failed
  | Skipped

/** Every output is in the store. It leaves this state only when an output is lost. */
export interface Done {
  readonly kind: 'done'
  readonly how: How
  readonly key: ActionKey
  readonly outputs: Readonly<Record<string, Output>>
  readonly reason: Reason
  /** Milliseconds of its own run; 0 for a hit. */
  readonly ms: number
  /** Milliseconds that a hit saved. */
  readonly saved: number
}

export interface Failed {
  readonly kind: 'failed'
  readonly failure: Failure
  readonly log?: Digest
  readonly ms: number
}

/** It never ran: because of a node that failed, or because the build stopped. */
export interface Skipped {
  readonly kind: 'skipped'
  readonly because: { readonly kind: 'failed'; readonly node: NodeId } | { readonly kind: 'stopped' }
}

export interface Counts {
  readonly ran: number
  readonly hit: number
  readonly cutOff: number
  readonly failed: number
  readonly skipped: number
}

type Kind = NodeState['kind']

const allowed: Readonly<Record<Kind, readonly Kind[]>> = {
  wanted: ['waiting', 'ready', 'done', 'skipped'],
  waiting: ['ready', 'skipped'],
  ready: ['waiting', 'ready', 'running', 'suspended', 'done', 'failed', 'skipped'],
  running: ['waiting', 'ready', 'done', 'failed', 'skipped'],
  suspended: ['ready', 'failed', 'skipped'],
  done: ['waiting', 'ready'],
  failed: [],
  skipped: [],
}

interface Entry {
  readonly id: NodeId
  state: NodeState
  /** Inputs that are not done; meaningful while it waits or is suspended. */
  missing: number
}

/** The states of all nodes of one build. Every change goes through `set`, which keeps the counters and wakes whoever waited. */
export class States {
  readonly #graph: ActionGraph
  readonly #listener: { ready(id: NodeId): void; skipped(id: NodeId, state: Skipped): void }
  readonly #entries = new Map<NodeId, Entry>()
  readonly #counts: Record<Kind | How, number> = { wanted: 0, waiting: 0, ready: 0, running: 0, suspended: 0, done: 0, failed: 0, skipped: 0, ran: 0, hit: 0, cutOff: 0 }

  constructor(graph: ActionGraph, listener: { ready(id: NodeId): void; skipped(id: NodeId, state: Skipped): void }) {
    this.#graph = graph
    this.#listener = listener
  }

  /** Takes nodes into the plan; with them must come every node that they need, unless they are `given`. Those whose inputs are all done are ready at once. */
  want(ids: readonly NodeId[], given: (id: NodeId) => Done | undefined = () => undefined): void {
    for (const id of ids) {
      this.#entries.set(id, { id, state: { kind: 'wanted' }, missing: 0 })
      this.#counts.wanted++
    }
    for (const id of ids) {
      const done = given(id)
      if (done !== undefined) this.set(id, done)
    }
    for (const id of ids) if (this.get(id).kind === 'wanted') this.await(id, 'waiting')
  }

  get(id: NodeId): NodeState {
    return this.#entry(id).state
  }

  done(id: NodeId): Done | undefined {
    const state = this.#entries.get(id)?.state
    return state?.kind === 'done' ? state : undefined
  }

  get counts(): Counts {
    const { ran, hit, cutOff, failed, skipped } = this.#counts
    return { ran, hit, cutOff, failed, skipped }
  }

  get total(): number {
    return this.#entries.size
  }

  get running(): number {
    return this.#counts.running
  }

  get settled(): number {
    return this.#counts.done + this.#counts.failed + this.#counts.skipped
  }

  *all(): Iterable<readonly [NodeId, NodeState]> {
    for (const [id, { state }] of this.#entries) yield [id, state]
  }

  /** Ready if every input is done, else waiting or suspended until the last of them is. Skipped when one can't be done any more. */
  await(id: NodeId, how: 'waiting' | 'suspended'): void {
    const states = this.#graph.dependencies(id).map((input) => ({ input, state: this.get(input) }))
    const broken = states.find(({ state }) => state.kind === 'failed' || state.kind === 'skipped')
    if (broken !== undefined) return this.set(id, becauseOf(broken.input, broken.state))
    const missing = states.filter(({ state }) => state.kind !== 'done').length
    if (missing > 0 && this.get(id).kind !== how) this.set(id, { kind: how })
    this.#entry(id).missing = missing
    if (missing === 0) this.set(id, { kind: 'ready' })
  }

  /** False when an input was taken back since the node became ready: then it waits again, and will be ready once more. */
  stillReady(id: NodeId): boolean {
    if (this.get(id).kind !== 'ready') return false
    if (this.#graph.dependencies(id).every((input) => this.get(input).kind === 'done')) return true
    this.await(id, 'waiting')
    return false
  }

  /** The build stopped: what is not settled never will be. */
  skipRest(): void {
    for (const [id, { state }] of this.#entries) {
      if (state.kind !== 'done' && state.kind !== 'failed' && state.kind !== 'skipped') this.set(id, { kind: 'skipped', because: { kind: 'stopped' } })
    }
  }

  /** The one function through which every state changes. What needs a node that can't be done any more is skipped with it. */
  set(id: NodeId, next: NodeState): void {
    this.#change(id, next)
    if (next.kind === 'failed') this.#skipBelow(id, { kind: 'failed', node: id })
    if (next.kind === 'skipped') this.#skipBelow(id, next.because)
  }

  #change(id: NodeId, next: NodeState): void {
    const entry = this.#entry(id)
    const last = entry.state
    if (!allowed[last.kind].includes(next.kind)) throw new Fault('internal', `"${id}" can't go from ${last.kind} to ${next.kind}`)
    entry.state = next
    this.#count(last, -1)
    this.#count(next, 1)
    if (last.kind === 'done') this.#withdraw(id)
    if (next.kind === 'ready') this.#listener.ready(id)
    if (next.kind === 'done') this.#release(id)
    if (next.kind === 'skipped') this.#listener.skipped(id, next)
  }

  #count(state: NodeState, by: number): void {
    this.#counts[state.kind] += by
    if (state.kind === 'done') this.#counts[state.how] += by
  }

  #release(id: NodeId): void {
    for (const entry of this.#waiters(id)) {
      entry.missing--
      if (entry.missing === 0) this.set(entry.id, { kind: 'ready' })
    }
  }

  #withdraw(id: NodeId): void {
    for (const entry of this.#waiters(id)) entry.missing++
  }

  /** A list and not recursion: a chain may be longer than the stack. */
  #skipBelow(top: NodeId, because: Skipped['because']): void {
    const open = [top]
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      for (const { id: below } of this.#waiters(id)) {
        this.#change(below, { kind: 'skipped', because })
        open.push(below)
      }
    }
  }

  /** Dependents that hold nothing yet. One that is ready or running goes on with what it has. */
  #waiters(id: NodeId): Entry[] {
    const waiters: Entry[] = []
    for (const dependent of this.#graph.dependents(id)) {
      const entry = this.#entries.get(dependent)
      if (entry?.state.kind === 'waiting' || entry?.state.kind === 'suspended') waiters.push(entry)
    }
    return waiters
  }

  #entry(id: NodeId): Entry {
    const entry = this.#entries.get(id)
    if (entry === undefined) throw new Fault('internal', `"${id}" is not in the plan`)
    return entry
  }
}

function becauseOf(input: NodeId, state: NodeState): Skipped {
  return state.kind === 'skipped' ? state : { kind: 'skipped', because: { kind: 'failed', node: input } }
}
