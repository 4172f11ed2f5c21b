import type { ActionKey, NodeId } from '../base/ids.ts'
import type { Clock } from '../base/ports.ts'
import type { BuildEvent, BuildFact } from './events.ts'
import type { Reason } from './explain.ts'
import type { ActionGraph } from './graph.ts'
import type { CriticalPath } from './priority.ts'
import type { Done, Failed, Skipped, States } from './state.ts'

/** Turns what happens into events: one place knows the time, the labels and how far the build is. */
export class Teller {
  readonly #graph: ActionGraph
  readonly #clock: Clock
  readonly #began: number
  readonly #onEvent: ((event: BuildEvent) => void) | undefined
  readonly #queued = new Map<NodeId, number>()

  constructor(graph: ActionGraph, clock: Clock, onEvent: ((event: BuildEvent) => void) | undefined) {
    this.#graph = graph
    this.#clock = clock
    this.#began = clock.monotonic()
    this.#onEvent = onEvent
  }

  /** Milliseconds since the build began. */
  elapsed(): number {
    return Math.round(this.#clock.monotonic() - this.#began)
  }

  tell(fact: BuildFact): void {
    this.#onEvent?.({ at: this.elapsed(), ...fact })
  }

  /** It begins to wait for a slot; told when it has one. */
  queued(id: NodeId): void {
    if (this.#onEvent !== undefined) this.#queued.set(id, this.elapsed())
  }

  started({ id, key }: { readonly id: NodeId; readonly key: ActionKey }, reason: Reason, estimate: number): void {
    const queued = this.#queued.get(id) ?? this.elapsed()
    this.#queued.delete(id)
    this.tell({ kind: 'started', id, label: this.#label(id), key, reason, estimate, queued })
  }

  grew(id: NodeId, by: number, states: States): void {
    if (by > 0) this.tell({ kind: 'grew', id, by, nodes: states.total })
    const on = this.#graph.dependencies(id).filter((input) => states.done(input) === undefined)
    if (on.length > 0) this.tell({ kind: 'suspended', id, on })
  }

  finished(id: NodeId, { how, key, reason, ms, saved }: Done, unlike: readonly string[]): void {
    this.tell({ kind: 'finished', id, label: this.#label(id), how, key, reason, ms, saved, ...(unlike.length > 0 && { unlike }) })
  }

  failed(id: NodeId, { failure, ms, log }: Failed): void {
    this.tell({ kind: 'failed', id, label: this.#label(id), failure, ms, ...(log !== undefined && { log }) })
  }

  skipped(id: NodeId, { because }: Skipped): void {
    this.tell({ kind: 'skipped', id, label: this.#label(id), because })
  }

  progress(states: States, path: CriticalPath): void {
    if (this.#onEvent === undefined) return
    this.tell({ kind: 'progress', settled: states.settled, nodes: states.total, running: states.running, criticalLeft: path.left() })
  }

  #label(id: NodeId): string {
    return this.#graph.action(id)?.label ?? id
  }
}
