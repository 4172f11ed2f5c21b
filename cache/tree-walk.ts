import { type Digest, type RelPath, relPath } from '../base/ids.ts'
import type { Cas } from './cache.ts'
import { MissingBlob } from './missing-blob.ts'
import type { Directory, TreeNode } from './tree.ts'
import { decodeDirectory } from './tree-codec.ts'

export interface WalkEntry {
  readonly path: RelPath
  readonly node: TreeNode
  /** Permission bits, 0o7777; 0o777 for a symlink. */
  readonly mode: number
}

/** Every entry of a tree but its root: each folder before what is in it, names within a folder in byte order. Rejects with MissingBlob. */
export async function* walkTree(cas: Cas, tree: Digest): AsyncGenerator<WalkEntry, void, undefined> {
  yield* walkFolder(cas, await readDirectory(cas, tree), '')
}

/** One level of a tree. Rejects with MissingBlob when it isn't in the store, or what is there is no directory. */
export async function readDirectory(cas: Cas, digest: Digest): Promise<Directory> {
  const bytes = await cas.read(digest)
  const directory = bytes === undefined ? undefined : decodeDirectory(bytes)
  if (directory === undefined) throw new MissingBlob(digest)
  return directory
}

/** The node at a path, or undefined when the tree has nothing there. Symlinks aren't followed. */
export async function nodeAt(cas: Cas, tree: Digest, path: RelPath): Promise<TreeNode | undefined> {
  let node: TreeNode | undefined = { kind: 'directory', digest: tree }
  for (const part of path.split('/')) {
    if (node?.kind !== 'directory') return undefined
    const directory: Directory = await readDirectory(cas, node.digest)
    node = directory.entries.get(part)
  }
  return node
}

/** The digest of the folder at a path, or undefined when there is none. */
export async function subtreeAt(cas: Cas, tree: Digest, path: RelPath): Promise<Digest | undefined> {
  const node = await nodeAt(cas, tree, path)
  return node?.kind === 'directory' ? node.digest : undefined
}

/** The bytes of the file at a path, or undefined when the tree has no file there. Rejects with MissingBlob when the store lacks them. */
export async function readTreeFile(cas: Cas, tree: Digest, path: RelPath): Promise<Uint8Array | undefined> {
  const node = await nodeAt(cas, tree, path)
  if (node?.kind !== 'file') return undefined
  const bytes = await cas.read(node.digest)
  if (bytes === undefined) throw new MissingBlob(node.digest)
  return bytes
}

/** Every blob that a tree needs, the directories themselves included, each once. Shared subtrees are read once. Rejects with MissingBlob. */
export async function treeBlobs(cas: Cas, tree: Digest, seen: Set<Digest> = new Set()): Promise<Set<Digest>> {
  if (seen.has(tree)) return seen
  seen.add(tree)
  for (const node of (await readDirectory(cas, tree)).entries.values()) {
    if (node.kind === 'file') seen.add(node.digest)
    else if (node.kind === 'directory') await treeBlobs(cas, node.digest, seen)
  }
  return seen
}

async function* walkFolder(cas: Cas, directory: Directory, prefix: string): AsyncGenerator<WalkEntry, void, undefined> {
  for (const [name, node] of directory.entries) {
    const path = relPath(prefix + name)
    if (node.kind !== 'directory') {
      yield { path, node, mode: node.kind === 'file' ? node.mode : 0o777 }
      continue
    }
    const inner = await readDirectory(cas, node.digest)
    yield { path, node, mode: inner.mode }
    yield* walkFolder(cas, inner, `${path}/`)
  }
}
