import { join } from 'node:path'
import { type AbsPath, absPath, type Digest, digestHash } from '../base/ids.ts'

/** Version of the store's form on disk. It is part of every path, so an older or newer nacre never reads what it would misread. */
export const storeVersion = 'v1'

/**
 * Modification time of every file of the CAS, in seconds since the epoch. Any ordinary write to a stored file changes it, so one
 * stat tells an untouched blob from one that must be hashed again. The access time holds the last use, the change time is the kernel's.
 */
export const blobMtime = 0

/** Permission bits of stored files: nobody writes to them, and only the executable variant can be run. */
export const blobMode = 0o444
export const executableMode = 0o555

/** Where everything of one store lies. All of it is on one file system, so that renames are atomic. */
export interface Layout {
  /** The versioned folder, `<root>/v1`. */
  readonly base: AbsPath
  readonly cas: AbsPath
  /** Folders of unfinished work, one per session (see session.ts). */
  readonly tmp: AbsPath
  /** What gc is about to remove: out of sight, and put back when a lease turns out to hold it. */
  readonly trash: AbsPath
  /** Blobs whose bytes are not what their name promises. */
  readonly quarantine: AbsPath
  readonly roots: AbsPath
  /** What builds left between two steps (see step-folders.ts). */
  readonly steps: AbsPath
  readonly leases: AbsPath
  readonly receipts: AbsPath
  /** What recipes were compiled to. */
  readonly parses: AbsPath
  /** The LMDB environment: a file and its lock file. */
  readonly index: AbsPath
  /** When the disk was last known to hold everything (see clean-mark.ts). */
  readonly mark: AbsPath
}

export function layoutOf(root: AbsPath): Layout {
  const at = (...parts: readonly string[]) => absPath(join(root, storeVersion, ...parts))
  return {
    base: at(),
    cas: at('cas'),
    tmp: at('tmp'),
    trash: at('trash'),
    quarantine: at('quarantine'),
    roots: at('roots'),
    steps: at('steps'),
    leases: at('leases'),
    receipts: at('receipts'),
    parses: at('parses'),
    index: at('index', 'nacre.mdb'),
    mark: at('mark.json'),
  }
}

/** File of a blob: `cas/ab/cdef…`, and `cas/ab/cdef….x` for the variant that can be executed. */
export function blobPath(layout: Layout, digest: Digest, executable = false): AbsPath {
  return absPath(`${layout.cas}/${digest.slice(0, 2)}/${digest.slice(2, 64)}${executable ? '.x' : ''}`)
}

/** Reads a name in a fan-out folder back: the hash in hex, and which variant it is. Undefined for a name that no store writes. */
export function parseBlobName(fan: string, name: string): { readonly hash: string; readonly executable: boolean } | undefined {
  const executable = name.endsWith('.x')
  const hash = fan + (executable ? name.slice(0, -2) : name)
  return /^[0-9a-f]{64}$/.test(hash) && fan.length === 2 ? { hash, executable } : undefined
}

/** Folder of a tree that is written out; the tree itself is `tree` in it, so that the folder's own times are free to say when it was used. */
export function rootPath(layout: Layout, tree: Digest): AbsPath {
  return absPath(`${layout.roots}/${digestHash(tree)}`)
}
