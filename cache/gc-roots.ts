import { lstatSync, mkdirSync, renameSync, statSync } from 'node:fs'
import { type AbsPath, absPath } from '../base/ids.ts'
import { errno } from '../base/result.ts'
import { namesIn } from './blob-list.ts'
import type { Layout } from './layout.ts'
import { removeTree } from './remove.ts'

/** A tree that is written out. */
export interface RootFolder {
  readonly path: AbsPath
  /** Hash of the tree. */
  readonly hash: string
  /** What its files take, in bytes. */
  readonly bytes: number
  /** Last use, in milliseconds since the epoch. */
  readonly used: number
}

export function listRoots(layout: Layout): RootFolder[] {
  const roots: RootFolder[] = []
  for (const hash of namesIn(layout.roots)) {
    const path = absPath(`${layout.roots}/${hash}`)
    const stat = lstatSync(path, { throwIfNoEntry: false })
    if (stat !== undefined) roots.push({ path, hash, bytes: bytesIn(path), used: stat.mtimeMs })
  }
  return roots
}

/** Removes a written-out tree unless somebody asks for it meanwhile: `condemned` is asked again once it is out of sight. */
export function sweepRoot(layout: Layout, root: RootFolder, condemned: (root: RootFolder) => boolean): boolean {
  const trash = `${layout.trash}/root-${root.hash}`
  mkdirSync(layout.trash, { recursive: true })
  removeTree(trash)
  try {
    renameSync(root.path, trash)
  } catch (error) {
    if (errno(error) === 'ENOENT') return false
    throw error
  }
  if (!condemned({ ...root, used: statSync(trash).mtimeMs })) {
    try {
      renameSync(trash, root.path)
      return false
    } catch {
      // Whoever missed it has written it anew.
    }
  }
  removeTree(trash)
  return true
}

function bytesIn(folder: string): number {
  let bytes = 0
  for (const name of namesIn(folder)) {
    const path = `${folder}/${name}`
    const stat = lstatSync(path, { throwIfNoEntry: false })
    if (stat?.isDirectory() === true) bytes += bytesIn(path)
    else if (stat?.isFile() === true) bytes += stat.size
  }
  return bytes
}
