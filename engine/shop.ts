import type { NodeId } from '../base/ids.ts'
import { Executor } from './executor.ts'
import { Given } from './given.ts'
import { ActionGraph } from './graph.ts'
import { Inputs } from './inputs.ts'
import { LeafRecorder } from './leaves.ts'
import { Looker } from './look.ts'
import type { BuildPorts } from './ports.ts'
import { Presence } from './presence.ts'
import { CriticalPath } from './priority.ts'
import { Recovery } from './recovery.ts'
import type { BuildOptions } from './report.ts'
import { Scheduler } from './scheduler.ts'
import { Settler } from './settle.ts'
import { States } from './state.ts'
import { Teller } from './teller.ts'

/** Everything that one build works with. */
export interface Shop {
  /** What is wanted and all that it needs, with what it grew by. The caller's graph is never changed. */
  readonly plan: ActionGraph
  readonly states: States
  readonly path: CriticalPath
  readonly looker: Looker
  readonly executor: Executor
  readonly scheduler: Scheduler
  readonly settler: Settler
  readonly recovery: Recovery
  readonly given: Given
  readonly teller: Teller
  readonly leaves: LeafRecorder
  readonly seed: number
  /** The user's, or the engine's own after a fault. */
  readonly signal: AbortSignal
}

interface Hooks {
  ready(id: NodeId): void
  readonly fault: AbortSignal
}

/** Puts the parts together. */
export function openShop(wants: readonly NodeId[], ports: BuildPorts, options: BuildOptions, hooks: Hooks): Shop {
  const plan = new ActionGraph()
  const path = new CriticalPath(plan, ports.durations)
  const teller = new Teller(plan, ports.clock, options.onEvent?.bind(options))
  const states: States = new States(plan, { ready: hooks.ready, skipped: (id, state) => settler.skipped(id, state) })
  const settler = new Settler({ history: ports.history, states, path, teller })
  const leaves = options.leaves ?? new LeafRecorder(ports.clock.now())
  const signal = options.signal === undefined ? hooks.fault : AbortSignal.any([options.signal, hooks.fault])
  const forced = new Set(options.force === true ? wants : [])
  const site = { ports, graph: plan, states, inputs: new Inputs(ports.cas, ports.files, leaves), presence: new Presence(ports.cas), signal, forced }
  const looker = new Looker(site, wants)
  const executor = new Executor(site, looker, {
    started: (keyed, reason) => teller.started(keyed, reason, path.estimate(keyed.id)),
    log: (id, text) => teller.tell({ kind: 'log', id, text }),
  })
  const given = new Given(options.settled?.bind(options))
  const seed = options.seed ?? ports.random.seed()
  const scheduler = new Scheduler({ jobs: options.jobs ?? 1, memory: options.memory ?? Infinity, network: options.network ?? 8, ...(options.load !== undefined && { load: options.load }) }, seed)
  return { plan, states, path, looker, executor, scheduler, settler, recovery: new Recovery({ states, looker, path, teller, given }), given, teller, leaves, seed, signal }
}
