import { type Digest, relPath, type RelPath } from '../../base/ids.ts'
import { Fault } from '../../base/result.ts'
import type { Cas } from '../../cache/cache.ts'
import { buildTree, type TreeEntry } from '../../cache/tree-builder.ts'
import type { Content } from '../../outputs/rootfs/content.ts'
import type { Entry, VirtualTree } from '../../outputs/rootfs/virtual-tree.ts'

/** A composed root as a tree in the store. Owners are dropped, and devices: whoever runs it brings a /dev of its own. */
export async function rootTree(cas: Cas, tree: VirtualTree): Promise<Digest> {
  return entriesTree(cas, tree.sorted().filter(([, entry]) => entry.kind !== 'device').map(([path, entry]) => [path, entry.kind === 'hardlink' ? (tree.get(entry.target) ?? entry) : entry] as const))
}

export async function entriesTree(cas: Cas, entries: readonly (readonly [string, Entry])[]): Promise<Digest> {
  const stored: (readonly [RelPath, TreeEntry])[] = []
  for (const [path, entry] of entries) stored.push([relPath(path), await treeEntry(cas, path, entry)])
  return buildTree(cas, stored)
}

export async function contentInStore(cas: Cas, content: Content): Promise<Digest> {
  return content.kind === 'blob' ? content.digest : cas.put(content.bytes)
}

async function treeEntry(cas: Cas, path: string, entry: Entry): Promise<TreeEntry> {
  switch (entry.kind) {
    case 'directory':
      return { kind: 'directory', mode: entry.mode }
    case 'symlink':
      return { kind: 'symlink', target: entry.target }
    case 'file':
      return { kind: 'file', mode: entry.mode, digest: await contentInStore(cas, entry.content) }
    case 'hardlink':
    case 'device':
      throw new Fault('internal', `a tree has no ${entry.kind}: "${path}"`)
  }
}
