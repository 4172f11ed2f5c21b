// The leaves of a build: what it read of the workspace, with the stat that it had. Small, because the no-op path loads it.
import { hash } from 'node:crypto'
import { type BigIntStats, lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { byBytes } from '../base/bytes.ts'
import type { NodeId } from '../base/ids.ts'
import { errno } from '../base/result.ts'

/** `listing`: a folder whose names were read, by a glob. `absent`: it was looked for, and its absence mattered. */
export type LeafKind = 'file' | 'symlink' | 'listing' | 'absent'

/** The numbers that change when a file does. Equality counts, never order. */
export interface LeafStat {
  readonly size: bigint
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
  readonly ino: bigint
  readonly mode: bigint
}

export interface Leaf {
  readonly kind: LeafKind
  /** Absolute. */
  readonly path: string
  readonly stat: LeafStat
  /** sha256 in hex: of a file's bytes, a link's target, a folder's names and their types; of nothing when it is absent. */
  readonly hash: string
}

const noStat: LeafStat = { size: 0n, mtimeNs: 0n, ctimeNs: 0n, ino: 0n, mode: 0n }
const executable = 0o100n
/** Of no content. */
const unknownHash = '0'.repeat(64)

/** A folder is followed when it is a link; anything else is looked at as itself. */
export function statLeaf(kind: LeafKind, path: string): LeafStat {
  try {
    const stat = kind === 'listing' ? statSync(path, { bigint: true, throwIfNoEntry: false }) : lstatSync(path, { bigint: true, throwIfNoEntry: false })
    return stat === undefined ? noStat : leafStat(stat)
  } catch (error) {
    // Below a file there is nothing.
    if (errno(error) === 'ENOTDIR') return noStat
    throw error
  }
}

/** Inode numbers are unsigned; they are kept as signed ones, as a receipt writes them. */
export function leafStat({ size, mtimeNs, ctimeNs, ino, mode }: BigIntStats): LeafStat {
  return { size, mtimeNs, ctimeNs, ino: BigInt.asIntN(64, ino), mode }
}

export function sameStat(a: LeafStat, b: LeafStat): boolean {
  return a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs && a.size === b.size && a.ino === b.ino && a.mode === b.mode
}

/** Whether the leaf still has the content that it had, whatever its stat says: reads it again. */
export function sameContent(leaf: Leaf): boolean {
  try {
    if (leaf.kind === 'absent') return statLeaf('absent', leaf.path).ino === 0n
    if (leaf.kind === 'listing') return hashListing(leaf.path) === leaf.hash
    const now = lstatSync(leaf.path, { bigint: true })
    if (typeBits(now.mode) !== typeBits(leaf.stat.mode) || (now.mode & executable) !== (leaf.stat.mode & executable)) return false
    return (leaf.kind === 'symlink' ? hash('sha256', readlinkSync(leaf.path)) : hash('sha256', readFileSync(leaf.path))) === leaf.hash
  } catch (error) {
    if (errno(error) !== undefined) return false
    throw error
  }
}

/** Names and types, as globs see them. */
export function hashListing(path: string): string {
  return hashNames(listing(path))
}

/** Each name after the letter of its type: `d`, `l`, or `f` for anything else. */
function listing(path: string): string[] {
  return readdirSync(path, { withFileTypes: true }).map((entry) => `${entry.isDirectory() ? 'd' : entry.isSymbolicLink() ? 'l' : 'f'}${entry.name}`)
}

function hashNames(names: readonly string[]): string {
  return hash('sha256', [...names].sort(byBytes).join('\0'))
}

/** Why a leaf counts: a planner read it, an input of an action, or it is an output that stands in the workspace. A leaf may have several roles. */
export const leafRoles = { plan: 1, input: 2, output: 4 } as const

/** What all scopes of one recorder share. */
interface Kept {
  /** What is known of leaves that this build hasn't looked at. */
  readonly before: (name: string) => Leaf | undefined
  readonly leaves: Map<string, Leaf>
  readonly planned: Set<string>
  readonly reads: Map<string, string[]>
  readonly owners: Map<string, NodeId>
}

interface Scope {
  readonly kept: Kept
  readonly names: string[]
}

/** Collects the leaves of one build. The first stat of a path counts: it was taken before the content was read. */
export class LeafRecorder {
  /** Milliseconds since the epoch when it was made, before any leaf was looked at. */
  readonly since: number
  readonly #kept: Kept
  readonly #scope: string[] | undefined

  /** `before` tells of leaves as an earlier build left them, for `relist` alone. */
  constructor(since: number, from: { readonly before?: (name: string) => Leaf | undefined } | Scope = {}) {
    this.since = since
    this.#kept = 'kept' in from ? from.kept : { before: from.before ?? (() => undefined), leaves: new Map(), planned: new Set(), reads: new Map(), owners: new Map() }
    this.#scope = 'kept' in from ? from.names : undefined
  }

  /** A recorder of the same leaves that remembers which of them were read through it. What is read through no scope is a planner's. */
  scope(name: string): LeafRecorder {
    const names: string[] = []
    this.#kept.reads.set(name, names)
    return new LeafRecorder(this.since, { kept: this.#kept, names })
  }

  /** Names, as of `leafName`, of what was read through the scope of this name, in its last reading. */
  readBy(scope: string): readonly string[] {
    return this.#kept.reads.get(scope) ?? []
  }

  /** `stat` must be older than the reading of what `hash` stands for. */
  add(leaf: Leaf): void {
    const name = leafName(leaf)
    const known = this.#kept.leaves.get(name)
    if (known === undefined) this.#kept.leaves.set(name, leaf)
    // It changed during the build, and part of the build may have seen the one and part the other: no later look may find it unchanged.
    else if (known.hash !== leaf.hash) this.#kept.leaves.set(name, { ...leaf, stat: { ...noStat, size: -1n }, hash: unknownHash })
    this.#note(name)
  }

  /** For whoever reads a file on its own, a recipe say. */
  file(path: string, stat: LeafStat, hash: string): void {
    this.add({ kind: 'file', path, stat, hash })
  }

  listing(path: string): void {
    if (this.#kept.leaves.has(`${path}/`)) return this.#note(`${path}/`)
    const stat = statLeaf('listing', path)
    if (typeBits(stat.mode) !== directory) return this.absent(path)
    this.add({ kind: 'listing', path, stat, hash: hashListing(path) })
  }

  absent(path: string): void {
    this.add({ kind: 'absent', path, stat: noStat, hash: hash('sha256', '') })
  }

  /** Replaces what is known of a path: for whoever wrote it himself since it was looked at. `owner` is the node of which it is an output. */
  renew(leaf: Leaf, owner?: NodeId): void {
    this.#kept.leaves.delete(leaf.path)
    this.#kept.leaves.set(leafName(leaf), leaf)
    if (owner !== undefined) this.#kept.owners.set(leaf.path, owner)
  }

  /** An output of a node of which nobody knows what stands at its path: the next look finds it changed. */
  doubt(path: string, owner: NodeId): void {
    this.renew({ kind: 'file', path, stat: { ...noStat, size: -1n }, hash: unknownHash }, owner)
  }

  /**
   * Tells of a folder in which the build itself made and removed names that no glob saw, so its listing is another and says the same.
   * When anything else in it changed as well, what was known stays, and no receipt with it holds.
   */
  relist(path: string, change: { readonly made: ReadonlySet<string>; readonly removed: readonly string[] }): void {
    const { leaves, before: earlier } = this.#kept
    const known = leaves.get(`${path}/`) ?? leaves.get(path) ?? earlier(`${path}/`) ?? earlier(path)
    if (known === undefined || (known.kind !== 'listing' && known.kind !== 'absent')) return
    const stat = statLeaf('listing', path)
    if (typeBits(stat.mode) !== directory) return
    const now = listing(path)
    const before = [...now.filter((name) => !change.made.has(name)), ...change.removed]
    const same = known.kind === 'absent' ? before.length === 0 : hashNames(before) === known.hash
    if (same) this.renew({ kind: 'listing', path, stat, hash: hashNames(now) })
  }

  get(name: string): Leaf | undefined {
    return this.#kept.leaves.get(name)
  }

  /** The node of which the file at this path is an output. */
  ownerOf(path: string): NodeId | undefined {
    return this.#kept.owners.get(path)
  }

  /** Of each leaf the sum of its `leafRoles`. */
  roles(): (leaf: Leaf) => number {
    const { planned, owners } = this.#kept
    const inputs = new Set([...this.#kept.reads.values()].flat())
    return (leaf) => {
      const name = leafName(leaf)
      return (planned.has(name) ? leafRoles.plan : 0) | (inputs.has(name) ? leafRoles.input : 0) | (owners.has(name) ? leafRoles.output : 0)
    }
  }

  leaves(): Leaf[] {
    return [...this.#kept.leaves.values()]
  }

  #note(name: string): void {
    if (this.#scope === undefined) this.#kept.planned.add(name)
    else this.#scope.push(name)
  }
}

/** A path may be read as a file and as a folder: a folder's name ends with a slash. */
export function leafName({ kind, path }: Pick<Leaf, 'kind' | 'path'>): string {
  return kind === 'listing' ? `${path}/` : path
}

const directory = 0o040000n

function typeBits(mode: bigint): bigint {
  return mode & 0o170000n
}
