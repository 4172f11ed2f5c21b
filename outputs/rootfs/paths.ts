// `paths` of an image configuration: what the image holds beside its packages (apko's path mutations).
import type { Diagnostic } from '../../base/diagnostic.ts'
import { textContent } from './content.ts'
import { type Entry, join, parentOf, plainDirectory, plainFile, plainSymlink, type VirtualTree } from './virtual-tree.ts'

export interface PathMutation {
  /** Absolute in the image. */
  readonly path: string
  readonly type: 'directory' | 'empty-file' | 'hardlink' | 'symlink' | 'permissions'
  /** Left as they are (0 for something new) when left out. */
  readonly uid?: number
  readonly gid?: number
  readonly permissions?: number
  /** What a link points at. */
  readonly source?: string
  /** Applies owner and permissions to everything below as well. */
  readonly recursive?: boolean
}

/** Applies them in order. Unlike apko a hard link is one, a symbolic link's permissions are its own, and new parents are 0755 root. */
export function mutatePaths(tree: VirtualTree, mutations: readonly PathMutation[]): readonly Diagnostic[] {
  return mutations.flatMap((mutation) => {
    const path = mutation.path.replace(/^\/+|\/+$/g, '').replace(/\/+/g, '/')
    if (path === '' || path.split('/').some((part) => part === '..' || part === '.')) return [refuse(mutation, 'is not a path in the image')]
    const complaint = mutate(tree, path, mutation)
    return complaint === undefined ? [] : [refuse(mutation, complaint)]
  })
}

function mutate(tree: VirtualTree, path: string, mutation: PathMutation): string | undefined {
  switch (mutation.type) {
    case 'directory':
      return makeDirectory(tree, path, mutation)
    case 'empty-file':
      return makeFile(tree, path, mutation)
    case 'hardlink':
      return makeHardlink(tree, path, mutation)
    case 'symlink':
      return makeSymlink(tree, path, mutation)
    case 'permissions': {
      const real = tree.resolve(path)
      if (real === undefined || real === '') return 'does not exist'
      changeAll(tree, real, mutation)
    }
  }
}

function makeDirectory(tree: VirtualTree, path: string, mutation: PathMutation): string | undefined {
  const real = tree.makeDirectory(path, plainDirectory)
  if (real === undefined) return 'exists and is not a directory'
  changeAll(tree, real, mutation)
}

function makeFile(tree: VirtualTree, path: string, mutation: PathMutation): string | undefined {
  const place = newPlace(tree, path)
  const real = place === undefined ? undefined : (tree.resolve(place) ?? place)
  const old = real === undefined ? undefined : tree.get(real)
  if (real === undefined || (old !== undefined && old.kind !== 'file')) return 'exists and is not a file'
  tree.set(real, { ...plainFile(textContent('')), ...(old === undefined ? {} : { mode: old.mode, uid: old.uid, gid: old.gid }) })
  change(tree, real, mutation)
}

function makeHardlink(tree: VirtualTree, path: string, mutation: PathMutation): string | undefined {
  const source = tree.resolve(mutation.source ?? '')
  const entry = source === undefined ? undefined : tree.get(source)
  if (source === undefined || (entry?.kind !== 'file' && entry?.kind !== 'hardlink')) return `links to "${mutation.source ?? ''}", which is not a file of the image`
  const place = newPlace(tree, path)
  if (place === undefined || tree.get(place) !== undefined) return 'exists already'
  tree.set(place, { kind: 'hardlink', target: entry.kind === 'hardlink' ? entry.target : source })
  change(tree, place, mutation)
}

function makeSymlink(tree: VirtualTree, path: string, mutation: PathMutation): string | undefined {
  if (mutation.source === undefined || mutation.source === '') return 'is a symbolic link without a source'
  const place = newPlace(tree, path)
  if (place === undefined || tree.get(place) !== undefined) return 'exists already'
  tree.set(place, plainSymlink(mutation.source))
  change(tree, place, mutation)
}

/** Where a new entry of this name goes once its parent is there; undefined when the parent can't be a directory. */
function newPlace(tree: VirtualTree, path: string): string | undefined {
  const parent = tree.makeDirectory(parentOf(path), plainDirectory)
  return parent === undefined ? undefined : join(parent, path.slice(path.lastIndexOf('/') + 1))
}

function changeAll(tree: VirtualTree, real: string, mutation: PathMutation): void {
  change(tree, real, mutation)
  if (mutation.recursive !== true) return
  for (const [path] of tree.sorted()) if (path.startsWith(`${real}/`)) change(tree, path, mutation)
}

function change(tree: VirtualTree, path: string, mutation: PathMutation): void {
  const entry = tree.get(path)
  if (entry === undefined) return
  if (entry.kind === 'hardlink') return change(tree, entry.target, mutation)
  tree.set(path, { ...entry, uid: mutation.uid ?? entry.uid, gid: mutation.gid ?? entry.gid, mode: modeOf(entry, mutation) })
}

/** A symbolic link has no permissions of its own on Linux. */
function modeOf(entry: Exclude<Entry, { kind: 'hardlink' }>, mutation: PathMutation): number {
  return entry.kind === 'symlink' ? entry.mode : (mutation.permissions ?? entry.mode)
}

function refuse(mutation: PathMutation, what: string): Diagnostic {
  return { code: 'image/bad-path', severity: 'error', message: `The path "${mutation.path}" ${what}`, facts: [['type', mutation.type]] }
}
