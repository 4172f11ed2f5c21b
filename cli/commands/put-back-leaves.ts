import { hash } from 'node:crypto'
import { dirname, join } from 'node:path'
import { absPath, type AbsPath, digestHash, nodeId, type RelPath } from '../../base/ids.ts'
import { hasWildcard } from '../../engine/glob.ts'
import type { Leaf } from '../../engine/leaves.ts'
import type { OutputSite } from './output-site.ts'
import type { FolderChange, Standing } from './put-back-folder.ts'

/**
 * Outputs in the workspace are leaves of the receipt: one that is lost or altered is something to do. Folders that only they changed say
 * what they said, because input globs leave outputs out; where another glob might see them, the next build looks again.
 */
export function tellLeaves(session: OutputSite, changes: ReadonlyMap<string, FolderChange>, { standing, owners }: { readonly standing: ReadonlyMap<RelPath, Standing>; readonly owners: ReadonlyMap<RelPath, { readonly task: string }> }): void {
  const { leaves, workspace } = session
  for (const [path, stand] of standing) {
    const owner = nodeId(`task:${owners.get(path)?.task ?? ''}`)
    const place = join(workspace.folder, path)
    if (stand.kind === 'same') leaves.renew(leafOf(place, stand), owner)
    // Somebody wrote there after us.
    else leaves.doubt(place, owner)
  }
  relistFolders(session, changes, standing.keys())
}

/** `paths` are those that came or went. */
export function relistFolders(session: OutputSite, changes: ReadonlyMap<string, FolderChange>, paths: Iterable<RelPath>): void {
  if ([...paths].some((path) => mayBeSeen(session, path))) return
  for (const [folder, change] of changes) session.leaves.relist(folder, change)
}

function leafOf(path: string, { stat, content }: Extract<Standing, { kind: 'same' }>): Leaf {
  if (content.kind === 'file') return { kind: 'file', path, stat, hash: digestHash(content.digest) }
  return { kind: 'symlink', path, stat, hash: hash('sha256', content.target) }
}

/** By the globs that find recipes, or as part of the folder beside a package's recipe. */
function mayBeSeen({ workspace, plan }: OutputSite, path: RelPath): boolean {
  const globs = workspace.config.recipes.length === 0 ? ['**/*.yaml'] : workspace.config.recipes
  const asRecipe = globs.some((glob) => !glob.startsWith('!') && (hasWildcard(glob) ? path.endsWith(glob.slice(glob.search(/[^*?[\]{}()!+@\\|]*$/))) : path === glob))
  return asRecipe || isBelow(join(workspace.folder, path), plan.catalogue.besides)
}

function isBelow(path: string, folders: ReadonlySet<AbsPath>): boolean {
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) if (folders.has(absPath(folder))) return true
  return false
}
