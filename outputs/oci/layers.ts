// What each layer holds. A package layer is a function of its packages alone; the top layer is what is left between the stack and the root.
import { byPath } from '../../base/bytes.ts'
import { installedText } from '../apk/installed-db.ts'
import { textContent } from '../rootfs/content.ts'
import { installPackages, type PackageFiles } from '../rootfs/install-packages.ts'
import { databaseFolder, writeFile } from '../rootfs/os-files.ts'
import { type Entry, join, parentOf, plainDirectory, plainSymlink, sameEntry, VirtualTree } from '../rootfs/virtual-tree.ts'

/** One entry of a layer; `.wh.NAME` entries hide what lower layers have (image-spec layer.md, whiteouts). */
export type LayerEntry = readonly [path: string, entry: Entry]

/** A symbolic link of another package that leads into folders which this layer's packages write to. */
export type OutsideLink = readonly [path: string, target: string]

/**
 * The layer of a group of packages: their files, the folders on the way, and a database of just them, so that scanners that look at one
 * layer see whose files these are. Nothing in it depends on any other package or on the image's configuration, but for links from outside.
 */
export function packageLayer(packages: readonly PackageFiles[], links: readonly OutsideLink[]): readonly LayerEntry[] {
  const tree = new VirtualTree()
  for (const [path, target] of links) {
    tree.makeDirectory(parentOf(path), plainDirectory)
    tree.makeDirectory(leadsTo(path, target), plainDirectory)
    if (tree.get(path) === undefined) tree.set(path, plainSymlink(target))
  }
  const { owners, installed } = installPackages(tree, packages)
  writeFile(tree, `${databaseFolder}/installed`, textContent(installedText(installed)))
  const outside = new Set(links.map(([path]) => path))
  return aligned(tree.sorted().filter(([path]) => !outside.has(path) || owners.has(path)))
}

/** The links of a root that a group's packages write through without owning them. */
export function outsideLinks(root: VirtualTree, packages: readonly PackageFiles[], owners: ReadonlyMap<string, string>): readonly OutsideLink[] {
  const own = new Set(packages.map(({ record }) => record.name))
  const found = new Map<string, string>()
  for (const folder of new Set(packages.flatMap(({ entries }) => entries.map(({ path, kind }) => (kind === 'directory' ? path : parentOf(path)))))) {
    for (let at = folder; at !== ''; at = parentOf(at)) {
      const real = root.resolveParent(at)
      const entry = real === undefined ? undefined : root.get(real)
      if (real !== undefined && entry?.kind === 'symlink' && !own.has(owners.get(real) ?? '')) found.set(real, entry.target)
    }
  }
  return [...found].sort(([a], [b]) => byPath(a, b))
}

/** What must lie on the stack of package layers to make it the root: every folder as it is in the end, what differs, and whiteouts. */
export function topLayer(root: VirtualTree, below: readonly (readonly LayerEntry[])[]): readonly LayerEntry[] {
  const stack = new VirtualTree()
  for (const layer of below) applyLayer(stack, layer)
  return onTop(root, { get: (path) => stack.get(path), paths: () => stack.sorted().map(([path]) => path) })
}

/**
 * The same over layers of packages of which each puts its files at their own paths, and none where another has one: then the stack has what
 * installing them gave, and no layer need be composed to know it. Undefined where it may be otherwise.
 */
export function topOfLonePackages(root: VirtualTree, packages: readonly PackageFiles[], installed: ReadonlyMap<string, Entry>): readonly LayerEntry[] | undefined {
  const folders = new Set<string>()
  let files = 0
  for (const { path, kind } of packages.flatMap(({ entries }) => entries)) {
    if (kind === 'directory') folders.add(path)
    else if (!installed.has(path)) return undefined
    else {
      files++
      folders.add(parentOf(path))
    }
  }
  if (files !== installed.size) return undefined
  for (const path of folders) if (!isFolder(root, path)) return undefined
  return onTop(root, { get: (path) => installed.get(path), paths: () => [...installed.keys()].sort(byPath) })
}

interface Stack {
  get(path: string): Entry | undefined
  paths(): readonly string[]
}

function onTop(root: VirtualTree, stack: Stack): readonly LayerEntry[] {
  const changed = new Set<string>()
  const sorted = root.sorted()
  for (const [path, entry] of sorted) {
    const under = stack.get(path)
    if (entry.kind === 'directory' || under === undefined || !sameEntry(under, entry)) changed.add(entry.kind === 'hardlink' ? entry.target : path).add(path)
  }
  const kept = sorted.filter(([path, entry]) => changed.has(path) || (entry.kind === 'hardlink' && changed.has(entry.target)))
  return [...whiteouts(root, stack), ...kept].sort(([a], [b]) => byPath(a, b))
}

/** Unpacks a layer over a tree, as a runtime would. */
export function applyLayer(tree: VirtualTree, layer: readonly LayerEntry[]): void {
  for (const [path] of layer) {
    const name = path.slice(path.lastIndexOf('/') + 1)
    if (name.startsWith('.wh.')) tree.remove(join(parentOf(path), name.slice(4)))
  }
  for (const [path, entry] of layer) {
    if (path.slice(path.lastIndexOf('/') + 1).startsWith('.wh.')) continue
    const old = tree.get(path)
    if (old !== undefined && !(old.kind === 'directory' && entry.kind === 'directory')) tree.remove(path)
    tree.set(path, entry)
  }
}

/** Where a link leads if nothing on the way is a link. */
function leadsTo(path: string, target: string): string {
  const parts: string[] = target.startsWith('/') ? [] : parentOf(path).split('/').filter((part) => part !== '')
  for (const part of target.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return parts.join('/')
}

/**
 * Folders that hold something, each with the time of the first thing in it: a folder's time is whichever package came last, so it would
 * make the layer depend on more than its own content. Empty folders are the top layer's.
 */
function aligned(entries: readonly LayerEntry[]): readonly LayerEntry[] {
  const result: LayerEntry[] = []
  let time: number | undefined
  let last = ''
  for (const [path, entry] of entries.toReversed()) {
    if (entry.kind !== 'directory') {
      if (entry.kind !== 'hardlink') time = entry.mtime
      last = path
      result.push([path, entry])
    } else if (last.startsWith(`${path}/`)) result.push([path, { ...entry, mtime: time ?? entry.mtime }])
  }
  return result.reverse()
}

function whiteouts(root: VirtualTree, stack: Stack): readonly LayerEntry[] {
  const gone = stack.paths().filter((path) => root.get(path) === undefined && isFolder(root, parentOf(path)))
  return gone.map((path) => [join(parentOf(path), `.wh.${path.slice(path.lastIndexOf('/') + 1)}`), hidden])
}

function isFolder(tree: VirtualTree, path: string): boolean {
  return path === '' || tree.get(path)?.kind === 'directory'
}

const hidden: Entry = { kind: 'file', mode: 0o644, uid: 0, gid: 0, mtime: 0, content: { kind: 'bytes', bytes: new Uint8Array() } }
