import { chmodSync, lutimesSync, mkdirSync, readdirSync, symlinkSync, utimesSync } from 'node:fs'
import { type AbsPath, absPath, type Digest } from '../base/ids.ts'
import { Fault } from '../base/result.ts'
import type { Cas } from './cache.ts'
import { writeContent } from './content-write.ts'
import { machineFault } from './machine-fault.ts'
import { MissingBlob } from './missing-blob.ts'
import type { Directory } from './tree.ts'
import { readDirectory } from './tree-walk.ts'

export interface WriteTreeOptions {
  /** The one way: links would share modes and times with the store. A copy is a reflink where the file system has them. */
  readonly how?: 'copy'
  /** Modification time of everything written, in seconds since the epoch; 0 when left out. */
  readonly mtime?: number
}

/**
 * Writes a tree to a folder that is empty or not there yet, with true modes under any umask. Nothing of what is written is shared
 * with the store. Rejects with MissingBlob when the store lacks a part; what was written until then stays.
 */
export async function writeTree(cas: Cas, tree: Digest, folder: AbsPath, options: WriteTreeOptions = {}): Promise<void> {
  const directory = await readDirectory(cas, tree)
  try {
    mkdirSync(folder, { recursive: true })
    if (readdirSync(folder).length > 0) throw new Fault('internal', `"${folder}" is not empty, and a tree is only written to an empty folder`)
    await writeFolder({ cas, mtime: options.mtime ?? 0 }, directory, folder)
  } catch (error) {
    throw error instanceof MissingBlob ? error : machineFault(error, `write a tree to "${folder}"`)
  }
}

interface Writer {
  readonly cas: Cas
  readonly mtime: number
}

/** Mode and time of a folder come last: writing into it needs the one and changes the other. */
async function writeFolder(writer: Writer, directory: Directory, folder: AbsPath): Promise<void> {
  for (const [name, node] of directory.entries) {
    const path = absPath(`${folder}/${name}`)
    if (node.kind === 'file') {
      if (!(await writeContent(writer.cas, node, path))) throw new MissingBlob(node.digest)
      utimesSync(path, writer.mtime, writer.mtime)
    } else if (node.kind === 'symlink') {
      symlinkSync(node.target, path)
      lutimesSync(path, writer.mtime, writer.mtime)
    } else {
      const inner = await readDirectory(writer.cas, node.digest)
      mkdirSync(path, 0o700)
      await writeFolder(writer, inner, path)
    }
  }
  utimesSync(folder, writer.mtime, writer.mtime)
  chmodSync(folder, directory.mode)
}
