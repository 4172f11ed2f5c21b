import type { Digest, RelPath } from '../../base/ids.ts'
import { digestSize } from '../../base/ids.ts'
import type { Cas } from '../../cache/cache.ts'
import { MissingBlob } from '../../cache/missing-blob.ts'
import { walkTree } from '../../cache/tree-walk.ts'

/** A package's file as dependency discovery, auditing and the SBOM look at it. */
export interface PackageFile {
  readonly path: RelPath
  readonly kind: 'file' | 'directory' | 'symlink'
  /** Permission bits, 0o7777. */
  readonly mode: number
  readonly size: number
  readonly target?: string
  readonly digest?: Digest
  read(): Promise<Uint8Array>
}

export interface PackageFiles {
  readonly files: readonly PackageFile[]
  /** Sum of the sizes of regular files. */
  readonly bytes: number
}

export async function packageFiles(cas: Cas, tree: Digest): Promise<PackageFiles> {
  const files: PackageFile[] = []
  let bytes = 0
  for await (const { path, node, mode } of walkTree(cas, tree)) {
    switch (node.kind) {
      case 'file': {
        const { digest } = node
        bytes += digestSize(digest)
        files.push({ path, kind: 'file', mode, size: digestSize(digest), digest, read: () => blob(cas, digest) })
        break
      }
      case 'symlink':
        files.push({ path, kind: 'symlink', mode: 0o777, size: 0, target: node.target, read: () => Promise.resolve(new Uint8Array()) })
        break
      case 'directory':
        files.push({ path, kind: 'directory', mode, size: 0, read: () => Promise.resolve(new Uint8Array()) })
    }
  }
  return { files, bytes }
}

async function blob(cas: Cas, digest: Digest): Promise<Uint8Array> {
  const bytes = await cas.read(digest)
  if (bytes === undefined) throw new MissingBlob(digest)
  return bytes
}
