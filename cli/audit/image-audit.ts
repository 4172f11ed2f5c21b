import type { Digest } from '../../base/ids.ts'
import type { Cas } from '../../cache/cache.ts'
import { walkTree } from '../../cache/tree-walk.ts'
import { auditClosure, type ClosureFinding } from '../../outputs/audit/closure.ts'
import { plainDirectory, plainFile, plainSymlink, VirtualTree } from '../../outputs/rootfs/virtual-tree.ts'
import { reader } from '../../recipes/kinds/environment-glue.ts'

/** Whether everything that an image's files need is in the image. No finding is the proof. */
export async function auditImage(cas: Cas, root: Digest): Promise<readonly ClosureFinding[]> {
  const tree = new VirtualTree()
  for await (const { path, node, mode } of walkTree(cas, root)) {
    if (node.kind === 'directory') tree.set(path, { ...plainDirectory, mode })
    else tree.set(path, node.kind === 'symlink' ? plainSymlink(node.target) : plainFile({ kind: 'blob', digest: node.digest }, mode))
  }
  return auditClosure(tree, reader(cas))
}
