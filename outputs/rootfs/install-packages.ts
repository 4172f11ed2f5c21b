// Packages' files into a tree that can be edited further. Who may overwrite whom is decided in apk/install.ts.
import type { Diagnostic } from '../../base/diagnostic.ts'
import { Fault } from '../../base/result.ts'
import { planInstall } from '../apk/install.ts'
import type { InstalledPackage } from '../apk/installed-db.ts'
import type { ApkEntry } from '../apk/read.ts'
import type { PackageRecord } from '../apk/record.ts'
import type { Content } from './content.ts'
import { type DirectoryEntry, type Entry, join, parentOf, plainDirectory, type VirtualTree } from './virtual-tree.ts'

/** A package as `readApk` gives it, and where the bytes of its files are. */
export interface PackageFiles extends InstalledPackage {
  /** By path, for every regular file. */
  readonly contents: ReadonlyMap<string, Content>
}

export interface Installation {
  /** Real path of everything but directories to the name of its package. */
  readonly owners: ReadonlyMap<string, string>
  /** The packages in the same order, each with the entries that are its own in the end: what the installed database says. */
  readonly installed: readonly InstalledPackage[]
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * Installs in the order given. Unlike in apko's images, owners and the sticky bit stay as packaged; as with apk, set-gid of directories
 * goes. A directory has the time of the last package that has it.
 */
export function installPackages(tree: VirtualTree, packages: readonly PackageFiles[]): Installation {
  const plan = planInstall(packages)
  if (plan.kind === 'complaints') return { owners: new Map(), installed: [], diagnostics: plan.diagnostics }
  const owners = new Map<string, string>()
  for (const { path, entry, owner } of plan.value.paths.values()) {
    const from = packages[owner]
    if (from === undefined) throw new Fault('internal', `"${path}" belongs to no package`)
    if (entry.kind === 'directory') tree.makeDirectory(path, directory(entry), { ...plainDirectory, mtime: entry.mtime })
    else installFile(tree, { path, entry, from, owners })
  }
  touchDirectories(tree, packages)
  return { owners, installed: packages.map((one, index) => ({ ...one, entries: plan.value.owned[index] ?? [] })), diagnostics: [] }
}

/** The source package: a package that names none is its own. */
export function originOf(record: PackageRecord): string {
  return record.origin === '' ? record.name : record.origin
}

interface Placement {
  readonly path: string
  readonly entry: ApkEntry
  readonly from: PackageFiles
  readonly owners: Map<string, string>
}

const setGid = 0o2000

function installFile(tree: VirtualTree, { path, entry, from, owners }: Placement): void {
  const parent = tree.makeDirectory(parentOf(path), { ...plainDirectory, mtime: entry.mtime })
  if (parent === undefined) throw new Fault('internal', `"${parentOf(path)}" is not a directory, though "${path}" was planned into it`)
  const place = join(parent, path.slice(path.lastIndexOf('/') + 1))
  tree.set(place, entry.kind === 'hardlink' ? linkOf(tree, entry, { from, owners }) : nodeOf(entry, from))
  owners.set(place, from.record.name)
}

/** A hard link whose target another package has overwritten keeps its own package's bytes. */
function linkOf(tree: VirtualTree, entry: ApkEntry, { from, owners }: Pick<Placement, 'from' | 'owners'>): Entry {
  const target = tree.resolveParent(entry.link ?? '')
  const there = target === undefined ? undefined : tree.get(target)
  if (target !== undefined && there?.kind === 'file' && owners.get(target) === from.record.name) return { kind: 'hardlink', target }
  if (there?.kind === 'hardlink' && owners.get(there.target) === from.record.name) return there
  return { kind: 'file', ...common(entry), content: contentOf(entry.link ?? '', from) }
}

function nodeOf(entry: ApkEntry, from: PackageFiles): Entry {
  switch (entry.kind) {
    case 'file':
      return { kind: 'file', ...common(entry), content: contentOf(entry.path, from) }
    case 'symlink':
      return { kind: 'symlink', ...common(entry), mode: 0o777, target: entry.link ?? '' }
    case 'directory':
      return directory(entry)
    default:
      throw new Fault('internal', `a package can't put a ${entry.kind} into a root: "${entry.path}"`)
  }
}

function contentOf(path: string, { record, contents }: PackageFiles): Content {
  const content = contents.get(path)
  if (content === undefined) throw new Fault('internal', `the content of "${path}" of ${record.name} was not given`)
  return content
}

function directory(entry: ApkEntry): DirectoryEntry {
  return { kind: 'directory', ...common(entry), mode: entry.mode & ~setGid }
}

function common({ mode, uid, gid, mtime, xattrs }: ApkEntry): Pick<DirectoryEntry, 'mode' | 'uid' | 'gid' | 'mtime' | 'xattrs'> {
  const values = Object.entries(xattrs).map(([name, value]) => [name, Buffer.from(value)] as const)
  return { mode, uid, gid, mtime, ...(values.length === 0 ? {} : { xattrs: new Map(values) }) }
}

function touchDirectories(tree: VirtualTree, packages: readonly PackageFiles[]): void {
  for (const { entries } of packages) {
    for (const { path, kind, mtime } of entries) {
      const real = kind === 'directory' ? tree.resolve(path) : undefined
      const there = real === undefined ? undefined : tree.get(real)
      if (real !== undefined && there?.kind === 'directory') tree.set(real, { ...there, mtime })
    }
  }
}
