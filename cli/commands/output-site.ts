import type { AbsPath } from '../../base/ids.ts'
import type { LeafRecorder } from '../../engine/leaves.ts'

/** What of a session the outputs of tasks are put back by. A build of a part knows no more than this. */
export interface OutputSite {
  readonly workspace: { readonly folder: AbsPath; readonly config: { readonly recipes: readonly string[] } }
  readonly plan: {
    /** Those of which outputs may stand in the workspace after this build. */
    readonly tasks: { names(): readonly string[]; get(name: string): { readonly outputs: readonly string[] } | undefined }
    /** Folders that stand beside recipes, or would. */
    readonly catalogue: { readonly besides: ReadonlySet<AbsPath> }
  }
  readonly leaves: LeafRecorder
  /** Paths, relative to the workspace, of all outputs of these tasks that are known to have been put there. Left out when only the record tells. */
  readonly owned?: ReadonlySet<string>
}
