// A root file system as data: what images and build environments are composed in before anything is written anywhere.
import { byBytes, byPath } from '../../base/bytes.ts'
import { Fault } from '../../base/result.ts'
import { type Content, contentDigest } from './content.ts'

interface Common {
  /** Permission bits, 0o7777. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Seconds since the epoch. */
  readonly mtime: number
  readonly xattrs?: ReadonlyMap<string, Uint8Array>
}

export type DirectoryEntry = Common & { readonly kind: 'directory' }
export type FileEntry = Common & { readonly kind: 'file'; readonly content: Content }
export type SymlinkEntry = Common & { readonly kind: 'symlink'; readonly target: string }
/** Another name of the file at `target`, a path of the same tree; mode, owner and time are the file's. */
export type HardlinkEntry = { readonly kind: 'hardlink'; readonly target: string }
export type DeviceEntry = Common & { readonly kind: 'device'; readonly type: 'char' | 'block'; readonly major: number; readonly minor: number }
export type Entry = DirectoryEntry | FileEntry | SymlinkEntry | HardlinkEntry | DeviceEntry

/** What Linux allows on the way to one file (path_resolution(7)). */
const linkLimit = 40

/**
 * Paths (relative, `/` form, no `.` or `..`) to entries. The root itself has no entry.
 * Invariants: an entry's parents are directories of the tree; a hard link's target is a file of the tree.
 */
export class VirtualTree {
  readonly #entries = new Map<string, Entry>()
  /** Names of each file that has several: removing the file must hand it to the next. */
  readonly #names = new Map<string, Set<string>>()
  /** Until the next change. */
  #sorted: readonly (readonly [path: string, entry: Entry])[] | undefined

  get size(): number {
    return this.#entries.size
  }

  get(path: string): Entry | undefined {
    return this.#entries.get(path)
  }

  /** Puts an entry at exactly this path, whose parent is a directory already; what was there before is replaced. */
  set(path: string, entry: Entry): void {
    const parent = parentOf(path)
    if (parent !== '' && this.#entries.get(parent)?.kind !== 'directory') throw new Fault('internal', `"${parent}" is not a directory, so "${path}" can't be in it`)
    if (entry.kind === 'hardlink' && this.#entries.get(entry.target)?.kind !== 'file') throw new Fault('internal', `"${path}" links to "${entry.target}", which is not a file`)
    this.#sorted = undefined
    const old = this.#entries.get(path)
    if (old !== undefined && !(old.kind === entry.kind && old.kind !== 'hardlink')) this.remove(path)
    this.#entries.set(path, entry)
    if (entry.kind === 'hardlink') this.#names.set(entry.target, (this.#names.get(entry.target) ?? new Set()).add(path))
  }

  /** Removes an entry, and all below a directory. A file with other names lives on under the first of them. */
  remove(path: string): void {
    const entry = this.#entries.get(path)
    if (entry === undefined) return
    this.#sorted = undefined
    this.#entries.delete(path)
    if (entry.kind === 'hardlink') this.#names.get(entry.target)?.delete(path)
    if (entry.kind === 'file') this.#promote(path, entry)
    if (entry.kind === 'directory') for (const below of [...this.#entries.keys()]) if (below.startsWith(`${path}/`)) this.remove(below)
  }

  /** Makes the directory and its missing parents, and answers its real path; undefined when something else is in the way. */
  makeDirectory(path: string, entry: DirectoryEntry, parents: DirectoryEntry = plainDirectory): string | undefined {
    if (this.#entries.get(path)?.kind === 'directory') return path
    let at = ''
    const parts = path === '' ? [] : path.split('/')
    for (const [index, part] of parts.entries()) {
      const here = join(at, part)
      const real = this.resolve(here)
      if (real === undefined) {
        if (this.#entries.has(here)) return undefined
        this.set(here, index === parts.length - 1 ? entry : parents)
        at = here
      } else if (real === '' || this.#entries.get(real)?.kind === 'directory') at = real
      else return undefined
    }
    return at
  }

  /** The path with every symbolic link on it followed, or undefined when nothing is there. */
  resolve(path: string): string | undefined {
    return this.#walk(path, true)
  }

  /** Like `resolve`, but a link at the last part is not followed. */
  resolveParent(path: string): string | undefined {
    return this.#walk(path, false)
  }

  /** The file that a path leads to, through symbolic and hard links. */
  file(path: string): FileEntry | undefined {
    const real = this.resolve(path)
    const entry = real === undefined ? undefined : this.#entries.get(real)
    const target = entry?.kind === 'hardlink' ? this.#entries.get(entry.target) : entry
    return target?.kind === 'file' ? target : undefined
  }

  /** All entries, parents before children, each directory's names in byte order. */
  sorted(): readonly (readonly [path: string, entry: Entry])[] {
    return (this.#sorted ??= [...this.#entries].sort(([a], [b]) => byPath(a, b)))
  }

  /** Names directly in a directory, in byte order. */
  names(directory: string): readonly string[] {
    const prefix = directory === '' ? '' : `${directory}/`
    const inside = [...this.#entries.keys()].filter((path) => path.startsWith(prefix) && path !== '' && !path.includes('/', prefix.length))
    return inside.map((path) => path.slice(prefix.length)).sort(byBytes)
  }

  #promote(path: string, file: FileEntry): void {
    const names = [...(this.#names.get(path) ?? [])].sort(byPath)
    this.#names.delete(path)
    const [heir, ...rest] = names
    if (heir === undefined) return
    this.#entries.set(heir, file)
    for (const name of rest) this.set(name, { kind: 'hardlink', target: heir })
  }

  #walk(path: string, followLast: boolean): string | undefined {
    // Parents of an entry are directories, so where there is an entry no link is on the way to it.
    const direct = this.#entries.get(path)
    if (direct !== undefined && (direct.kind !== 'symlink' || !followLast)) return path
    let at = ''
    let links = 0
    const rest = path.split('/').filter((part) => part !== '' && part !== '.').reverse()
    for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
      if (part === '..') {
        at = parentOf(at)
        continue
      }
      const here = join(at, part)
      const entry = this.#entries.get(here)
      if (entry === undefined) return undefined
      if (entry.kind === 'symlink' && (followLast || rest.length > 0)) {
        if (++links > linkLimit) return undefined
        if (entry.target.startsWith('/')) at = ''
        rest.push(...entry.target.split('/').filter((piece) => piece !== '' && piece !== '.').reverse())
      } else if (rest.length > 0 && entry.kind !== 'directory') return undefined
      else at = here
    }
    return at
  }
}

export const plainDirectory: DirectoryEntry = { kind: 'directory', mode: 0o755, uid: 0, gid: 0, mtime: 0 }

/** A generated file: root's, of time 0, so that what is generated does not change with the date. */
export function plainFile(content: Content, mode = 0o644): FileEntry {
  return { kind: 'file', mode, uid: 0, gid: 0, mtime: 0, content }
}

export function plainSymlink(target: string): SymlinkEntry {
  return { kind: 'symlink', mode: 0o777, uid: 0, gid: 0, mtime: 0, target }
}

export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash === -1 ? '' : path.slice(0, slash)
}

export function join(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`
}

/** Whether two entries would unpack to the same. */
export function sameEntry(a: Entry, b: Entry): boolean {
  if (a === b) return true
  if (a.kind === 'hardlink' || b.kind === 'hardlink') return a.kind === b.kind && 'target' in a && 'target' in b && a.target === b.target
  if (a.kind !== b.kind || a.mode !== b.mode || a.uid !== b.uid || a.gid !== b.gid || a.mtime !== b.mtime || !sameXattrs(a, b)) return false
  if (a.kind === 'file' && b.kind === 'file') return a.content === b.content || contentDigest(a.content) === contentDigest(b.content)
  if (a.kind === 'symlink' && b.kind === 'symlink') return a.target === b.target
  if (a.kind === 'device' && b.kind === 'device') return a.type === b.type && a.major === b.major && a.minor === b.minor
  return true
}

function sameXattrs(a: Common, b: Common): boolean {
  if ((a.xattrs?.size ?? 0) !== (b.xattrs?.size ?? 0)) return false
  for (const [name, value] of a.xattrs ?? []) if (Buffer.compare(value, b.xattrs?.get(name) ?? Buffer.alloc(0)) !== 0) return false
  return true
}
