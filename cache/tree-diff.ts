import { byBytes } from '../base/bytes.ts'
import { type Digest, type RelPath, relPath } from '../base/ids.ts'
import type { Cas } from './cache.ts'
import type { Directory, TreeNode } from './tree.ts'
import { readDirectory, type WalkEntry, walkTree } from './tree-walk.ts'

/** What is at a path on one side. The digest of a folder isn't compared: what is in it has entries of its own. */
export interface TreeSide {
  readonly node: TreeNode
  /** Permission bits, 0o7777; 0o777 for a symlink. */
  readonly mode: number
}

export type TreeChange =
  | { readonly kind: 'added'; readonly path: RelPath; readonly after: TreeSide }
  | { readonly kind: 'removed'; readonly path: RelPath; readonly before: TreeSide }
  /** Other bytes, another target, mode or kind. `path` is empty for the mode of the root. */
  | { readonly kind: 'changed'; readonly path: RelPath | ''; readonly before: TreeSide; readonly after: TreeSide }

/** The differences of two trees, folders before what is in them, names in byte order. Equal subtrees aren't read. Rejects with MissingBlob. */
export async function diffTrees(cas: Cas, before: Digest, after: Digest): Promise<TreeChange[]> {
  const changes: TreeChange[] = []
  await diffFolders({ cas, changes }, '', [before, after])
  return changes
}

interface Diff {
  readonly cas: Cas
  readonly changes: TreeChange[]
}

async function diffFolders(diff: Diff, path: RelPath | '', digests: readonly [Digest, Digest]): Promise<void> {
  if (digests[0] === digests[1]) return
  const before = await readDirectory(diff.cas, digests[0])
  const after = await readDirectory(diff.cas, digests[1])
  if (before.mode !== after.mode) {
    const side = (digest: Digest, { mode }: Directory): TreeSide => ({ node: { kind: 'directory', digest }, mode })
    diff.changes.push({ kind: 'changed', path, before: side(digests[0], before), after: side(digests[1], after) })
  }
  for (const name of [...new Set([...before.entries.keys(), ...after.entries.keys()])].sort(byBytes)) {
    const inner = relPath(path === '' ? name : `${path}/${name}`)
    await diffNodes(diff, inner, [before.entries.get(name), after.entries.get(name)])
  }
}

async function diffNodes(diff: Diff, path: RelPath, nodes: readonly [TreeNode | undefined, TreeNode | undefined]): Promise<void> {
  const [before, after] = nodes
  if (before?.kind === 'directory' && after?.kind === 'directory') return diffFolders(diff, path, [before.digest, after.digest])
  if (before === undefined || after === undefined || before.kind === 'directory' || after.kind === 'directory') {
    // A file that became a folder, or the other way round: one change for the path, and one for each entry of the folder.
    const [gone, come] = [await under(diff.cas, path, before), await under(diff.cas, path, after)]
    const [first, other] = [gone.shift(), come.shift()]
    if (first !== undefined && other !== undefined) diff.changes.push({ kind: 'changed', path, before: first, after: other })
    else if (first !== undefined) gone.unshift(first)
    else if (other !== undefined) come.unshift(other)
    for (const { path: at, node, mode } of gone) diff.changes.push({ kind: 'removed', path: at, before: { node, mode } })
    for (const { path: at, node, mode } of come) diff.changes.push({ kind: 'added', path: at, after: { node, mode } })
    return
  }
  if (!same(before, after)) diff.changes.push({ kind: 'changed', path, before: leaf(before), after: leaf(after) })
}

/** A node and all that is in it, the node itself first. */
async function under(cas: Cas, path: RelPath, node: TreeNode | undefined): Promise<WalkEntry[]> {
  if (node === undefined) return []
  if (node.kind !== 'directory') return [{ path, ...leaf(node) }]
  const list: WalkEntry[] = [{ path, node, mode: (await readDirectory(cas, node.digest)).mode }]
  for await (const entry of walkTree(cas, node.digest)) list.push({ ...entry, path: relPath(`${path}/${entry.path}`) })
  return list
}

function leaf(node: TreeNode): TreeSide {
  return { node, mode: node.kind === 'file' ? node.mode : 0o777 }
}

function same(a: TreeNode, b: TreeNode): boolean {
  if (a.kind === 'file') return b.kind === 'file' && a.digest === b.digest && a.mode === b.mode
  return a.kind === 'symlink' && b.kind === 'symlink' && a.target === b.target
}
