import { lstatSync, mkdirSync, readlinkSync, renameSync, rmdirSync, rmSync, symlinkSync, unlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { absPath, type AbsPath, type RelPath } from '../../base/ids.ts'
import { errno, Fault } from '../../base/result.ts'
import type { Store } from '../../cache/store.ts'
import { writeContent } from '../../cache/content-write.ts'
import { type LeafStat, sameStat, statLeaf } from '../../engine/leaves.ts'
import { recordFolder } from '../../recipes/workspace/record-folder.ts'
import type { OutputRecord, Owned, Placed } from './put-back-record.ts'

/** What stands at the path of an output. */
export type Standing =
  /** The output itself, with the stat that it had before it was read or after it was written. */
  | { readonly kind: 'same'; readonly stat: LeafStat; readonly content: Placed }
  | { readonly kind: 'other' }
  /** Somebody's own file, folder or link, at this path. */
  | { readonly kind: 'blocked'; readonly by: string }

/** Names that came and went in a folder, each after the letter of its type (engine/leaves.ts). */
export interface FolderChange {
  readonly made: Set<string>
  readonly removed: string[]
}

/** The folder of a workspace as the place of outputs. Every change is one rename, unlink or mkdir; nothing is written through a link. */
export class OutputFolder {
  /** By absolute path. */
  readonly changes = new Map<string, FolderChange>()
  readonly #workspace: AbsPath
  readonly #store: Store
  readonly #record: OutputRecord
  readonly #stale: ReadonlyMap<string, Owned>
  /** Folders that are known to be folders, all the way. */
  readonly #folders = new Set<string>(['.'])
  #next = 0

  constructor(parts: { readonly workspace: AbsPath; readonly store: Store; readonly record: OutputRecord; readonly stale: ReadonlyMap<string, Owned> }) {
    this.#workspace = parts.workspace
    this.#store = parts.store
    this.#record = parts.record
    this.#stale = parts.stale
    if (lstatSync(this.#place(recordFolder), { throwIfNoEntry: false }) === undefined) this.#note(recordFolder, 'made', 'd')
  }

  async look(path: RelPath, content: Placed): Promise<Standing> {
    const by = this.#blocker(dirname(path))
    if (by !== undefined) return { kind: 'blocked', by }
    if (!this.#folders.has(dirname(path))) return { kind: 'other' }
    const place = this.#place(path)
    const stat = statLeaf('file', place)
    if (stat.ino === 0n) return { kind: 'other' }
    if (await this.#holds(place, stat, content)) return { kind: 'same', stat, content }
    if (isFolder(stat)) return this.#emptied(path) ? { kind: 'other' } : { kind: 'blocked', by: path }
    return this.#record.files.has(path) ? { kind: 'other' } : { kind: 'blocked', by: path }
  }

  /** Precondition: `look` didn't find it blocked. A copy, or a reflink: nothing that is done to it reaches the store. */
  async place(path: RelPath, content: Placed): Promise<Standing> {
    this.#makeFolder(dirname(path))
    const temporary = this.#temporary()
    if (content.kind === 'symlink') symlinkSync(content.target, temporary)
    else if (!(await writeContent(this.#store.cas, { digest: content.digest, mode: content.executable ? 0o755 : 0o644 }, absPath(temporary)))) {
      throw new Fault('machine', `"${path}" went out of the store while it was put into the workspace`, { hint: 'Build again' })
    }
    const place = this.#place(path)
    const before = lstatSync(place, { throwIfNoEntry: false })
    const written = statLeaf('file', temporary)
    this.#rename(temporary, place)
    if (before !== undefined) this.#note(path, 'removed', before.isSymbolicLink() ? 'l' : 'f')
    this.#note(path, 'made', content.kind === 'symlink' ? 'l' : 'f')
    const stat = statLeaf('file', place)
    // A rename changes the change time alone; anything else was somebody who came after.
    return sameStat({ ...stat, ctimeNs: 0n }, { ...written, ctimeNs: 0n }) ? { kind: 'same', stat, content } : { kind: 'other' }
  }

  /** Removes an output that is still what was put there, and the folders that were made for it when nothing is left in them. */
  async remove(path: RelPath, content: Placed): Promise<boolean> {
    const place = this.#place(path)
    this.#blocker(dirname(path))
    const stat = this.#folders.has(dirname(path)) ? statLeaf('file', place) : undefined
    if (stat === undefined || stat.ino === 0n || !(await this.#holds(place, stat, content))) return false
    unlinkSync(place)
    this.#note(path, 'removed', content.kind === 'symlink' ? 'l' : 'f')
    for (let folder = dirname(path); folder !== '.' && this.#record.folders.has(folder); folder = dirname(folder)) {
      if (!removeEmpty(this.#place(folder))) break
      this.#record.folders.delete(folder)
      this.#folders.delete(folder)
      this.#note(folder, 'removed', 'd')
    }
    return true
  }

  /** What an interrupted run left, and this one. */
  clean(): void {
    rmSync(join(this.#workspace, recordFolder, 'tmp'), { recursive: true, force: true })
  }

  async #holds(place: AbsPath, stat: LeafStat, content: Placed): Promise<boolean> {
    const type = stat.mode & 0o170000n
    if (content.kind === 'symlink') return type === 0o120000n && readlinkSync(place) === content.target
    return type === 0o100000n && (stat.mode & 0o100n) !== 0n === content.executable && (await this.#store.statMemo.digest(place)) === content.digest
  }

  /** The first thing on the way that is there and no folder. A former output that is about to go is none. */
  #blocker(folder: string): string | undefined {
    if (this.#folders.has(folder)) return undefined
    const above = this.#blocker(dirname(folder))
    // Below what is not there, or is about to go, there is nothing.
    if (above !== undefined || !this.#folders.has(dirname(folder))) return above
    const stat = lstatSync(this.#place(folder), { throwIfNoEntry: false })
    if (stat?.isDirectory() === true) this.#folders.add(folder)
    else if (stat !== undefined && !this.#stale.has(folder)) return folder
    return undefined
  }

  /** A folder in which there are only former outputs will be gone when its place is needed. */
  #emptied(folder: RelPath): boolean {
    return this.#record.folders.has(folder) && [...this.#stale.keys()].some((path) => path.startsWith(`${folder}/`))
  }

  #makeFolder(folder: string): void {
    if (this.#folders.has(folder)) return
    this.#makeFolder(dirname(folder))
    try {
      mkdirSync(this.#place(folder))
      this.#record.folders.add(folder)
      this.#note(folder, 'made', 'd')
    } catch (error) {
      if (errno(error) !== 'EEXIST') throw cannotWrite(folder, error)
    }
    this.#folders.add(folder)
  }

  #rename(from: string, to: string): void {
    try {
      renameSync(from, to)
    } catch (error) {
      throw cannotWrite(to, error)
    }
  }

  #temporary(): string {
    const folder = join(this.#workspace, recordFolder, 'tmp')
    if (this.#next === 0) {
      this.clean()
      mkdirSync(folder, { recursive: true })
    }
    return join(folder, String(this.#next++))
  }

  #note(path: string, what: keyof FolderChange, type: 'd' | 'f' | 'l'): void {
    const folder = dirname(this.#place(path))
    const change = this.changes.get(folder) ?? { made: new Set<string>(), removed: [] }
    const name = `${type}${path.slice(path.lastIndexOf('/') + 1)}`
    this.changes.set(folder, change)
    if (what === 'made') change.made.add(name)
    // What was made and removed in one run was never there for a glob.
    else if (!change.made.delete(name)) change.removed.push(name)
  }

  #place(path: string): AbsPath {
    return absPath(join(this.#workspace, path))
  }
}

function isFolder(stat: LeafStat): boolean {
  return (stat.mode & 0o170000n) === 0o040000n
}

function removeEmpty(folder: string): boolean {
  try {
    rmdirSync(folder)
    return true
  } catch (error) {
    if (errno(error) === undefined) throw error
    return false
  }
}

function cannotWrite(path: string, error: unknown): unknown {
  const code = errno(error)
  return code === undefined ? error : new Fault('machine', `Output "${path}" can't be put into the workspace: ${code}`, { cause: error })
}
