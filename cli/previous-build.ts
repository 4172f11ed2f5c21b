import { availableParallelism } from 'node:os'
import type { AbsPath } from '../base/ids.ts'
import { systemClock, systemRandom } from '../base/ports.ts'
import { type Layout, layoutOf } from '../cache/layout.ts'
import { Receipts } from '../cache/receipts.ts'
import { Scratch } from '../cache/scratch.ts'
import { currentSession } from '../cache/session.ts'
import { storedIn } from '../cache/stored.ts'
import { storeStamp, tookAway } from '../cache/stamp.ts'
import { type Amendment, decodeAmendment, encodeAmendment } from '../engine/amendment.ts'
import { KnownLeaves, type Touched, type Verdict } from '../engine/known-leaves.ts'
import { OpenReceipt } from '../engine/receipt.ts'
import { type Arguments, flag, has } from './arguments.ts'
import { findWorkspace, machineArch, storePlace } from './machine/places.ts'
import { receiptName, receiptRequest } from './receipt-request.ts'

/** What the last build of a request left, and what of it still holds. */
export interface PreviousBuild {
  readonly workspace: AbsPath
  readonly arch: string
  readonly layout: Layout
  readonly receipts: Receipts
  /** Of its receipt. */
  readonly name: string
  readonly known: KnownLeaves
  readonly amendment: Amendment | undefined
  readonly verdict: Verdict
  /** Whether every output is still in the store. */
  readonly whole: boolean
  /** Of the store, as it was before the outputs were looked for. */
  readonly stamp: string
}

/** More threads than these get in each other's way in the kernel's tables of names. */
const mostThreads = 4
/** Leaves that were only touched, from which on the receipt is written anew and not amended. */
const manyTouched = 1000

/** Looks at all leaves of the last build. Undefined when nothing is known of one, or when this one must run whatever is known. Disposing of it ends writing to its receipts. */
export function previousBuild(from: Arguments): (PreviousBuild & Disposable) | undefined {
  if (['force', 'trace'].some((name) => has(from, name))) return undefined
  const workspace = findWorkspace(flag(from, 'workspace') ?? process.cwd())
  if (workspace === undefined) return undefined
  const since = systemClock.now()
  const layout = layoutOf(storePlace(flag(from, 'store'), process.env))
  const session = currentSession()
  const scratch = new Scratch(layout, { session, clock: systemClock, random: systemRandom })
  const receipts = new Receipts(layout, { scratch, boot: session.boot })
  const arch = flag(from, 'arch') ?? machineArch()
  const request = receiptRequest({ workspace, arch, from, path: process.env['PATH'] ?? '' })
  const name = receiptName(request)
  const receipt = openReceipt(receipts, name)
  if (receipt === undefined || receipt.head.request !== request) return undefined
  const known = new KnownLeaves(receipt)
  const amendment = openAmendment(receipts, name, receipt.head.id)
  if (amendment !== undefined) known.amend(amendment)
  const stamp = storeStamp(layout)
  const last = amendment?.stamp ?? receipt.head.stamp
  const whole = stamp === last || (!tookAway(last, stamp) && isWhole(layout, receipt, amendment))
  const verdict = known.look(since, Math.min(availableParallelism(), mostThreads))
  return { workspace, arch, layout, receipts, name, known, amendment, whole, stamp, verdict, [Symbol.dispose]: () => scratch.close() }
}

/**
 * Writes down what the look has found out, so that the next one is shorter. Only content that is the same is told of, so it is true of the
 * receipt whatever another process amends meanwhile.
 */
export function rememberLook(previous: PreviousBuild): void {
  const { known, amendment, verdict, stamp, receipts, name } = previous
  if (verdict.touched.length === 0 && stamp === (amendment?.stamp ?? known.receipt.head.stamp)) return
  if (verdict.touched.length < manyTouched) receipts.put(name, encodeAmendment(withTouched(previous, verdict.touched)), 'amendment')
  else settleTouched(previous, verdict.touched, stamp)
}

/**
 * Writes leaves that were only touched into the receipt itself when they are many: after a build from nothing, all that it put into the workspace is young.
 * An amendment of thousands would be read by every build to come, and soon be too long for a build of a part. Returns those that an amendment must tell of.
 */
export function settleTouched({ receipts, name, known, amendment }: Pick<PreviousBuild, 'receipts' | 'name' | 'known' | 'amendment'>, touched: readonly Touched[], stamp?: string): readonly Touched[] {
  if (touched.length < manyTouched) return touched
  const fresh = openReceipt(receipts, name)
  if (fresh?.head.id !== known.receipt.head.id) return touched
  const isOwn = ({ leaf, now }: Touched): boolean => leaf < fresh.table.count && fresh.table.hashAt(leaf) === now.hash && amendment?.leaves.has(leaf) !== true
  for (const each of touched) if (isOwn(each)) fresh.table.set(each.leaf, each.now)
  receipts.put(name, fresh.encode(stamp ?? fresh.head.stamp))
  return touched.filter((each) => !isOwn(each))
}

/** The amendment with leaves as they are now, and the store's stamp of this look. */
export function withTouched({ known, amendment, stamp }: PreviousBuild, touched: readonly Touched[]): Amendment {
  const { receipt } = known
  const leaves = new Map(amendment?.leaves)
  const added = [...known.added]
  for (const { leaf, now } of touched) {
    const at = leaf - receipt.table.count
    const other = added[at]
    if (other === undefined) leaves.set(leaf, now)
    else added[at] = { ...other, leaf: now }
  }
  return {
    receipt: receipt.head.id,
    stamp,
    ms: amendment?.ms ?? 0,
    leaves,
    added,
    dropped: amendment?.dropped ?? [],
    outputs: amendment?.outputs ?? [],
    rows: () => amendment?.rows() ?? new Map(),
  }
}

export function openReceipt(receipts: Receipts, name: string): OpenReceipt | undefined {
  const bytes = receipts.get(name)
  return bytes === undefined ? undefined : OpenReceipt.of(bytes)
}

export function openAmendment(receipts: Receipts, name: string, id: string): Amendment | undefined {
  const bytes = receipts.get(name, 'amendment')
  const amendment = bytes === undefined ? undefined : decodeAmendment(bytes)
  return amendment?.receipt === id ? amendment : undefined
}

/** Whether every output is still in the store. */
export function isWhole(layout: Layout, receipt: OpenReceipt, amendment: Amendment | undefined): boolean {
  return [...receipt.outputs(), ...(amendment?.outputs ?? [])].every(storedIn(layout, systemClock))
}
