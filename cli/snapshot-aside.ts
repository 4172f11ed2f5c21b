import { absPath, type AbsPath } from '../base/ids.ts'
import type { OutputSite } from './commands/output-site.ts'

/** What of a plan a build of a part has to know: the paths that a planner may see. */
export interface SnapshotAside {
  /** Globs of recipes. */
  readonly globs: readonly string[]
  /** Folders beside recipes of packages. */
  readonly folders: readonly AbsPath[]
}

export function encodeAside({ workspace, plan }: Pick<OutputSite, 'workspace'> & { readonly plan: Pick<OutputSite['plan'], 'catalogue'> }): string {
  const folders = [...plan.catalogue.besides]
  return JSON.stringify({ globs: workspace.config.recipes, folders } satisfies SnapshotAside)
}

/** Written by `encodeAside` and nobody else. */
export function decodeAside(text: string): SnapshotAside {
  const { globs, folders }: { globs: string[]; folders: string[] } = JSON.parse(text)
  return { globs, folders: folders.map(absPath) }
}
