import { systemRandom } from '../base/ports.ts'
import { resultsStamp } from '../cache/stamp.ts'
import { encodeReceipt, tableLeaves } from '../engine/receipt.ts'
import type { Arguments } from './arguments.ts'
import type { Prospect } from './foresight.ts'
import { planRequest } from './plan-request.ts'
import { receiptName } from './receipt-request.ts'

/** Leaves what a plan said, for when it is asked for again. Nothing where the store changed meanwhile: then what was said may be older than the store. */
export function leavePlan({ session, machine, stamp }: Prospect, from: Arguments, text: string): void {
  const { receipts, layout } = machine.store
  if (stamp === '' || resultsStamp(layout) !== stamp) return
  const request = planRequest({ workspace: session.workspace.folder, arch: session.arch, from, path: process.env['PATH'] ?? '' })
  const [name, id] = [receiptName(request), systemRandom.name(32)]
  receipts.put(name, [Buffer.from(`${id}\n`), Buffer.from(text)], 'text')
  receipts.put(name, encodeReceipt({ id, request, leaves: tableLeaves(session.leaves), outputs: [], outcome: '', stamp }))
}
