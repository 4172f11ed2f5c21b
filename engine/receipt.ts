// The first of the three ways to decide what to run: a finished build leaves a receipt, and when every leaf is as it was there is nothing
// to do. This file and what it imports are all that a build which finds nothing to do loads.
import { type Digest, parseDigest } from '../base/ids.ts'
import { leafColumns, LeafTable, type TableLeaf } from './leaf-table.ts'
import type { LeafRecorder, LeafStat } from './leaves.ts'

/** What a receipt says before its leaves. */
export interface ReceiptHead {
  /** A name that no other receipt has: the snapshot of the same build, and what later builds amend, bear it too. */
  readonly id: string
  /** Everything that decides what was asked for, in one text: targets, options, the program's version. */
  readonly request: string
  /** Whatever the caller wants to have again when there is nothing to do, as text. */
  readonly outcome: string
  /** Of the store (cache/stamp.ts) when every output was in it; empty when nobody knows. */
  readonly stamp: string
}

export interface Receipt extends ReceiptHead {
  readonly leaves: readonly TableLeaf[]
  /** What was wanted: each must still be in the store. */
  readonly outputs: readonly Digest[]
}

/** Nanoseconds: a leaf that was this young when it was looked at may have changed once more under the same time. */
const tick = 50_000_000n
/** The same for file systems that keep whole seconds, or two (FAT). */
const coarseTick = 2_000_000_000n
const second = 1_000_000_000n

const magic = 'nacre receipt 2\n'
/** Of the head; columns of numbers follow it. */
const alignment = 8
/** Reads wrongly on a machine of another byte order, which has no use for the columns. */
const byteOrder = new Uint32Array(new Uint8Array([1, 2, 3, 4]).buffer)[0] ?? 0

interface Frame extends ReceiptHead {
  readonly byteOrder: number
  readonly count: number
  readonly text: number
}

/** The leaves of a build for its receipt, in the order of their paths: neighbours in a folder are looked at one after the other. */
export function tableLeaves(leaves: LeafRecorder): TableLeaf[] {
  const roles = leaves.roles()
  const all = leaves.leaves().map((leaf) => ({ ...leaf, roles: roles(leaf), young: isYoung(leaf.stat, leaves.since) }))
  return all.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
}

/** Whether a leaf that was looked at after `since`, milliseconds since the epoch, may have changed once more without its stat showing it. */
export function isYoung({ mtimeNs, ctimeNs }: LeafStat, since: number): boolean {
  const coarse = mtimeNs % second === 0n && ctimeNs % second === 0n
  const young = BigInt(Math.floor(since)) * 1_000_000n - (coarse ? coarseTick : tick)
  return mtimeNs >= young || ctimeNs >= young
}

/** The receipt's bytes: the magic, a line of JSON, the leaves as columns (leaf-table.ts), the outputs as lines. */
export function encodeReceipt({ leaves, outputs, ...head }: Receipt): Uint8Array {
  return joinReceipt(head, LeafTable.of(leaves), outputs.join('\n'))
}

/** A receipt that was read. Its table may be amended in place: the bytes are the reader's own. */
export class OpenReceipt {
  readonly head: ReceiptHead
  readonly table: LeafTable
  readonly #outputs: Buffer

  private constructor(head: ReceiptHead, table: LeafTable, outputs: Buffer) {
    this.head = head
    this.table = table
    this.#outputs = outputs
  }

  /** Undefined for bytes that are no receipt, or of another version or machine. Precondition: they begin at a multiple of 8. */
  static of(bytes: Uint8Array): OpenReceipt | undefined {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    if (buffer.toString('latin1', 0, magic.length) !== magic) return undefined
    const end = buffer.indexOf('\n', magic.length) + 1
    const frame = readFrame(buffer.toString('utf8', magic.length, end))
    if (frame === undefined || end % alignment !== 0) return undefined
    const { byteOrder: _, count, text, ...head } = frame
    if (bytes.byteLength < end + leafColumns({ count, text }).length) return undefined
    const table = new LeafTable(bytes.subarray(end), { count, text })
    return new OpenReceipt(head, table, buffer.subarray(end + table.columns.length))
  }

  outputs(): Digest[] {
    return this.#outputs.toString('latin1').split('\n').flatMap((line) => parseDigest(line) ?? [])
  }

  /** The bytes of the same receipt, with the leaves and the stamp as they are now. */
  encode(stamp: string): Uint8Array {
    return joinReceipt({ ...this.head, stamp }, this.table, this.#outputs)
  }
}

function joinReceipt(head: ReceiptHead, table: LeafTable, outputs: string | Uint8Array): Uint8Array {
  const frame: Frame = { ...head, byteOrder, ...table.counts }
  const line = Buffer.from(`${magic}${JSON.stringify(frame)}`)
  const padded = Buffer.alloc(Math.ceil((line.length + 1) / alignment) * alignment, ' ')
  padded.set(line)
  padded[padded.length - 1] = 10
  return Buffer.concat([padded, table.bytes.subarray(0, table.columns.length), typeof outputs === 'string' ? Buffer.from(outputs) : outputs])
}

/** Written by `joinReceipt` and nobody else; a damaged line is no receipt. */
function readFrame(line: string): Frame | undefined {
  try {
    const frame: Frame = JSON.parse(line)
    return frame.byteOrder === byteOrder && Number.isSafeInteger(frame.count) && Number.isSafeInteger(frame.text) ? frame : undefined
  } catch {
    return undefined
  }
}
