import { type LeafKind, type LeafStat, type Leaf, leafName } from './leaves.ts'

/** A leaf as a finished build knows it. */
export interface TableLeaf extends Leaf {
  /** A sum of `leafRoles`. */
  readonly roles: number
  /** It was so young when it was looked at that it may have changed once more under the same times: only its content tells. */
  readonly young: boolean
}

/** How many leaves one thread takes at a time. */
export const chunkLength = 1024
/** Numbers of a leaf's stat, in the order in which they are kept. */
export const statLength = 5

const kinds: readonly LeafKind[] = ['file', 'symlink', 'listing', 'absent']
const kindBits = 3
const youngBit = 4
const goneBit = 8
const roleShift = 4
const hashLength = 32

/** Sizes that tell where each column begins. */
export interface LeafCounts {
  readonly count: number
  /** Bytes of the paths. */
  readonly text: number
}

/** Where columns begin, in bytes from the table's own beginning, which is a multiple of 8 like the length of the whole. */
export interface LeafColumns {
  readonly stats: number
  readonly starts: number
  readonly hashes: number
  readonly tags: number
  readonly text: number
  readonly length: number
}

export function chunksOf(count: number): number {
  return Math.ceil(count / chunkLength)
}

export function leafColumns({ count, text }: LeafCounts): LeafColumns {
  const starts = count * statLength * 8
  const hashes = starts + (chunksOf(count) + 1) * 8
  const tags = hashes + count * hashLength
  const at = tags + count
  return { stats: 0, starts, hashes, tags, text: at, length: Math.ceil((at + text) / 8) * 8 }
}

/**
 * Leaves as columns, so that 100,000 of them load at once and nothing is made of one that nobody asks for: size, mtime, ctime, inode and
 * mode as 64-bit numbers of this machine's byte order, one row each; for each chunk the place of its first path; the hash as 32 bytes;
 * kind, age and roles as a byte; the paths, each ended by NUL. Several threads may read one table.
 */
export class LeafTable {
  readonly count: number
  readonly columns: LeafColumns
  readonly bytes: Uint8Array
  readonly #counts: LeafCounts
  readonly #stats: BigInt64Array
  readonly #starts: Float64Array
  readonly #tags: Uint8Array
  readonly #text: Buffer
  readonly #hashes: Buffer
  readonly #names = new Map<number, readonly string[]>()

  /** Precondition: `bytes` begin at a multiple of 8 and are as long as the counts say. */
  constructor(bytes: Uint8Array, counts: LeafCounts) {
    const { buffer, byteOffset } = bytes
    const { count } = counts
    this.columns = leafColumns(counts)
    this.count = count
    this.bytes = bytes
    this.#counts = counts
    this.#stats = new BigInt64Array(buffer, byteOffset, count * statLength)
    this.#starts = new Float64Array(buffer, byteOffset + this.columns.starts, chunksOf(count) + 1)
    this.#hashes = Buffer.from(buffer, byteOffset + this.columns.hashes, count * hashLength)
    this.#tags = new Uint8Array(buffer, byteOffset + this.columns.tags, count)
    this.#text = Buffer.from(buffer, byteOffset + this.columns.text, counts.text)
  }

  static of(leaves: readonly TableLeaf[]): LeafTable {
    const paths = Buffer.from(leaves.map(({ path }) => `${path}\0`).join(''))
    const counts = { count: leaves.length, text: paths.length }
    const table = new LeafTable(new Uint8Array(leafColumns(counts).length), counts)
    table.#text.set(paths)
    let at = 0
    leaves.forEach((leaf, i) => {
      if (i % chunkLength === 0) table.#starts[i / chunkLength] = at
      at += Buffer.byteLength(leaf.path) + 1
      table.set(i, leaf)
    })
    table.#starts[chunksOf(leaves.length)] = at
    return table
  }

  get counts(): LeafCounts {
    return this.#counts
  }

  at(i: number): TableLeaf {
    return { kind: this.kindAt(i), path: this.pathAt(i), stat: this.statAt(i), hash: this.hashAt(i), roles: this.rolesAt(i), young: this.youngAt(i) }
  }

  /** Everything but the path, which stays. */
  set(i: number, { kind, stat, hash, roles, young }: Omit<TableLeaf, 'path'>): void {
    const row = i * statLength
    this.#stats[row] = stat.size
    this.#stats[row + 1] = stat.mtimeNs
    this.#stats[row + 2] = stat.ctimeNs
    this.#stats[row + 3] = stat.ino
    this.#stats[row + 4] = stat.mode
    this.#hashes.write(hash, i * hashLength, 'hex')
    this.#tags[i] = kinds.indexOf(kind) | (young ? youngBit : 0) | (roles << roleShift)
  }

  /** Nobody reads it any more. */
  drop(i: number): void {
    this.#tags[i] = goneBit
  }

  droppedAt(i: number): boolean {
    return ((this.#tags[i] ?? 0) & goneBit) !== 0
  }

  kindAt(i: number): LeafKind {
    return kinds[(this.#tags[i] ?? 0) & kindBits] ?? 'absent'
  }

  youngAt(i: number): boolean {
    return ((this.#tags[i] ?? 0) & youngBit) !== 0
  }

  rolesAt(i: number): number {
    return (this.#tags[i] ?? 0) >> roleShift
  }

  statAt(i: number): LeafStat {
    const row = i * statLength
    const number = (column: number): bigint => this.#stats[row + column] ?? 0n
    return { size: number(0), mtimeNs: number(1), ctimeNs: number(2), ino: number(3), mode: number(4) }
  }

  hashAt(i: number): string {
    return this.#hashes.toString('hex', i * hashLength, (i + 1) * hashLength)
  }

  pathAt(i: number): string {
    return this.#chunk(Math.floor(i / chunkLength))[i % chunkLength] ?? ''
  }

  /** The place of a leaf by its name, as of `leafName`. Precondition: the leaves are in the order of their paths. */
  find(name: string): number | undefined {
    const path = name.endsWith('/') ? name.slice(0, -1) : name
    let low = 0
    for (let high = this.count; low < high; ) {
      const middle = (low + high) >> 1
      if (this.pathAt(middle) < path) low = middle + 1
      else high = middle
    }
    // One path may be a file's and a folder's name.
    for (let i = low; i < this.count && this.pathAt(i) === path; i++) if (!this.droppedAt(i) && leafName(this.at(i)) === name) return i
    return undefined
  }

  #chunk(c: number): readonly string[] {
    const known = this.#names.get(c)
    if (known !== undefined) return known
    const names = this.#text.toString('utf8', this.#starts[c], this.#starts[c + 1]).split('\0')
    this.#names.set(c, names)
    return names
  }
}
