import type { NodeId } from '../base/ids.ts'
import type { Failure, Input } from './action.ts'
import { contentLost, restless } from './complaints.ts'
import type { Given } from './given.ts'
import type { Looker } from './look.ts'
import type { CriticalPath } from './priority.ts'
import type { States } from './state.ts'
import type { Teller } from './teller.ts'

/** Times that a node starts over because its inputs changed or vanished under it; then it fails. */
const patience = 5

/** Puts nodes back when the world changed under them. Each answer is a failure when there is no point in trying again. */
export class Recovery {
  readonly #states: States
  readonly #looker: Looker
  readonly #path: CriticalPath
  readonly #teller: Teller
  readonly #given: Given
  readonly #restarts = new Map<NodeId, number>()

  constructor(parts: { readonly states: States; readonly looker: Looker; readonly path: CriticalPath; readonly teller: Teller; readonly given: Given }) {
    this.#states = parts.states
    this.#looker = parts.looker
    this.#path = parts.path
    this.#teller = parts.teller
    this.#given = parts.given
  }

  /** Lost content is made again by whoever made it, and the node waits for that. What was given as settled can't be: that ends the build. */
  rewind(id: NodeId, lost: readonly Input[]): Failure | undefined {
    if (lost.some((input) => input.kind === 'content')) return contentLost(id)
    const producers = new Set(lost.flatMap((input) => (input.kind === 'output' ? [input.node] : [])))
    const given = [...producers].filter((producer) => this.#given.has(producer))
    if (given.length > 0) {
      this.#given.lose(given)
      return undefined
    }
    if (this.#tired(id)) return restless(id, [...producers])
    for (const producer of producers) {
      this.#looker.distrust(producer)
      // Another node has missed it too, and was first.
      if (this.#states.done(producer) === undefined) continue
      this.#path.reopen(producer)
      this.#teller.tell({ kind: 'rewound', id: producer, by: id })
      this.#states.await(producer, 'waiting')
    }
    this.#states.await(id, 'waiting')
    return undefined
  }

  /** Workspace files changed between the reading and the end of the run. */
  restart(id: NodeId, files: readonly string[]): Failure | undefined {
    if (this.#tired(id)) return restless(id, files)
    this.#teller.tell({ kind: 'restarted', id, files })
    this.#states.set(id, { kind: 'ready' })
    return undefined
  }

  #tired(id: NodeId): boolean {
    const restarts = (this.#restarts.get(id) ?? 0) + 1
    this.#restarts.set(id, restarts)
    return restarts > patience
  }
}
