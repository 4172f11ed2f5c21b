import { setTimeout as sleep } from 'node:timers/promises'
import { awaitQuiet, type Quiet } from './quiet.ts'
import type { Engine, ScenarioName } from './engine.ts'
import { edgesOf, graphOf, type Shape } from './graph.ts'
import { ideal, landmarksOf, type Landmarks, type Scenario } from './scenarios.ts'
import { Session, type Built, type Means } from './session.ts'
import { Tally, type Cell } from './tally.ts'

export interface Row {
  readonly scenario: ScenarioName
  readonly about: string
  /** The least that any engine could run. */
  readonly ideal: number
  readonly quiet: Quiet
  readonly cells: Readonly<Record<string, Cell>>
}

export interface GraphResult {
  readonly shape: Shape
  readonly size: number
  readonly edges: number
  readonly reach: number
  readonly rows: readonly Row[]
}

export interface Order extends Means {
  readonly engines: readonly Engine[]
  readonly scenarios: readonly Scenario[]
  readonly rounds: number
  /** Milliseconds after which a scenario begins no further round. */
  readonly budget: number
  /** Milliseconds to wait for a quiet machine before a scenario. */
  readonly patience: number
  /** Between two runs, it ends the whole thing. */
  readonly signal: AbortSignal
  readonly tell: (line: string) => void
}

/** All engines on one graph, scenario by scenario, in turn within each round. */
export async function runGraph(shape: Shape, size: number, order: Order): Promise<GraphResult> {
  const graph = graphOf(shape, size)
  const at = landmarksOf(graph)
  const out = new Map<string, string>()
  const sessions = order.engines.map((engine) => new Session(engine, graph, order))
  for (const engine of order.engines) {
    if (size > engine.most) out.set(engine.name, `beyond ${engine.most} actions it is not run`)
  }
  const rows: Row[] = []
  try {
    for (const scenario of order.scenarios) {
      const start = performance.now()
      rows.push(await runScenario(scenario, { sessions, at, out, order }))
      order.tell(`${shape} ${size} ${scenario.name}: ${((performance.now() - start) / 1000).toFixed(1)} s`)
    }
  } finally {
    for (const session of sessions) await session[Symbol.asyncDispose]()
  }
  return { shape, size, edges: edgesOf(graph), reach: at.reach, rows }
}

interface Field {
  readonly sessions: readonly Session[]
  readonly at: Landmarks
  /** Engines that are out of it, and why. */
  readonly out: Map<string, string>
  readonly order: Order
}

async function runScenario(scenario: Scenario, field: Field): Promise<Row> {
  const { sessions, at, out, order } = field
  const quiet = await awaitQuiet(order.patience)
  const tally = new Tally(scenario, at)
  const start = performance.now()
  // The first round of what is cheap is not counted.
  for (let round = scenario.heavy ? 1 : 0; round <= order.rounds; round++) {
    if (round > 1 && performance.now() - start > order.budget) break
    for (const session of turned(sessions, round)) {
      order.signal.throwIfAborted()
      const { engine } = session
      if (out.has(engine.name)) continue
      const built = await oneRun(scenario, { session, at, round }).catch((fault: unknown) => void out.set(engine.name, String(fault)))
      if (built === undefined) continue
      const trouble = tally.add(session, { built, counts: round > 0 })
      if (built.end !== 'done') out.set(engine.name, trouble ?? built.end)
    }
  }
  const cells = sessions.map(({ engine }): readonly [string, Cell] => [engine.name, tally.cell(engine, reasonAgainst(scenario, engine) ?? out.get(engine.name))])
  return { scenario: scenario.name, about: scenario.about, ideal: ideal(scenario, at), quiet, cells: Object.fromEntries(cells) }
}

/** Nothing where the engine has no such scenario. */
async function oneRun(scenario: Scenario, { session, at, round }: { readonly session: Session; readonly at: Landmarks; readonly round: number }): Promise<Built | undefined> {
  const { engine } = session
  if (reasonAgainst(scenario, engine) !== undefined) {
    // What the other scenarios start from has to be there, measured or not.
    if (scenario.name === 'cold' && round === 1 && engine.cannot.leaf === undefined) await session.fresh()
    return undefined
  }
  if (scenario.edits) await sleep(engine.blind ?? 0)
  const since = session.started
  await scenario.prepare(session, at)
  if (scenario.plans === true) return await session.plan()
  return await session.build(scenario.edits ? { since } : {})
}

/** Each round begins with another engine, so that none always comes after the same one. */
function turned(sessions: readonly Session[], by: number): readonly Session[] {
  const at = sessions.length === 0 ? 0 : by % sessions.length
  return [...sessions.slice(at), ...sessions.slice(0, at)]
}

function reasonAgainst({ name, plans }: Scenario, engine: Engine): string | undefined {
  return engine.cannot[name] ?? (plans === true && engine.plan === undefined ? 'it does not say what it would run' : undefined)
}
