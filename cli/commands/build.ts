import { existsSync } from 'node:fs'
import type { NodeId } from '../../base/ids.ts'
import { ok } from '../../base/result.ts'
import { generationOf } from '../../cache/stamp.ts'
import { ActionGraph } from '../../engine/graph.ts'
import type { BuildReport } from '../../engine/report.ts'
import type { Target } from '../../recipes/workspace/workspace.ts'
import { type Arguments, has } from '../arguments.ts'
import { shelfOf, shelve } from '../export/shelf.ts'
import { complain } from '../output.ts'
import { tally } from '../render/words.ts'
import { buildNodes } from '../run-build.ts'
import { leaveReceipt } from '../leave-receipt.ts'
import { machineFor, openSession, type Session, targetsOf } from '../session.ts'
import type { Machine } from '../wire.ts'
import { tellMade } from './made.ts'
import { putBack, removeForgotten } from './put-back.ts'

/** `nacre build`: makes targets, tells what happened, and leaves a receipt for the next time. `machineOf` gives what it is made with. */
export async function buildCommand(from: Arguments, machineOf: typeof machineFor = machineFor): Promise<number> {
  const session = openSession(from)
  if (session.kind === 'complaints') return complain(session.diagnostics, from)
  const targets = targetsOf(session.value, from)
  if (targets.kind === 'complaints') return complain(targets.diagnostics, from)
  const missing = session.value.plan.complaints(targets.value)
  if (missing.length > 0) return complain(missing, from)
  const machine = machineOf(session.value, from)
  if (machine.kind === 'complaints') return complain(machine.diagnostics, from)
  await using made = machine.value
  const generation = generationOf(made.store.layout)
  const workspace = { session: session.value, store: made.store }
  await removeForgotten(workspace)
  const { report, code } = await buildTargets({ session: session.value, machine: made, from, what: 'build' }, targets.value)
  const lines = report.outcome === 'done' ? await tellMade(made.store.cas, report, { targets: targets.value, shelf: shelfOf(session.value.store), arch: session.value.arch }) : []
  const changed = report.counts.ran + report.counts.cutOff > 0 || !existsSync(shelfOf(session.value.store).images)
  const shelved = report.outcome === 'done' && changed ? await shelve({ session: session.value, machine: made, report, targets: targets.value }) : ok(undefined)
  if (shelved.kind === 'complaints') return complain(shelved.diagnostics, from)
  const put = report.outcome === 'done' ? await putBack(workspace, report) : ok([])
  if (put.kind === 'complaints') return complain(put.diagnostics, from)
  const last = tally(report.counts, report.ms)
  if (has(from, 'json')) process.stdout.write(`${JSON.stringify({ ran: report.counts.ran, hit: report.counts.hit, cutOff: report.counts.cutOff, failed: report.counts.failed, seconds: report.ms / 1000 })}\n`)
  else process.stdout.write([...lines, ...put.value, last].map((line) => `${line}\n`).join(''))
  if (report.outcome === 'done') await leaveReceipt({ session: session.value, machine: made, from, report, outcome: lines.join('\n'), generation })
  return code
}

export interface BuildOrder {
  readonly session: Session
  readonly machine: Machine
  readonly from: Arguments
  readonly what: 'build' | 'test'
  /** Tells only what went wrong, for commands of which building is not the point. */
  readonly quiet?: boolean
  /** Nodes beside what the targets stand for. */
  readonly also?: readonly NodeId[]
}

/** Builds targets under the view that fits the output, until Ctrl-C. */
export async function buildTargets(order: BuildOrder, targets: readonly Target[]): Promise<{ readonly report: BuildReport; readonly code: number }> {
  const { session, what } = order
  const graph = new ActionGraph()
  const request = session.plan.requestAll(targets, what)
  for (const action of request.actions) graph.add(action)
  return buildNodes({ ...order, folder: session.workspace.folder, leaves: session.leaves }, graph, [...request.wants, ...(order.also ?? [])])
}
