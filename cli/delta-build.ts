// The second way of `nacre build`: only what changed leaves lead to is looked at. It gives the answer of the whole way, or none.
import type { RelPath } from '../base/ids.ts'
import { systemClock } from '../base/ports.ts'
import { generationOf, storeStamp } from '../cache/stamp.ts'
import { walkTree } from '../cache/tree-walk.ts'
import { amend, foreseen } from '../engine/amend.ts'
import { type Amendment, encodeAmendment } from '../engine/amendment.ts'
import { type Cone, Delta } from '../engine/delta.ts'
import { ActionGraph } from '../engine/graph.ts'
import { knownFiles } from '../engine/known-files.ts'
import { LeafRecorder } from '../engine/leaves.ts'
import { Presence } from '../engine/presence.ts'
import type { BuildReport } from '../engine/report.ts'
import { openSnapshotGraph } from '../engine/snapshot-graph.ts'
import { type Arguments, flag, has } from './arguments.ts'
import { loadLimit } from './machine/load.ts'
import { putBack } from './commands/put-back.ts'
import type { OutputSite } from './commands/output-site.ts'
import { storePlace } from './machine/places.ts'
import { complain } from './output.ts'
import { type PreviousBuild, settleTouched } from './previous-build.ts'
import { amendedPin } from './recent-builds.ts'
import { tally } from './render/words.ts'
import { type Bench, buildNodes } from './run-build.ts'
import { decodeAside } from './snapshot-aside.ts'
import { taskBench } from './task-bench.ts'
import { ownTerminal, type Terminal } from './terminal.ts'

/** Beyond so many changed leaves and rows the whole way is about as fast, and leaves a receipt that needs no amending. */
const muchAmended = 5000

type Part = Extract<Cone, { kind: 'cone' }>

export interface DeltaTools {
  /** Gives what tasks are made with. */
  readonly bench?: typeof taskBench | undefined
  /** This process's own when left out. */
  readonly terminal?: Terminal
  /** The previous build as a resident process has it in memory; otherwise it is opened. */
  readonly delta?: Delta
  /** Is told of what was written down for the next build. */
  readonly amended?: (amendment: Amendment) => void
}

/** The exit code; undefined when only the whole way knows the answer: nothing was told yet that it wouldn't tell as well. */
export async function deltaBuild(from: Arguments, previous: PreviousBuild, { bench: benchOf = taskBench, terminal = ownTerminal(), delta: resident, amended: tellAmended }: DeltaTools = {}): Promise<number | undefined> {
  const { known, amendment, name, verdict, layout } = previous
  const jobs = flag(from, 'jobs')
  const amended = (amendment?.leaves.size ?? 0) + (amendment?.added.length ?? 0) + verdict.changed.length
  if (!previous.whole || amended > muchAmended || (jobs !== undefined && !/^[1-9][0-9]{0,3}$/.test(jobs)) || loadLimit(from) === 'wrong') return undefined
  using opened = resident === undefined ? openDelta(previous) : undefined
  const delta = resident ?? opened?.delta
  const cone = delta?.cone(verdict.changed)
  if (delta === undefined || cone?.kind !== 'cone') return undefined
  const generation = generationOf(layout)
  await using bench = benchOf(storePlace(flag(from, 'store'), process.env), jobs === undefined ? undefined : Number(jobs), (memo) => knownFiles(known, memo))
  if (!(await areWhole(bench, cone))) return undefined
  // A resident process has done so when it looked.
  const touched = resident === undefined ? settleTouched(previous, verdict.touched) : verdict.touched
  const leaves = new LeafRecorder(systemClock.now(), { before: (leaf) => leafBefore(delta, leaf) })
  const { report, code } = await buildCone({ from, previous, delta, bench, leaves, terminal }, cone)
  if (report.unsettled.length > 0) return undefined
  const build = { delta, cone, report, changed: verdict.changed, touched }
  const understood = report.outcome === 'done' && foreseen(build)
  if (report.outcome === 'done' && (await takesAnothers(bench, delta, { cone, report, folder: previous.workspace }))) return undefined
  const put = report.outcome === 'done' ? await putBack({ session: siteOf(previous, delta, { cone, leaves }), store: bench.store }, report) : undefined
  if (put?.kind === 'complaints') return complain(put.diagnostics, from, terminal)
  tell({ from, terminal }, report, report.outcome === 'done' ? [known.receipt.head.outcome, ...(put?.value ?? [])] : [])
  const stamp = generationOf(layout) === generation ? storeStamp(layout) : ''
  const made = understood ? amend({ ...build, stamp }) : undefined
  if (made !== undefined) {
    await bench.store.pins.put(amendedPin(name), made.outputs)
    previous.receipts.put(name, encodeAmendment(made), 'amendment')
    tellAmended?.(made)
  }
  return code
}

/** The previous build as something to change, with the file that it reads from. Undefined when there is no snapshot of it. */
export function openDelta({ known, amendment, receipts, name }: Pick<PreviousBuild, 'known' | 'amendment' | 'receipts' | 'name'>): (Disposable & { readonly delta: Delta }) | undefined {
  const bytes = receipts.get(name, 'graph')
  const graph = bytes === undefined ? undefined : openSnapshotGraph(bytes)
  const rows = graph === undefined ? undefined : receipts.open(name, 'rows')
  const delta = graph === undefined || rows === undefined ? undefined : Delta.open({ known, graph, rows, ...(amendment !== undefined && { amendment }) })
  if (delta !== undefined) return { delta, [Symbol.dispose]: () => rows?.[Symbol.dispose]() }
  rows?.[Symbol.dispose]()
  return undefined
}

interface Order {
  readonly from: Arguments
  readonly previous: PreviousBuild
  readonly delta: Delta
  readonly bench: Bench
  readonly leaves: LeafRecorder
  readonly terminal: Terminal
}

function buildCone({ from, previous, delta, bench, leaves, terminal }: Order, cone: Part): ReturnType<typeof buildNodes> {
  const graph = new ActionGraph()
  for (const action of cone.actions) graph.add(action)
  let saved = delta.graph.ms + (delta.amendment?.ms ?? 0)
  for (const node of cone.nodes.values()) saved -= delta.row(node)?.ms ?? 0
  const beside = { hits: delta.graph.alone.length - cone.nodes.size - cone.around, saved }
  return buildNodes({ machine: bench, from, folder: previous.workspace, leaves, settled: (id) => cone.settled(id), beside, terminal }, graph, [...cone.nodes.keys(), ...cone.restored.map(({ id }) => id)])
}

/** What is to be put back must be there: otherwise somebody has to make it again. */
async function areWhole({ ports }: Bench, { restored, settled }: Part): Promise<boolean> {
  const presence = new Presence(ports.cas)
  for (const { id } of restored) if ((await presence.whole(settled(id)?.outputs ?? {})).length > 0) return false
  return true
}

/** A path that another task made, which is not built now: that is for the whole way to complain of. */
async function takesAnothers({ ports }: Bench, delta: Delta, { cone, report, folder }: { readonly cone: Part; readonly report: BuildReport; readonly folder: string }): Promise<boolean> {
  for (const [id, node] of cone.nodes) {
    const state = report.nodes.get(id)
    const tree = state?.kind === 'done' ? state.outputs['tree'] : undefined
    if (tree === undefined) continue
    for await (const { path } of walkTree(ports.cas, tree.digest)) {
      const owner = ownerOf(delta, folder, path)
      if (owner !== undefined && owner !== node && ![...cone.nodes.values()].includes(owner)) return true
    }
  }
  return false
}

function ownerOf(delta: Delta, folder: string, path: RelPath): number | undefined {
  const leaf = delta.known.find(`${folder}/${path}`)
  return leaf === undefined ? undefined : delta.ownerOf(leaf)
}

function leafBefore(delta: Delta, name: string): ReturnType<Delta['known']['at']> | undefined {
  const leaf = delta.known.find(name)
  return leaf === undefined ? undefined : delta.known.at(leaf)
}

/** The tasks of the cone and those that are put back are all that is in the workspace as far as this build goes. */
function siteOf({ workspace }: PreviousBuild, delta: Delta, { cone, leaves }: { readonly cone: Part; readonly leaves: LeafRecorder }): OutputSite {
  const { globs, folders } = decodeAside(delta.graph.aside)
  const outputs = new Map([...cone.actions, ...cone.restored].map(({ id, spec }) => [id.replace(/^task:/, ''), { outputs: Array.isArray(spec['outputs']) ? spec['outputs'].map(String) : [] }]))
  return {
    workspace: { folder: workspace, config: { recipes: globs } },
    plan: { tasks: { names: () => [...outputs.keys()], get: (name) => outputs.get(name) }, catalogue: { besides: new Set(folders) } },
    leaves,
    owned: new Set([...cone.owned].map((path) => path.slice(workspace.length + 1))),
  }
}

function tell({ from, terminal: { stdout } }: { readonly from: Arguments; readonly terminal: Terminal }, report: BuildReport, lines: readonly string[]): void {
  const { ran, hit, cutOff, failed } = report.counts
  if (has(from, 'json')) stdout.write(`${JSON.stringify({ ran, hit, cutOff, failed, seconds: report.ms / 1000 })}\n`)
  else stdout.write([...lines.filter((line) => line !== ''), tally(report.counts, report.ms)].map((line) => `${line}\n`).join(''))
}
