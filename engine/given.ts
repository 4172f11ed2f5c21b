import type { NodeId } from '../base/ids.ts'
import type { Done } from './state.ts'

/** What is known of a node that need not be looked at: its key, and outputs that are in the store. */
export type Settled = Pick<Done, 'key' | 'outputs'>

/** Nodes that the caller of a build says are done already, and those of them of which content turned out to be lost. */
export class Given {
  readonly #settled: ((id: NodeId) => Settled | undefined) | undefined
  readonly #lost = new Set<NodeId>()

  constructor(settled: ((id: NodeId) => Settled | undefined) | undefined) {
    this.#settled = settled
  }

  /** As the states keep it: a hit that saved nobody a run in this build. */
  done(id: NodeId): Done | undefined {
    const settled = this.#settled?.(id)
    return settled && { kind: 'done', how: 'hit', key: settled.key, outputs: settled.outputs, reason: { kind: 'known' }, ms: 0, saved: 0 }
  }

  has(id: NodeId): boolean {
    return this.#settled?.(id) !== undefined
  }

  /** The build can't go on: what makes the content may not even be in its graph. */
  lose(ids: Iterable<NodeId>): void {
    for (const id of ids) this.#lost.add(id)
  }

  get lost(): readonly NodeId[] {
    return [...this.#lost]
  }

  get whole(): boolean {
    return this.#lost.size === 0
  }
}
