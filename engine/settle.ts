import type { NodeId } from '../base/ids.ts'
import type { ActionResult, Output } from '../cache/cache.ts'
import { sameOutputs } from './executor.ts'
import type { Reason } from './explain.ts'
import type { Keyed } from './look.ts'
import type { History } from './ports.ts'
import type { CriticalPath } from './priority.ts'
import type { Done, Failed, Skipped, States } from './state.ts'
import type { Teller } from './teller.ts'

/** The ends that a node can come to: each is set, remembered and told here. */
export class Settler {
  readonly #history: History
  readonly #states: States
  readonly #path: CriticalPath
  readonly #teller: Teller

  constructor(parts: { readonly history: History; readonly states: States; readonly path: CriticalPath; readonly teller: Teller }) {
    this.#history = parts.history
    this.#states = parts.states
    this.#path = parts.path
    this.#teller = parts.teller
  }

  /** Cut off: the outputs are those of last time, so whatever depends on them has the key that it had. */
  ran({ keyed, reason, result, unlike }: { readonly keyed: Keyed; readonly reason: Reason; readonly result: ActionResult; readonly unlike: readonly string[] }): void {
    const { last } = keyed
    const how = last !== undefined && sameOutputs(last.outputs, result.outputs) ? 'cutOff' : 'ran'
    this.#path.learn(keyed.id, result.duration)
    this.#done(keyed, { kind: 'done', how, key: keyed.key, outputs: result.outputs, reason, ms: result.duration, saved: 0 }, unlike)
  }

  hit(keyed: Keyed, result: ActionResult): void {
    const { outputs, duration } = result
    this.#done(keyed, { kind: 'done', how: 'hit', key: keyed.key, outputs, reason: { kind: 'known' }, ms: 0, saved: duration }, [])
  }

  failed(id: NodeId, state: Failed): void {
    this.#states.set(id, state)
    this.#path.settle(id)
    this.#teller.failed(id, state)
    this.#teller.progress(this.#states, this.#path)
  }

  /** The state is set already: nodes are skipped by the failure of another. */
  skipped(id: NodeId, state: Skipped): void {
    this.#path.settle(id)
    this.#teller.skipped(id, state)
  }

  #done(keyed: Keyed, state: Done, unlike: readonly string[]): void {
    this.#remember(keyed, state.outputs)
    this.#path.settle(keyed.id)
    this.#states.set(keyed.id, state)
    this.#teller.finished(keyed.id, state, unlike)
    this.#teller.progress(this.#states, this.#path)
  }

  #remember({ id, key }: Keyed, outputs: Readonly<Record<string, Output>>): void {
    const last = this.#history.get(id)
    if (last?.key === key && sameOutputs(last.outputs, outputs)) return
    const before = last?.key === key ? last.before : last?.key
    this.#history.put(id, { key, outputs, ...(before !== undefined && { before }) })
  }
}
