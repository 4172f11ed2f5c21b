import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Action } from '../engine/action.ts'
import type { Output } from '../cache/cache.ts'
import { generationOf, storeStamp } from '../cache/stamp.ts'
import { statLeaf } from '../engine/leaves.ts'
import { encodeReceipt, tableLeaves } from '../engine/receipt.ts'
import type { BuildReport } from '../engine/report.ts'
import { Snapshot } from '../engine/snapshot.ts'
import { systemRandom } from '../base/ports.ts'
import type { Arguments } from './arguments.ts'
import { tasksStamp } from './commands/put-back-record.ts'
import { receiptName, receiptRequest } from './receipt-request.ts'
import { amendedPin, pinRecentBuild } from './recent-builds.ts'
import type { Session } from './session.ts'
import { encodeAside } from './snapshot-aside.ts'
import type { Machine } from './wire.ts'

export interface FinishedBuild {
  readonly session: Session
  readonly machine: Machine
  readonly from: Arguments
  readonly report: BuildReport
  /** What is told again when there is nothing to do. */
  readonly outcome: string
  /** Of the store when the build began. */
  readonly generation: string
}

/** Leaves what the next build decides by: a receipt, and a snapshot for when little has changed. */
export async function leaveReceipt({ session, machine, from, report, outcome, generation }: FinishedBuild): Promise<void> {
  const { receipts, layout, pins } = machine.store
  const outputs = [...new Set([...report.outputs.values()].flatMap((each: Readonly<Record<string, Output>>) => Object.values(each).map((output) => output.digest)))]
  const request = receiptRequest({ workspace: session.workspace.folder, arch: session.arch, from, path: process.env['PATH'] ?? '' })
  const name = receiptName(request)
  const id = systemRandom.name(32)
  noteTasks(session)
  const leaves = tableLeaves(session.leaves)
  const snapshot = new Snapshot({ id, report, leaves, alone: isAlone, aside: encodeAside(session) })
  receipts.put(name, snapshot.rows(), 'rows')
  receipts.put(name, snapshot.graph(), 'graph')
  const stamp = storeStamp(layout)
  // Something was taken out meanwhile: whether it was one of these, the next build sees.
  const whole = generationOf(layout) === generation
  receipts.put(name, encodeReceipt({ id, request, leaves, outputs, outcome, stamp: whole ? stamp : '' }))
  await pinRecentBuild(pins, name, outputs)
  await pins.remove(amendedPin(name))
}

/** The tasks of which outputs stand in the workspace, those of other requests as well. */
function noteTasks({ workspace, leaves }: Session): void {
  const place = tasksStamp(workspace.folder)
  const stat = statLeaf('file', place)
  if (stat.ino === 0n) leaves.absent(place)
  else leaves.file(place, stat, hash('sha256', readFileSync(place)))
}

/** A host task: all that it needs is in its action. What runs in the sandbox asks the catalogue for its environment. */
function isAlone({ kind, inputs }: Action): boolean {
  return kind === 'task' && !('environment' in inputs)
}
