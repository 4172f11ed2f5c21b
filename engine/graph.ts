import { canonical } from '../base/canonical.ts'
import type { NodeId } from '../base/ids.ts'
import type { Json, JsonObject } from '../base/json.ts'
import { Fault } from '../base/result.ts'
import type { Action, Input } from './action.ts'

type Inputs = Readonly<Record<string, Input>>

/** Without an action: named as somebody's input, and not added yet. */
interface Vertex {
  action: Action | undefined
  inputs: Inputs
  /** What the inputs name, each once, in the order in which they were given. */
  needs: readonly NodeId[]
  readonly neededBy: NodeId[]
}

const none: readonly NodeId[] = []

/** A node on the way of a depth-first walk, and what of its needs is still to be looked at. Lists and not recursion: a chain may be longer than the stack. */
interface Step {
  readonly id: NodeId
  readonly needs: NodeId[]
}

/**
 * Actions and the edges that their inputs make, from producer to consumer. An input may name an action that is added later. Two lists a node and
 * no graph library: the nodes and edges of graphology took about 3 KB for each action of a layered graph, too much for a million of them.
 */
export class ActionGraph {
  readonly #nodes = new Map<NodeId, Vertex>()
  readonly #included = new Set<NodeId>()

  /**
   * Adding an equal action again changes nothing but the lists beside it, which are joined: two recipes may know different places of one source.
   * Another action under the same id is a defect of whoever compiled it.
   */
  add(action: Action): void {
    const known = this.action(action.id)
    if (known === action) return
    if (known !== undefined && !sameAction(known, action)) throw new Fault('internal', `two different actions are both called "${action.id}"`)
    const vertex = this.#vertex(action.id)
    if (known !== undefined) {
      vertex.action = withAside(known, action.aside)
      return
    }
    vertex.action = action
    vertex.inputs = action.inputs
    this.#connect(action.id, action.inputs)
  }

  /** Gives a node further inputs while it runs. The same name with the same input may be given again. */
  extend(id: NodeId, inputs: Inputs): void {
    const all = { ...this.inputs(id) }
    for (const [name, input] of Object.entries(inputs)) {
      const known = all[name]
      if (known !== undefined && canonical(known) !== canonical(input)) throw new Fault('internal', `"${id}" asked for two different inputs called "${name}"`)
      all[name] = input
    }
    this.#vertex(id).inputs = all
    this.#connect(id, inputs)
  }

  action(id: NodeId): Action | undefined {
    return this.#nodes.get(id)?.action
  }

  /** Those of the action and those that it asked for. */
  inputs(id: NodeId): Inputs {
    return this.#known(id).inputs
  }

  dependencies(id: NodeId): NodeId[] {
    return [...this.#known(id).needs]
  }

  dependents(id: NodeId): NodeId[] {
    return [...this.#known(id).neededBy]
  }

  ids(): NodeId[] {
    return [...this.#nodes.keys()]
  }

  /**
   * Takes what `wants` need from a wider graph and returns the ids that are new here. Throws for an id that neither graph has:
   * inputs are made by whoever makes actions, never by a user. A node that is `settled` needs neither an action nor anything else.
   */
  include(wants: Iterable<NodeId>, from: ActionGraph, settled: (id: NodeId) => boolean = () => false): NodeId[] {
    const added: NodeId[] = []
    const open = [...wants]
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (this.#included.has(id)) continue
      this.#included.add(id)
      if (settled(id)) {
        this.#vertex(id)
        added.push(id)
        continue
      }
      if (this.action(id) === undefined) {
        const action = from.action(id)
        if (action === undefined) throw new Fault('internal', `"${id}" is an input, but no action has that name`)
        this.add(action)
      }
      added.push(id)
      open.push(...this.dependencies(id))
    }
    return added
  }

  /** Takes back what `include` took: it may be asked for again. */
  exclude(ids: Iterable<NodeId>): void {
    for (const id of ids) this.#included.delete(id)
  }

  /** A circle of needs that can be reached from `roots`, as `a, b, a` where a needs b; what `settled` holds for can't be in one. */
  cycle(roots: Iterable<NodeId>, settled: (id: NodeId) => boolean = () => false): readonly NodeId[] | undefined {
    const finished = new Set<NodeId>()
    for (const root of roots) {
      const path: Step[] = []
      const onPath = new Set<NodeId>()
      const enter = (id: NodeId): void => {
        path.push({ id, needs: finished.has(id) || settled(id) ? [] : this.dependencies(id) })
        onPath.add(id)
      }
      enter(root)
      for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
        const next = top.needs.pop()
        if (next === undefined) {
          finished.add(top.id)
          onPath.delete(top.id)
          path.pop()
        } else if (onPath.has(next)) {
          const ids = path.map(({ id }) => id)
          return [...ids.slice(ids.indexOf(next)), next]
        } else if (!finished.has(next)) enter(next)
      }
    }
    return undefined
  }

  /** Everything that can be reached from `roots`, each node after all that it needs; `skip` stops at a node. Precondition: no circle. */
  inputsFirst(roots: Iterable<NodeId>, skip: (id: NodeId) => boolean = () => false): NodeId[] {
    const order: NodeId[] = []
    const seen = new Set<NodeId>()
    const path: Step[] = []
    const enter = (id: NodeId): void => {
      if (seen.has(id) || skip(id)) return
      seen.add(id)
      path.push({ id, needs: this.dependencies(id) })
    }
    for (const root of roots) {
      enter(root)
      for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
        const next = top.needs.pop()
        if (next !== undefined) enter(next)
        else {
          order.push(top.id)
          path.pop()
        }
      }
    }
    return order
  }

  #connect(id: NodeId, inputs: Inputs): void {
    const vertex = this.#vertex(id)
    const needs = new Set(vertex.needs)
    for (const input of Object.values(inputs)) {
      if (input.kind !== 'output' || needs.has(input.node)) continue
      needs.add(input.node)
      this.#vertex(input.node).neededBy.push(id)
    }
    if (needs.size > vertex.needs.length) vertex.needs = [...needs]
  }

  #vertex(id: NodeId): Vertex {
    const known = this.#nodes.get(id)
    if (known !== undefined) return known
    const fresh: Vertex = { action: undefined, inputs: {}, needs: none, neededBy: [] }
    this.#nodes.set(id, fresh)
    return fresh
  }

  #known(id: NodeId): Vertex {
    const vertex = this.#nodes.get(id)
    if (vertex === undefined) throw new Fault('internal', `"${id}" is in no graph`)
    return vertex
  }
}

/** Labels, timeouts and whatever else is not in the key may differ. */
function sameAction(a: Action, b: Action): boolean {
  return canonical([a.kind, a.spec, { ...a.inputs }]) === canonical([b.kind, b.spec, { ...b.inputs }])
}

function withAside(action: Action, more: JsonObject = {}): Action {
  const aside: Record<string, Json> = { ...action.aside }
  let longer = false
  for (const [name, list] of Object.entries(more)) {
    const known = aside[name]
    if (!Array.isArray(known) || !Array.isArray(list)) continue
    const told = new Set(known.map(canonical))
    const fresh = list.filter((one) => !told.has(canonical(one)))
    if (fresh.length === 0) continue
    aside[name] = [...known, ...fresh]
    longer = true
  }
  return longer ? { ...action, aside } : action
}
