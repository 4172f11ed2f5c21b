import { type Digest, parseDigest } from '../base/ids.ts'
import type { TableLeaf } from './leaf-table.ts'
import type { LeafKind } from './leaves.ts'
import type { SnapshotRow } from './snapshot.ts'

/** A leaf that the receipt doesn't have. It is numbered after those that it has. */
export interface AddedLeaf {
  readonly leaf: TableLeaf
  /** Nodes of which an input reads it. */
  readonly readers: readonly number[]
  /** The node of which it is an output in the workspace. */
  readonly owner?: number
}

/**
 * What later builds made of a receipt and its snapshot, all of them together: written whole each time, as small as what changed. The last one to
 * be written counts, and each is true of the receipt that it names: so builds at the same time can't mix two half-truths.
 */
export interface Amendment {
  /** The id of the receipt that it amends. */
  readonly receipt: string
  readonly stamp: string
  /** Milliseconds that the runs of all nodes took, beyond those of the snapshot. */
  readonly ms: number
  /** By the place in the receipt. */
  readonly leaves: ReadonlyMap<number, TableLeaf>
  readonly added: readonly AddedLeaf[]
  /** Places of leaves that nobody reads any more, and that are no outputs any more. */
  readonly dropped: readonly number[]
  /** Outputs that are new since the receipt: each must still be in the store. */
  readonly outputs: readonly Digest[]
  /** By the number of the node. A function, since a build that finds nothing to do asks for none. */
  rows(): ReadonlyMap<number, SnapshotRow>
}

const magic = 'nacre amendment 1'

type EncodedLeaf = readonly [kind: LeafKind, path: string, hash: string, roles: number, young: number, ...stat: string[]]

interface Front {
  readonly magic: string
  readonly receipt: string
  readonly stamp: string
  readonly ms: number
  readonly leaves: readonly (readonly [number, EncodedLeaf])[]
  readonly added: readonly (readonly [EncodedLeaf, readonly number[], number])[]
  readonly dropped: readonly number[]
  readonly outputs: readonly string[]
}

/** Two lines of JSON: what a build without work reads, and the rows. */
export function encodeAmendment(amendment: Amendment): Uint8Array {
  const { receipt, stamp, ms, leaves, added, dropped, outputs } = amendment
  const front: Front = {
    magic, receipt, stamp, ms, dropped, outputs,
    leaves: [...leaves].map(([i, leaf]) => [i, encodeLeaf(leaf)]),
    added: added.map(({ leaf, readers, owner }) => [encodeLeaf(leaf), readers, owner ?? -1]),
  }
  return Buffer.from(`${JSON.stringify(front)}\n${JSON.stringify([...amendment.rows()])}\n`)
}

/** Undefined for bytes that are no amendment of this version. */
export function decodeAmendment(bytes: Uint8Array): Amendment | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const end = text.indexOf('\n')
  const front = readFront(text.toString('utf8', 0, end))
  if (front === undefined) return undefined
  const { receipt, stamp, ms, dropped } = front
  return {
    receipt, stamp, ms, dropped,
    leaves: new Map(front.leaves.map(([i, leaf]) => [i, decodeLeaf(leaf)])),
    added: front.added.map(([leaf, readers, owner]) => ({ leaf: decodeLeaf(leaf), readers, ...(owner >= 0 && { owner }) })),
    outputs: front.outputs.flatMap((output) => parseDigest(output) ?? []),
    rows: () => new Map(parseRows(text.toString('utf8', end + 1))),
  }
}

/** Written by `encodeAmendment` and nobody else. */
function parseRows(text: string): readonly (readonly [number, SnapshotRow])[] {
  return JSON.parse(text)
}

function readFront(line: string): Front | undefined {
  try {
    const front: Front = JSON.parse(line)
    return front.magic === magic ? front : undefined
  } catch {
    return undefined
  }
}

function encodeLeaf({ kind, path, hash, roles, young, stat }: TableLeaf): EncodedLeaf {
  return [kind, path, hash, roles, young ? 1 : 0, ...[stat.size, stat.mtimeNs, stat.ctimeNs, stat.ino, stat.mode].map(String)]
}

function decodeLeaf([kind, path, hash, roles, young, ...stat]: EncodedLeaf): TableLeaf {
  const [size = 0n, mtimeNs = 0n, ctimeNs = 0n, ino = 0n, mode = 0n] = stat.map(BigInt)
  return { kind, path, hash, roles, young: young === 1, stat: { size, mtimeNs, ctimeNs, ino, mode } }
}
