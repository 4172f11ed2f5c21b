import { type Adjacency, inverse } from './adjacency.ts'

/** The graph of a finished build in numbers. Nodes are numbered in the order in which the build had them, leaves as in its receipt. */
export interface SnapshotGraph {
  /** Of the receipt of the same build. */
  readonly id: string
  /** Milliseconds that the runs of all nodes took, whenever that was. */
  readonly ms: number
  /** Whatever the caller wants to have again, as text. */
  readonly aside: string
  /** Where each node's text begins, in bytes; one more tells where the last one ends. */
  readonly rowStarts: Float64Array
  /** Nodes that a node needs. */
  readonly needs: Adjacency
  /** Nodes of which an input reads a leaf. */
  readonly readers: Adjacency
  /** The node of which a leaf is an output in the workspace, or `nobody`. */
  readonly owners: Uint32Array
  /** 1 for a node that can be made again by whoever knows its action alone. */
  readonly alone: Uint8Array
}

export interface OpenSnapshotGraph extends SnapshotGraph {
  /** Nodes that need a node. */
  readonly users: Adjacency
}

export const nobody = 0xffff_ffff

const magic = 'nacre snapshot 1\n'
const alignment = 8

/** Lengths of the columns, in numbers. */
interface Head {
  readonly id: string
  readonly ms: number
  readonly aside: string
  readonly byteOrder: number
  readonly nodes: number
  readonly leaves: number
  readonly needs: number
  readonly reads: number
}

const byteOrder = new Uint32Array(new Uint8Array([1, 2, 3, 4]).buffer)[0] ?? 0

/** The magic, a line of JSON, and the columns in the order of `columnsOf`, in this machine's byte order. */
export function encodeSnapshotGraph(graph: SnapshotGraph): Uint8Array {
  const { id, ms, aside, rowStarts, needs, readers, owners, alone } = graph
  const head: Head = { id, ms, aside, byteOrder, nodes: alone.length, leaves: owners.length, needs: needs.items.length, reads: readers.items.length }
  const line = Buffer.from(`${magic}${JSON.stringify(head)}`)
  const padded = Buffer.alloc(Math.ceil((line.length + 1) / alignment) * alignment, ' ')
  padded.set(line)
  padded[padded.length - 1] = 10
  const users = inverse(needs, head.nodes)
  const columns = [rowStarts, needs.starts, needs.items, users.starts, users.items, readers.starts, readers.items, owners, alone]
  return Buffer.concat([padded, ...columns.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength))])
}

/** Views of the bytes; undefined for bytes that are no snapshot, or of another version or machine. Precondition: they begin at a multiple of 8. */
export function openSnapshotGraph(bytes: Uint8Array): OpenSnapshotGraph | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (text.toString('latin1', 0, magic.length) !== magic) return undefined
  const end = text.indexOf('\n', magic.length) + 1
  const head = readHead(text.toString('utf8', magic.length, end))
  if (head === undefined || bytes.byteLength !== end + lengthOf(head)) return undefined
  let at = bytes.byteOffset + end
  const doubles = (count: number): Float64Array => new Float64Array(bytes.buffer, (at += count * 8) - count * 8, count)
  const words = (count: number): Uint32Array => new Uint32Array(bytes.buffer, (at += count * 4) - count * 4, count)
  const { id, ms, aside, nodes, leaves } = head
  const rowStarts = doubles(nodes + 1)
  const needs = { starts: words(nodes + 1), items: words(head.needs) }
  const users = { starts: words(nodes + 1), items: words(head.needs) }
  const readers = { starts: words(leaves + 1), items: words(head.reads) }
  const owners = words(leaves)
  return { id, ms, aside, rowStarts, needs, users, readers, owners, alone: new Uint8Array(bytes.buffer, at, nodes) }
}

function lengthOf({ nodes, leaves, needs, reads }: Head): number {
  return (nodes + 1) * 8 + ((nodes + 1) * 2 + needs * 2 + leaves + 1 + reads + leaves) * 4 + nodes
}

/** Written by `encodeSnapshotGraph` and nobody else; a damaged line is no snapshot. */
function readHead(line: string): Head | undefined {
  try {
    const head: Head = JSON.parse(line)
    return head.byteOrder === byteOrder && [head.nodes, head.leaves, head.needs, head.reads].every(Number.isSafeInteger) ? head : undefined
  } catch {
    return undefined
  }
}
