// Removing what a sandbox left: it may hold folders that even their owner can't enter.
import { chmod, lstat, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { AbsPath } from '../../base/ids.ts'
import { errno } from '../../base/result.ts'

/** Removes a folder or file and everything below it, opening closed folders on the way. Never follows a symlink; nothing there is no error. */
export async function removeTree(path: AbsPath): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true })
  } catch (error) {
    if (errno(error) !== 'EACCES' && errno(error) !== 'EPERM' && errno(error) !== 'ENOTEMPTY') throw error
    await openFolders(path)
    await rm(path, { recursive: true, force: true })
  }
}

/** `rm` that failed may still be removing other entries: what is gone needs no opening. */
async function openFolders(path: string): Promise<void> {
  try {
    if (!(await lstat(path)).isDirectory()) return
    await chmod(path, 0o700)
    for (const entry of await readdir(path, { withFileTypes: true })) if (entry.isDirectory()) await openFolders(join(path, entry.name))
  } catch (error) {
    if (errno(error) !== 'ENOENT') throw error
  }
}
