import { byBytes } from '../base/bytes.ts'
import { emptyDigest } from '../base/digest.ts'
import { type Digest, type RelPath, relPath } from '../base/ids.ts'
import type { Cas } from './cache.ts'
import type { Directory, TreeNode } from './tree.ts'
import { putDirectory } from './tree-builder.ts'
import { readDirectory } from './tree-walk.ts'

/** Two trees disagree at a path: other content, another kind, or another mode of a folder. `tree` is the index of each side in the list. */
export interface MergeConflict {
  readonly path: RelPath | ''
  readonly kept: { readonly tree: number; readonly node: TreeNode; readonly mode: number }
  readonly lost: { readonly tree: number; readonly node: TreeNode; readonly mode: number }
}

export interface MergedTree {
  readonly digest: Digest
  /** Empty unless `report` was asked for. In the order of paths, of each path in the order of trees. */
  readonly conflicts: readonly MergeConflict[]
}

/**
 * Lays trees over each other; where two disagree, the later one wins, in both modes: `report` says where that was. Equal subtrees, and
 * subtrees that only one tree has, are shared without being read. Rejects with MissingBlob.
 */
export async function mergeTrees(cas: Cas, trees: readonly Digest[], options: { readonly conflict: 'later wins' | 'report' }): Promise<MergedTree> {
  const merge: Merge = { cas, report: options.conflict === 'report', conflicts: [] }
  const layers = trees.map((digest, tree): Layer => ({ tree, node: { kind: 'directory', digest } }))
  const [first] = layers
  if (first === undefined) return { digest: await cas.put(new Uint8Array()), conflicts: [] }
  const node = await mergeNode(merge, '', layers)
  return { digest: node.kind === 'directory' ? node.digest : emptyDigest, conflicts: merge.conflicts }
}

interface Merge {
  readonly cas: Cas
  readonly report: boolean
  readonly conflicts: MergeConflict[]
}

interface Layer {
  readonly tree: number
  readonly node: TreeNode
}

/** One path; `layers` are those trees that have something there, lowest first, at least one. */
async function mergeNode(merge: Merge, path: RelPath | '', layers: readonly Layer[]): Promise<TreeNode> {
  let kept: Layer | undefined
  /** The folders that are laid over each other: a file between two folders hides the lower one. */
  let folders: Layer[] = []
  for (const layer of layers) {
    if (kept !== undefined && (layer.node.kind !== 'directory' || kept.node.kind !== 'directory')) await disagree(merge, path, { kept: layer, lost: kept })
    folders = layer.node.kind === 'directory' ? [...folders, layer] : []
    kept = layer
  }
  if (kept === undefined || kept.node.kind !== 'directory') return kept?.node ?? { kind: 'directory', digest: emptyDigest }
  return mergeFolders(merge, path, folders)
}

async function mergeFolders(merge: Merge, path: RelPath | '', all: readonly Layer[]): Promise<TreeNode> {
  const layers = all.filter((layer, i) => digestOf(layer) !== digestOf(all[i - 1]))
  const last = layers.at(-1)
  if (last === undefined || layers.length === 1) return last?.node ?? { kind: 'directory', digest: emptyDigest }
  const names = new Map<string, Layer[]>()
  let above: { readonly layer: Layer; readonly directory: Directory } | undefined
  for (const layer of layers) {
    const directory = await readDirectory(merge.cas, digestOf(layer) ?? emptyDigest)
    if (above !== undefined && above.directory.mode !== directory.mode) await disagree(merge, path, { kept: layer, lost: above.layer })
    above = { layer, directory }
    for (const [name, node] of directory.entries) {
      const list = names.get(name)
      if (list === undefined) names.set(name, [{ tree: layer.tree, node }])
      else list.push({ tree: layer.tree, node })
    }
  }
  const entries = new Map<string, TreeNode>()
  for (const name of [...names.keys()].sort(byBytes)) {
    entries.set(name, await mergeNode(merge, relPath(path === '' ? name : `${path}/${name}`), names.get(name) ?? []))
  }
  return putDirectory(merge.cas, above?.directory.mode ?? 0o755, entries)
}

async function disagree(merge: Merge, path: RelPath | '', sides: { readonly kept: Layer; readonly lost: Layer }): Promise<void> {
  const { kept, lost } = sides
  if (!merge.report || same(kept.node, lost.node)) return
  const side = async ({ tree, node }: Layer) => ({ tree, node, mode: await modeOf(merge.cas, node) })
  merge.conflicts.push({ path, kept: await side(kept), lost: await side(lost) })
}

async function modeOf(cas: Cas, node: TreeNode): Promise<number> {
  if (node.kind === 'directory') return (await readDirectory(cas, node.digest)).mode
  return node.kind === 'file' ? node.mode : 0o777
}

function same(a: TreeNode, b: TreeNode): boolean {
  if (a.kind === 'file') return b.kind === 'file' && a.digest === b.digest && a.mode === b.mode
  if (a.kind === 'symlink') return b.kind === 'symlink' && a.target === b.target
  return b.kind === 'directory' && a.digest === b.digest
}

function digestOf(layer: Layer | undefined): Digest | undefined {
  return layer?.node.kind === 'directory' ? layer.node.digest : undefined
}
