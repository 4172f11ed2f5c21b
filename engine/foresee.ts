// What a build would do, without doing it: everything that the store already answers is looked up, and what would run is named.
import type { Diagnostic } from '../base/diagnostic.ts'
import type { NodeId } from '../base/ids.ts'
import type { ActionResult } from '../cache/cache.ts'
import type { Failure } from './action.ts'
import { cyclic } from './complaints.ts'
import type { Reason } from './explain.ts'
import { ActionGraph } from './graph.ts'
import { Inputs } from './inputs.ts'
import type { LeafRecorder } from './leaves.ts'
import { Looker } from './look.ts'
import type { BuildPorts } from './ports.ts'
import { Presence } from './presence.ts'
import { States } from './state.ts'

/** What would become of a node. */
export type Foreseen =
  /** Its result is in the store. */
  | { readonly kind: 'known'; readonly result: ActionResult }
  | { readonly kind: 'runs'; readonly reason: Reason }
  /** It runs, or is a hit: that depends on what these give, which would run. */
  | { readonly kind: 'waits'; readonly on: readonly NodeId[] }
  | { readonly kind: 'fails'; readonly failure: Failure }

export interface Foresight {
  /** As far as it is known: a suspended node that waits has not asked for all that it will. */
  readonly graph: ActionGraph
  /** Inputs first. */
  readonly nodes: ReadonlyMap<NodeId, Foreseen>
  /** Of a request that can't be built at all. */
  readonly diagnostics: readonly Diagnostic[]
}

export interface ForeseeOptions {
  readonly signal: AbortSignal
  readonly leaves: LeafRecorder
}

/** Looks at everything that `wants` need. Runs nothing; a result that a remote has counts as known. */
export async function foresee(source: ActionGraph, wants: readonly NodeId[], ports: BuildPorts, options: ForeseeOptions): Promise<Foresight> {
  const order = { source, wants, ports, options }
  return (await new Forecast(order).unlessCircular()) ?? new Forecast(order).run()
}

interface Order {
  readonly source: ActionGraph
  readonly wants: readonly NodeId[]
  readonly ports: BuildPorts
  readonly options: ForeseeOptions
}

class Forecast {
  readonly #source: ActionGraph
  readonly #wants: readonly NodeId[]
  readonly #graph = new ActionGraph()
  readonly #states: States
  readonly #looker: Looker
  readonly #ready: NodeId[] = []
  readonly #seen = new Map<NodeId, Foreseen>()
  readonly #waiting = new Map<NodeId, readonly NodeId[]>()

  /** Whether circles are looked for at each step, so that it is known who made one. */
  #careful = true

  constructor({ source, wants, ports, options: { signal, leaves } }: Order) {
    this.#source = source
    this.#wants = [...new Set(wants)]
    this.#states = new States(this.#graph, { ready: (id) => this.#ready.push(id), skipped: () => undefined })
    const site = { ports, graph: this.#graph, states: this.#states, inputs: new Inputs(ports.cas, ports.files, leaves), presence: new Presence(ports.cas), signal, forced: new Set<NodeId>() }
    this.#looker = new Looker(site, this.#wants)
  }

  /**
   * The same when there is no circle, else undefined. Whoever is in one waits for itself and is never looked at, so one look at the end tells; a look at each
   * of the steps by which thousands of packages ask for each other took a quarter of all time.
   */
  async unlessCircular(): Promise<Foresight | undefined> {
    this.#careful = false
    const foresight = await this.run()
    return foresight.diagnostics.length === 0 && this.#graph.cycle(this.#wants) !== undefined ? undefined : foresight
  }

  async run(): Promise<Foresight> {
    const nodes = this.#graph.include(this.#wants, this.#source)
    const cycle = this.#graph.cycle(this.#wants)
    if (cycle !== undefined) return { graph: this.#graph, nodes: new Map(), diagnostics: cyclic(cycle).diagnostics }
    this.#states.want(nodes)
    for (let id = this.#ready.shift(); id !== undefined; id = this.#ready.shift()) await this.#look(id)
    const order = this.#graph.inputsFirst(this.#wants)
    return { graph: this.#graph, nodes: new Map(order.map((id) => [id, this.#seen.get(id) ?? this.#waits(id)])), diagnostics: [] }
  }

  async #look(id: NodeId): Promise<void> {
    const look = await this.#looker.look(id)
    switch (look.kind) {
      case 'hit': {
        const { result, keyed } = look
        this.#seen.set(id, { kind: 'known', result })
        return this.#states.set(id, { kind: 'done', how: 'hit', key: keyed.key, outputs: result.outputs, reason: { kind: 'known' }, ms: 0, saved: 0 })
      }
      case 'miss':
        this.#seen.set(id, { kind: 'runs', reason: look.reason })
        return
      // An input is known by name, and a part of it is gone: whoever made it would run again, and then this.
      case 'missing':
        this.#seen.set(id, { kind: 'waits', on: this.#graph.dependencies(id) })
        return
      case 'failed':
        this.#seen.set(id, { kind: 'fails', failure: look.failure })
        return
      case 'ask':
        return this.#grow(id, look)
    }
  }

  #grow(id: NodeId, { inputs, actions }: Extract<Awaited<ReturnType<Looker['look']>>, { kind: 'ask' }>): void {
    for (const action of actions) this.#graph.add(action)
    this.#graph.extend(id, inputs)
    const nodes = this.#graph.include(this.#graph.dependencies(id), this.#source)
    const cycle = this.#careful ? this.#graph.cycle([id], (node) => this.#states.done(node) !== undefined) : undefined
    if (cycle !== undefined) {
      this.#graph.exclude(nodes)
      this.#seen.set(id, { kind: 'fails', failure: cyclic(cycle) })
      return
    }
    this.#states.want(nodes)
    this.#states.await(id, 'suspended')
  }

  /** The nearest nodes below that would run. Each node is asked after its inputs, so one step down is enough. */
  #waits(id: NodeId): Foreseen {
    const on = new Set<NodeId>()
    let longest: readonly NodeId[] = []
    const inputs = this.#graph.dependencies(id)
    for (const input of inputs) {
      const kind = this.#seen.get(input)?.kind
      if (kind === 'runs' || kind === 'fails') on.add(input)
    }
    for (const input of inputs) {
      const below = this.#waiting.get(input) ?? []
      for (const node of below) on.add(node)
      if (below.length > longest.length) longest = below
    }
    // Thousands of nodes may wait for the same thousands.
    const all = longest.length === on.size ? longest : [...on]
    this.#waiting.set(id, all)
    return { kind: 'waits', on: all }
  }
}
