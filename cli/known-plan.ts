import { availableParallelism } from 'node:os'
import { systemClock, systemRandom } from '../base/ports.ts'
import { layoutOf } from '../cache/layout.ts'
import { Receipts } from '../cache/receipts.ts'
import { Scratch } from '../cache/scratch.ts'
import { currentSession } from '../cache/session.ts'
import { resultsStamp } from '../cache/stamp.ts'
import { KnownLeaves } from '../engine/known-leaves.ts'
import { type Arguments, flag } from './arguments.ts'
import { findWorkspace, machineArch, storePlace } from './machine/places.ts'
import { planRequest } from './plan-request.ts'
import { openReceipt } from './previous-build.ts'
import { receiptName } from './receipt-request.ts'

/** More threads than these get in each other's way in the kernel's tables of names. */
const mostThreads = 4

/**
 * What `nacre plan` said the last time, when every file that it looked at and the whole store are as they were: one receipt, one stat for each file.
 * Undefined when any of it is otherwise, or nothing is known.
 */
export function knownPlan(from: Arguments): Uint8Array | undefined {
  const workspace = findWorkspace(flag(from, 'workspace') ?? process.cwd())
  if (workspace === undefined) return undefined
  const since = systemClock.now()
  const layout = layoutOf(storePlace(flag(from, 'store'), process.env))
  const session = currentSession()
  const scratch = new Scratch(layout, { session, clock: systemClock, random: systemRandom })
  const request = planRequest({ workspace, arch: flag(from, 'arch') ?? machineArch(), from, path: process.env['PATH'] ?? '' })
  const receipts = new Receipts(layout, { scratch, boot: session.boot })
  const receipt = openReceipt(receipts, receiptName(request))
  if (receipt === undefined || receipt.head.request !== request || receipt.head.stamp !== resultsStamp(layout)) return undefined
  const { changed } = new KnownLeaves(receipt).look(since, Math.min(availableParallelism(), mostThreads))
  return changed.length === 0 ? textOf(receipts.get(receiptName(request), 'text'), receipt.head.id) : undefined
}

/** The text is a file of its own, and another plan may have written it since the receipt was read. */
function textOf(bytes: Uint8Array | undefined, id: string): Uint8Array | undefined {
  const mark = Buffer.from(`${id}\n`)
  return bytes !== undefined && mark.equals(bytes.subarray(0, mark.length)) ? bytes.subarray(mark.length) : undefined
}
