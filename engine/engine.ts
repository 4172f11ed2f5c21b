// The algorithm of a build, on one page: plan, ready, expand, key, hit?, run, record, cut off. What each word does has a file of its own.
import type { NodeId } from '../base/ids.ts'
import { Fault } from '../base/result.ts'
import { type Failure, NotStarted } from './action.ts'
import { cyclic } from './complaints.ts'
import type { Executed } from './executor.ts'
import type { ActionGraph } from './graph.ts'
import type { Look } from './look.ts'
import type { BuildPorts } from './ports.ts'
import { type BuildOptions, type BuildReport, finalReport, refusal } from './report.ts'
import type { Processors } from './run.ts'
import { openShop, type Shop } from './shop.ts'
import { Tasks } from './tasks.ts'

/** Makes what `wants` name. Actions that failed are in the report; only faults are thrown, when everything that ran has come to its end. */
export async function build(graph: ActionGraph, wants: readonly NodeId[], ports: BuildPorts, options: BuildOptions = {}): Promise<BuildReport> {
  return new Build(graph, wants, ports, options).run()
}

class Build {
  readonly #source: ActionGraph
  readonly #wants: readonly NodeId[]
  readonly #keepGoing: boolean
  readonly #shop: Shop
  readonly #tasks: Tasks
  readonly #ready: NodeId[] = []

  constructor(graph: ActionGraph, wants: readonly NodeId[], ports: BuildPorts, options: BuildOptions) {
    const fault = new AbortController()
    this.#source = graph
    this.#wants = [...new Set(wants)]
    this.#keepGoing = options.keepGoing === true
    this.#shop = openShop(this.#wants, ports, options, { ready: (id) => this.#queue(id), fault: fault.signal })
    this.#tasks = new Tasks(() => fault.abort())
  }

  /** Plan: what is wanted and all that it needs. Then everything follows from nodes becoming ready. */
  async run(): Promise<BuildReport> {
    const { plan, path, states, teller, seed } = this.#shop
    const nodes = this.#include(this.#wants)
    const cycle = plan.cycle(this.#wants)
    if (cycle !== undefined) return refusal(this.#shop, cyclic(cycle).diagnostics)
    path.spread(this.#wants)
    teller.tell({ kind: 'planned', nodes: nodes.length, wants: this.#wants, seed })
    states.want(nodes, (id) => this.#shop.given.done(id))
    await this.#tasks.idle()
    if (!this.#stopping() && states.settled < states.total) throw new Fault('internal', 'nothing runs, and yet nodes wait')
    states.skipRest()
    return finalReport(this.#shop, this.#wants)
  }

  /** Ready: every input that the node has named so far is done. */
  #queue(id: NodeId): void {
    this.#ready.push(id)
    if (this.#ready.length === 1) this.#tasks.spawn(this.#lookAtReady())
  }

  /** Nodes that become ready in the same moment are looked at in the order of their priority. */
  async #lookAtReady(): Promise<void> {
    await Promise.resolve()
    const { scheduler, path } = this.#shop
    const looks = scheduler.look(this.#ready.splice(0), (id) => path.of(id), (id) => this.#look(id))
    for (const [id, look] of looks) this.#tasks.spawn(this.#advance(id, look))
  }

  /** Expand, key, hit? */
  async #look(id: NodeId): Promise<Look | undefined> {
    return this.#stopping() || !this.#shop.states.stillReady(id) ? undefined : this.#shop.looker.look(id)
  }

  /** From ready to settled. Growth, lost inputs and changed files put a node back, and it comes here again. */
  async #advance(id: NodeId, looking: Promise<Look | undefined>): Promise<void> {
    const { settler, recovery, executor } = this.#shop
    const look = await looking
    switch (look?.kind) {
      case undefined:
        return
      case 'hit':
        return settler.hit(look.keyed, look.result)
      case 'miss':
        return this.#run(id, look)
      case 'ask':
        return this.#failIf(id, this.#grow(id, look))
      case 'missing':
        return this.#failIf(id, recovery.rewind(id, await executor.lostInputs({ id, inputs: look.inputs })))
      case 'failed':
        return this.#failIf(id, look.failure)
    }
  }

  /** Run, record: in a slot, which is given back when the node is settled. So after a failure not one more action starts. */
  async #run(id: NodeId, miss: Extract<Look, { kind: 'miss' }>): Promise<void> {
    const { executor, scheduler, states, path, teller } = this.#shop
    teller.queued(id)
    const { action, kind } = miss.keyed
    const order = { priority: path.of(id), resources: action.resources ?? {} }
    const run = async (processors: Processors): Promise<void> => {
      if (this.#stopping()) return
      states.set(id, { kind: 'running' })
      this.#settle(id, miss, await executor.execute(miss, processors))
    }
    if (kind.prepares === true) await scheduler.prepare(id, order, (processors) => run(() => this.#unlessStopping(processors)))
    else await scheduler.run(id, order, () => run(held))
  }

  async #unlessStopping(processors: Processors): Promise<() => void> {
    const release = await processors()
    if (!this.#stopping()) return release
    release()
    throw new NotStarted()
  }

  /** Cut off: the settler tells an action that came out the same from one that did not, and nothing below the former runs. */
  #settle(id: NodeId, { keyed, reason }: Extract<Look, { kind: 'miss' }>, came: Executed): void {
    const { settler, recovery } = this.#shop
    switch (came.kind) {
      case 'ran':
        return settler.ran({ ...came, keyed, reason })
      case 'hit':
        return settler.hit(keyed, came.result)
      case 'failed':
        return settler.failed(id, came)
      case 'lost':
        return this.#failIf(id, recovery.rewind(id, came.inputs))
      case 'changed':
        return this.#failIf(id, recovery.restart(id, came.files))
      case 'stopped':
        return
    }
  }

  /** The graph grows by what a kind asks for; the node is suspended until that is done, and then ready again. */
  #grow(id: NodeId, { inputs, actions }: Extract<Look, { kind: 'ask' }>): Failure | undefined {
    const { plan, states, path, scheduler, teller } = this.#shop
    for (const action of actions) plan.add(action)
    plan.extend(id, inputs)
    const nodes = this.#include(plan.dependencies(id))
    const cycle = plan.cycle([id], (node) => states.done(node) !== undefined)
    if (cycle !== undefined) {
      plan.exclude(nodes)
      return cyclic(cycle)
    }
    for (const raised of path.spread([id])) scheduler.raise(raised, path.of(raised))
    states.want(nodes, (node) => this.#shop.given.done(node))
    teller.grew(id, nodes.length, states)
    states.await(id, 'suspended')
    return undefined
  }

  /** What is given as settled is in the plan, and nothing that it needs. */
  #include(ids: readonly NodeId[]): NodeId[] {
    const { plan, path, given } = this.#shop
    const nodes = plan.include(ids, this.#source, (id) => given.has(id))
    for (const id of nodes) if (given.has(id)) path.settle(id)
    return nodes
  }

  #failIf(id: NodeId, failure: Failure | undefined): void {
    if (failure !== undefined) this.#shop.settler.failed(id, { kind: 'failed', failure, ms: 0 })
  }

  /** Nothing new starts; what runs comes to its end. */
  #stopping(): boolean {
    return this.#shop.signal.aborted || !this.#shop.given.whole || (!this.#keepGoing && this.#shop.states.counts.failed > 0)
  }
}

/** The processors of a run that has them already. */
const held: Processors = async () => () => undefined
