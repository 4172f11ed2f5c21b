import type { NodeId } from '../base/ids.ts'
import type { Known, Reason } from '../engine/explain.ts'
import { lastChange } from '../engine/reasons.ts'
import type { BuildRecord, RecordedAction } from '../engine/record.ts'
import type { Prospect } from './foresight.ts'
import { lastBuild } from './last-build.ts'
import { tellFailure } from './render/build-lines.ts'

/** What the store knows of runs that are over: the last build's record, and of each node its last two keys. */
export class Past {
  readonly #prospect: Prospect
  readonly #record: BuildRecord | undefined
  readonly #actions: ReadonlyMap<NodeId, RecordedAction>

  constructor(prospect: Prospect) {
    this.#prospect = prospect
    this.#record = lastBuild(prospect.machine.store.receipts, prospect.session.workspace.folder)
    this.#actions = new Map((this.#record?.actions ?? []).map((action) => [action.id, action]))
  }

  async known(): Promise<Known> {
    const reasons = await this.#reasons()
    return { reasonOf: (id) => reasons.get(id), led: (by, id, change) => (this.#ran(by) && this.#ran(id)) || this.#made(by, change) }
  }

  #ran(id: NodeId): boolean {
    return this.#actions.get(id)?.how === 'ran'
  }

  /** Whether the last two keys of a node gave the two contents of an input: only then is what changed its key behind what changed the input. */
  #made(by: NodeId, { from, to, output }: Parameters<NonNullable<Known['led']>>[2]): boolean {
    const { history, results } = this.#prospect.machine.store
    const entry = history.get(by)
    const before = entry?.before === undefined ? undefined : results.get(entry.before)
    return before?.outputs[output]?.digest === from?.digest && entry?.outputs[output]?.digest === to?.digest
  }

  /** Why each node ran the last time that it did. The record knows; of what did not run in the last build, the difference of the last two keys tells. */
  async #reasons(): Promise<ReadonlyMap<NodeId, Reason>> {
    const { machine, foresight } = this.#prospect
    const reasons = new Map<NodeId, Reason>()
    for (const id of foresight.nodes.keys()) {
      const entry = machine.store.history.get(id)
      const recorded = this.#actions.get(id)
      if (recorded?.reason !== undefined && recorded.key === entry?.key) reasons.set(id, recorded.reason)
      else if (entry?.before !== undefined) reasons.set(id, { kind: 'changed', changes: (await lastChange(machine.store.cas, entry, foresight.graph.action(id))) ?? [] })
      else if (entry !== undefined) reasons.set(id, { kind: 'first' })
    }
    return reasons
  }

  /** Of what would run: that it did, and failed. */
  failure(id: NodeId): readonly string[] {
    const action = this.#actions.get(id)
    if (action?.how !== 'failed') return []
    const [told] = action.failure === undefined ? [] : tellFailure(action.failure)
    return [told === undefined ? 'failed in the last build' : `failed in the last build: ${told}`]
  }

  /** Of what is up to date: that it or what it needs was cut off. */
  end(id: NodeId): readonly string[] {
    const action = this.#actions.get(id)
    if (action?.how === 'cutOff') return ['cut off in the last build: it ran and came out as before, so nothing that needs it had to run']
    if (action?.how !== 'hit') return []
    return this.#cutOffBelow(action).map(({ label }) => `was a hit in the last build: ${label} ran and came out as before`)
  }

  /** The nearest actions below a hit that were cut off; without them it would have run. */
  #cutOffBelow(action: RecordedAction): readonly RecordedAction[] {
    const found: RecordedAction[] = []
    const seen = new Set([action])
    for (const { inputs } of seen) {
      for (const input of inputs) {
        const need = 'action' in input ? this.#record?.actions[input.action] : undefined
        if (need === undefined || seen.has(need)) continue
        if (need.how === 'cutOff') found.push(need)
        else if (need.how === 'hit') seen.add(need)
      }
    }
    return [...new Set(found)]
  }
}
