// A directory as a Merkle tree. The bytes are REAPI `Directory` messages in canonical form (build.bazel.remote.execution.v2), so a
// local digest is a remote digest. Owners and times are not part of a tree: everything is 0:0, and times come from whoever writes it out.
import type { Digest } from '../base/ids.ts'

export interface FileNode {
  readonly kind: 'file'
  readonly digest: Digest
  /** Permission bits, 0o7777. In the message: `is_executable` for 0o100, and NodeProperties.unix_mode unless it is 0o644 or 0o755. */
  readonly mode: number
}

export interface SymlinkNode {
  readonly kind: 'symlink'
  readonly target: string
}

export interface DirectoryNode {
  readonly kind: 'directory'
  /** Digest of the encoded `Directory`. */
  readonly digest: Digest
}

export type TreeNode = FileNode | SymlinkNode | DirectoryNode

/** One level: names (no `/`) to nodes. `mode` is that of the directory itself, 0o755 unless it says otherwise. */
export interface Directory {
  readonly mode: number
  readonly entries: ReadonlyMap<string, TreeNode>
}
