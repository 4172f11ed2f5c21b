import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { FolderWatch } from '../../engine/watch/folder-watch.ts'

/** Folders whose changes are no reason to try again: version control, nacre's own record, installed packages. */
const apart = new Set(['.git', '.hg', '.svn', '.nacre', 'node_modules'])

/**
 * Covers every folder of the workspace: while no build has ended well, nobody knows what one reads, and anything may be the change that makes
 * it succeed.
 */
export function coverEverything(folders: FolderWatch, top: string): void {
  const open = [top]
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    folders.cover(folder)
    for (const name of subfolders(folder)) open.push(join(folder, name))
  }
}

/** Whether a change of this path, below `top`, is one that counts. */
export function counts(path: string, top: string): boolean {
  return path.startsWith(`${top}/`) && !path.slice(top.length + 1).split('/').some((name) => apart.has(name))
}

function subfolders(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() && !apart.has(entry.name) ? [entry.name] : []))
  } catch {
    // It went meanwhile, or is closed to this user.
    return []
  }
}
