import { byBytes } from '../base/bytes.ts'
import type { Digest, RelPath } from '../base/ids.ts'
import { Fault } from '../base/result.ts'
import type { Cas } from './cache.ts'
import type { DirectoryNode, FileNode, SymlinkNode, TreeNode } from './tree.ts'
import { encodeDirectory } from './tree-codec.ts'

/** What goes into a tree at a path. Folders on the way are made with mode 0755 where no entry says otherwise. */
export type TreeEntry =
  | FileNode
  | SymlinkNode
  /** A folder and its permission bits, 0o7777; what is in it are entries of their own. */
  | { readonly kind: 'directory'; readonly mode: number }
  /** A whole tree that is in the store already. Nothing else may be put inside it (mergeTrees lays trees over each other). */
  | { readonly kind: 'tree'; readonly digest: Digest }

export interface BuildTreeOptions {
  /** Permission bits of the root; 0o755 when left out. */
  readonly rootMode?: number
}

/** Puts a tree into the store, bottom up, and gives the digest of its root. A path that leads through something that is no folder is a fault. */
export async function buildTree(cas: Cas, entries: Iterable<readonly [RelPath, TreeEntry]>, options: BuildTreeOptions = {}): Promise<Digest> {
  const root: Folder = { mode: options.rootMode ?? 0o755, children: new Map() }
  for (const [path, entry] of entries) insert(root, path, entry)
  return putFolder(cas, root)
}

/** Puts one level into the store. */
export async function putDirectory(cas: Cas, mode: number, entries: ReadonlyMap<string, TreeNode>): Promise<DirectoryNode> {
  return { kind: 'directory', digest: await cas.put(encodeDirectory({ mode, entries }), 'many') }
}

interface Folder {
  mode: number
  readonly children: Map<string, Folder | TreeNode>
}

function insert(root: Folder, path: RelPath, entry: TreeEntry): void {
  const parts = path.split('/')
  const name = parts.pop() ?? ''
  let folder = root
  for (const part of parts) folder = inner(folder, part, path)
  if (entry.kind === 'directory') {
    inner(folder, name, path).mode = entry.mode
    return
  }
  const before = folder.children.get(name)
  if (before !== undefined && 'children' in before) throw new Fault('internal', `"${path}" is both a folder and a ${entry.kind}`)
  folder.children.set(name, entry.kind === 'tree' ? { kind: 'directory', digest: entry.digest } : entry)
}

function inner(folder: Folder, name: string, path: RelPath): Folder {
  const child = folder.children.get(name)
  if (child === undefined) {
    const made: Folder = { mode: 0o755, children: new Map() }
    folder.children.set(name, made)
    return made
  }
  if (!('children' in child)) throw new Fault('internal', `"${path}" leads through "${name}", which is a ${child.kind === 'directory' ? 'tree' : child.kind}`)
  return child
}

async function putFolder(cas: Cas, folder: Folder): Promise<Digest> {
  const entries = new Map<string, TreeNode>()
  for (const name of [...folder.children.keys()].sort(byBytes)) {
    const child = folder.children.get(name)
    if (child === undefined) continue
    entries.set(name, 'children' in child ? { kind: 'directory', digest: await putFolder(cas, child) } : child)
  }
  return (await putDirectory(cas, folder.mode, entries)).digest
}
