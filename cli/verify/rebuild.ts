import type { ActionKey, NodeId } from '../../base/ids.ts'
import { type Checked, ok } from '../../base/result.ts'
import type { ActionCache, ActionResult, Cas } from '../../cache/cache.ts'
import type { BuildReport } from '../../engine/report.ts'
import type { Arguments } from '../arguments.ts'
import { buildNodes } from '../run-build.ts'
import { machineFor, type Session } from '../session.ts'
import type { Machine } from '../wire.ts'
import { compareOutputs, type Difference } from './compare.ts'

export interface Rebuilt {
  readonly code: number
  /** Actions that gave the same. */
  readonly same: readonly NodeId[]
  /** Actions that gave something else although their inputs were the same. */
  readonly different: readonly Difference[]
  /** Actions that differ because of those. */
  readonly below: readonly NodeId[]
}

export interface RebuildOrder {
  readonly session: Session
  readonly machine: Machine
  readonly from: Arguments
  readonly first: BuildReport
  readonly own: readonly NodeId[]
}

/**
 * Builds a target's own actions again: another folder, hostname, umask, time zone, locale, order and number of jobs. Everything else comes
 * from the first store; its results are shared, but for those of the target's own actions.
 */
export async function rebuild(order: RebuildOrder): Promise<Checked<Rebuilt>> {
  const { session, machine, from, first, own } = order
  // Among the store's unfinished work: if this process is killed, the next garbage collection takes it away.
  await using scratch = machine.store.temp('rebuild')
  const second = machineFor({ ...session, store: scratch.path }, { ...from, values: new Map([...from.values, ['jobs', ['1']]]) }, { hostname: 'elsewhere', beneath: machine.store })
  if (second.kind === 'complaints') return second
  const restore = otherSurroundings()
  try {
    await using made = second.value
    const hidden = new Set(own.flatMap((id) => keyOf(first, id) ?? []))
    const other: Machine = { ...made, ports: { ...made.ports, results: new SharedResults(made.ports.results, machine.store.results, hidden) } }
    const { report, code } = await buildNodes({ folder: session.workspace.folder, leaves: session.leaves, machine: other, from: { ...from, values: new Map([...from.values].filter(([name]) => name !== 'force' && name !== 'seed')) }, quiet: true }, first.graph, own)
    if (report.outcome !== 'done') return ok({ code, same: [], different: [], below: [] })
    return ok({ code, ...(await compare(other.ports.cas, order, report)) })
  } finally {
    restore()
  }
}

async function compare(cas: Cas, { first, own }: RebuildOrder, second: BuildReport): Promise<Omit<Rebuilt, 'code'>> {
  const same: NodeId[] = []
  const below: NodeId[] = []
  const different: Difference[] = []
  const unlike = new Set<NodeId>()
  for (const id of own) {
    const [a, b] = [outputsOf(first, id), outputsOf(second, id)]
    const places = await compareOutputs(cas, a, b)
    if (places.length === 0) same.push(id)
    else if (first.graph.dependencies(id).some((input) => unlike.has(input))) below.push(id)
    else different.push({ id, places })
    if (places.length > 0) unlike.add(id)
  }
  return { same, different, below }
}

function outputsOf(report: BuildReport, id: NodeId): ActionResult['outputs'] {
  const state = report.nodes.get(id)
  return state?.kind === 'done' ? state.outputs : {}
}

function keyOf(report: BuildReport, id: NodeId): ActionKey | undefined {
  const state = report.nodes.get(id)
  return state?.kind === 'done' ? state.key : undefined
}

/** What of this process an action could notice if something leaked. Gives back the old. */
function otherSurroundings(): () => void {
  const umask = process.umask(0o077)
  const old = ['TZ', 'LANG', 'LC_ALL', 'LANGUAGE'].map((name) => [name, process.env[name]] as const)
  Object.assign(process.env, { TZ: 'Pacific/Kiritimati', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8', LANGUAGE: 'tr' })
  return () => {
    process.umask(umask)
    for (const [name, value] of old) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
}

/** Results of a first store but for some keys, over which lie those that are made here. */
class SharedResults implements ActionCache {
  readonly #own: ActionCache
  readonly #shared: ActionCache
  readonly #hidden: ReadonlySet<ActionKey>

  constructor(own: ActionCache, shared: ActionCache, hidden: ReadonlySet<ActionKey>) {
    this.#own = own
    this.#shared = shared
    this.#hidden = hidden
  }

  get(key: ActionKey): ActionResult | undefined {
    return this.#own.get(key) ?? (this.#hidden.has(key) ? undefined : this.#shared.get(key))
  }

  put(key: ActionKey, result: ActionResult): Promise<void> {
    return this.#own.put(key, result)
  }
}
