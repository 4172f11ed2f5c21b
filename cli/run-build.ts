import { writeFileSync } from 'node:fs'
import type { AbsPath, NodeId } from '../base/ids.ts'
import { systemClock } from '../base/ports.ts'
import type { Store } from '../cache/store.ts'
import { build } from '../engine/engine.ts'
import type { BuildEvent } from '../engine/events.ts'
import type { Settled } from '../engine/given.ts'
import type { ActionGraph } from '../engine/graph.ts'
import type { LeafRecorder } from '../engine/leaves.ts'
import type { BuildPorts } from '../engine/ports.ts'
import { Recorder } from '../engine/record.ts'
import type { BuildReport } from '../engine/report.ts'
import { traceOf } from '../engine/trace.ts'
import { type Arguments, flag, has } from './arguments.ts'
import { loadLimit } from './machine/load.ts'
import { exitCodes } from './exit.ts'
import { keepLastBuild } from './last-build.ts'
import { buildView } from './render/build-view.ts'
import { ownTerminal, type Terminal } from './terminal.ts'

/** What a build under a view needs of a machine: less than all kinds of action. */
export interface Bench {
  readonly store: Store
  readonly ports: BuildPorts
  readonly jobs: number
  readonly memory: number
}

export interface BuildRun {
  readonly machine: Bench
  readonly from: Arguments
  /** Of the workspace. */
  readonly folder: AbsPath
  readonly leaves: LeafRecorder
  /** Tells only what went wrong, for commands of which building is not the point. */
  readonly quiet?: boolean
  readonly settled?: (id: NodeId) => Settled | undefined
  /** This process's own when left out. */
  readonly terminal?: Terminal
  /** Of a build of a part: what belongs to the whole and needs no look. It is told and counted with the rest. */
  readonly beside?: Beside
}

/** Hits that are in no graph. */
export interface Beside {
  readonly hits: number
  /** Milliseconds that they saved. */
  readonly saved: number
}

const nothingBeside: Beside = { hits: 0, saved: 0 }

/** Builds nodes under the view that fits the output, until Ctrl-C. */
export async function buildNodes({ machine, from, quiet, folder, leaves, settled, beside = nothingBeside, terminal = ownTerminal() }: BuildRun, graph: ActionGraph, wants: readonly NodeId[]): Promise<{ readonly report: BuildReport; readonly code: number }> {
  const events: BuildEvent[] = []
  const trace = flag(from, 'trace')
  const recorder = new Recorder(systemClock.now())
  using interrupt = terminal.interrupts()
  let report: BuildReport
  {
    using view = buildView({ json: has(from, 'json') && quiet !== true, quiet: quiet === true, style: terminal.style, clock: systemClock, stdout: terminal.stdout, stderr: terminal.stderr })
    const seed = flag(from, 'seed')
    const load = loadLimit(from)
    report = await build(graph, wants, machine.ports, {
      signal: interrupt.signal,
      jobs: machine.jobs,
      memory: machine.memory,
      ...(load === undefined || load === 'wrong' ? {} : { load }),
      keepGoing: has(from, 'keep-going'),
      force: has(from, 'force'),
      leaves,
      ...(settled === undefined ? {} : { settled }),
      ...(seed === undefined ? {} : { seed: Number(seed) }),
      onEvent: (engine) => {
        const event = withEvent(engine, beside)
        if (trace !== undefined) events.push(event)
        recorder.tell(event)
        view.tell(event)
      },
    })
  }
  report = { ...report, counts: { ...report.counts, hit: report.counts.hit + beside.hits }, saved: report.saved + beside.saved }
  keepLastBuild(machine.store.receipts, folder, recorder.record(report))
  if (trace !== undefined) writeFileSync(trace, JSON.stringify(traceOf(events)))
  return { report, code: codeOf(report, interrupt.signal.aborted) }
}

function withEvent(event: BuildEvent, { hits, saved }: Beside): BuildEvent {
  switch (event.kind) {
    case 'planned':
      return { ...event, nodes: event.nodes + hits }
    case 'progress':
      return { ...event, nodes: event.nodes + hits, settled: event.settled + hits }
    case 'summary':
      return { ...event, saved: event.saved + saved, counts: { ...event.counts, hit: event.counts.hit + hits } }
    default:
      return event
  }
}

function codeOf(report: BuildReport, interrupted: boolean): number {
  if (interrupted) return exitCodes.interrupted
  switch (report.outcome) {
    case 'done':
      return exitCodes.done
    case 'refused':
      return exitCodes.wrong
    case 'stopped':
      return exitCodes.interrupted
    case 'failed':
      return failureCode(report)
  }
}

/** A machine without a sandbox is not the recipe's fault, and a world without a solution is not the action's. */
function failureCode(report: BuildReport): number {
  const codes = new Set<number>()
  for (const state of report.nodes.values()) {
    if (state.kind !== 'failed') continue
    const refused = state.failure.kind === 'refused' ? state.failure.diagnostics.map((d) => d.code) : []
    if (refused.includes('sandbox/unavailable')) codes.add(exitCodes.machine)
    else if (refused.some((code) => code.startsWith('plan/') || code === 'engine/cycle')) codes.add(exitCodes.wrong)
    else codes.add(exitCodes.failed)
  }
  return Math.max(...codes, exitCodes.failed)
}
