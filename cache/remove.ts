import { chmodSync, lstatSync, readdirSync, rmdirSync, rmSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { AbsPath } from '../base/ids.ts'
import { errno } from '../base/result.ts'

/** Removes a file or a whole folder, also one whose folders may not be read or written. Never follows a symlink; what is gone is fine. */
export function removeTree(path: AbsPath | string): void {
  try {
    rmSync(path, { recursive: true, force: true })
  } catch (error) {
    if (errno(error) !== 'EACCES' && errno(error) !== 'EPERM' && errno(error) !== 'ENOTEMPTY') throw error
    removeForced(path)
  }
}

/** For owners who aren't root: a folder must first be made writable before its entries can go. */
function removeForced(path: string): void {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return
  if (!stat.isDirectory()) return unlinkSync(path)
  chmodSync(path, 0o700)
  for (const name of readdirSync(path)) removeForced(join(path, name))
  rmdirSync(path)
}
