import { type Digest, digestSize } from '../../base/ids.ts'
import type { Cas } from '../../cache/cache.ts'
import { MissingBlob } from '../../cache/missing-blob.ts'
import { walkTree } from '../../cache/tree-walk.ts'
import { linkBusybox } from '../../outputs/rootfs/busybox-links.ts'
import { type ReadBlob, textContent } from '../../outputs/rootfs/content.ts'
import { writeLdCache } from '../../outputs/rootfs/ld-cache.ts'
import { plainDirectory, plainFile, plainSymlink, VirtualTree } from '../../outputs/rootfs/virtual-tree.ts'
import { inspectLibrary } from '../../outputs/elf/inspect-library.ts'
import { entriesTree } from './root-tree.ts'

/** What an environment needs that no package owns: the library cache, busybox's links, root's account, places to mount on. */
export async function environmentGlue(cas: Cas, trees: readonly Digest[]): Promise<Digest> {
  const tree = await overlaid(cas, trees)
  const before = new Map(tree.sorted())
  const read = reader(cas)
  for (const folder of ['etc', 'home/build', 'root', 'tmp', 'proc', 'dev', 'var/cache/nacre']) tree.makeDirectory(folder, plainDirectory)
  await linkBusybox(tree, read)
  // A toolchain may bring folders of libraries (ld.so.conf.d) without the file that includes them: Debian's libc-bin has that one.
  addMissing(tree, 'etc/ld.so.conf', 'include /etc/ld.so.conf.d/*.conf\n')
  addMissing(tree, 'etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n')
  addMissing(tree, 'etc/group', 'root:x:0:\nnogroup:x:65534:\n')
  addMissing(tree, 'etc/hosts', '127.0.0.1 localhost\n')
  await writeLdCache(tree, read, inspectLibrary)
  const added = tree.sorted().filter(([path, entry]) => before.get(path) !== entry)
  return entriesTree(cas, added)
}

function addMissing(tree: VirtualTree, path: string, text: string): void {
  if (tree.file(path) === undefined) tree.set(path, plainFile(textContent(text)))
}

/** The trees as an overlay shows them: what comes later hides what lies below. */
async function overlaid(cas: Cas, trees: readonly Digest[]): Promise<VirtualTree> {
  const tree = new VirtualTree()
  for (const digest of trees) {
    for await (const { path, node, mode } of walkTree(cas, digest)) {
      const known = tree.get(path)
      if (node.kind === 'directory') {
        if (known?.kind !== 'directory') tree.set(path, { ...plainDirectory, mode })
      } else tree.set(path, node.kind === 'symlink' ? plainSymlink(node.target) : { ...plainFile({ kind: 'blob', digest: node.digest }, mode) })
    }
  }
  return tree
}

/** Bytes up to which a blob is read at once: opening a stream for each of a package's files took longer than packing them. */
const readWhole = 1 << 20

/** Streams blobs of the store. Rejects with MissingBlob, of which the engine makes a rebuild of whatever made it. */
export function reader(cas: Cas): ReadBlob {
  return async function* read(digest) {
    const bytes = digestSize(digest) <= readWhole ? await cas.read(digest) : undefined
    if (bytes !== undefined) return yield bytes
    const stream = await cas.open(digest)
    if (stream === undefined) throw new MissingBlob(digest)
    for await (const chunk of stream) yield chunk
  }
}
