import type { ActionKey, Digest, NodeId } from '../base/ids.ts'
import type { Diagnostic } from '../base/diagnostic.ts'
import type { Failure } from './action.ts'
import type { Reason } from './explain.ts'
import type { How, Skipped } from './state.ts'
import type { Summary } from './summary.ts'

/** What a build tells while it goes on. Every event is plain data: a line of `--json`, a state of the live view, a slice of the trace. */
export type BuildEvent = { readonly at: Milliseconds } & BuildFact

/** Since the build began. */
type Milliseconds = number

export type BuildFact =
  | { readonly kind: 'planned'; readonly nodes: number; readonly wants: readonly NodeId[]; readonly seed: number }
  /** The request can't be built: nothing ran. */
  | { readonly kind: 'refused'; readonly diagnostics: readonly Diagnostic[] }
  /** `queued`: when all that it needs was there, and it began to wait for a slot. */
  | { readonly kind: 'started'; readonly id: NodeId; readonly label: string; readonly key: ActionKey; readonly reason: Reason; readonly estimate: number; readonly queued: Milliseconds }
  | { readonly kind: 'log'; readonly id: NodeId; readonly text: string }
  | {
      readonly kind: 'finished'
      readonly id: NodeId
      readonly label: string
      readonly how: How
      readonly key: ActionKey
      readonly reason: Reason
      readonly ms: number
      readonly saved: number
      /** It ran again under the same key, and these outputs came out otherwise: it is not reproducible. */
      readonly unlike?: readonly string[]
    }
  | { readonly kind: 'failed'; readonly id: NodeId; readonly label: string; readonly failure: Failure; readonly ms: number; readonly log?: Digest }
  | { readonly kind: 'skipped'; readonly id: NodeId; readonly label: string; readonly because: Skipped['because'] }
  | { readonly kind: 'suspended'; readonly id: NodeId; readonly on: readonly NodeId[] }
  /** A suspended node brought new nodes into the plan. */
  | { readonly kind: 'grew'; readonly id: NodeId; readonly by: number; readonly nodes: number }
  /** A lost output sends its producer back; `by` is the node that missed it. */
  | { readonly kind: 'rewound'; readonly id: NodeId; readonly by: NodeId }
  /** A workspace file changed while the node ran: the run is not recorded, and the node starts over. */
  | { readonly kind: 'restarted'; readonly id: NodeId; readonly files: readonly string[] }
  | { readonly kind: 'progress'; readonly settled: number; readonly nodes: number; readonly running: number; readonly criticalLeft: number }
  | ({ readonly kind: 'summary' } & Summary)
