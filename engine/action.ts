// The engine's vocabulary: what a node of the graph is, and what a kind of action must be able to do.
import type { Diagnostic } from '../base/diagnostic.ts'
import type { AbsPath, Digest, NodeId } from '../base/ids.ts'
import type { Json, JsonObject } from '../base/json.ts'
import type { Cas, Output } from '../cache/cache.ts'

/** Where an input's content comes from. An action depends on the digest, never on how it came about. */
export type Input =
  /** A named output of another node of the graph. */
  | { readonly kind: 'output'; readonly node: NodeId; readonly output: string }
  /** Content that is known already. */
  | { readonly kind: 'content'; readonly output: Output }
  /** Files of the workspace: each match of the globs, at its path relative to `base`. Becomes a tree. */
  | { readonly kind: 'files'; readonly base: AbsPath; readonly globs: readonly string[] }
  /** One file. Becomes a blob; of a `witness`, a host program say, the digest alone counts, and its content never enters the store. */
  | { readonly kind: 'file'; readonly path: AbsPath; readonly witness?: true }

/** What of the machine an action needs while it runs. One cpu and no memory claim when left out. */
export interface Resources {
  readonly cpu?: number
  /** Bytes that it is expected to use. */
  readonly memory?: number
  readonly network?: boolean
  /** Runs alone. */
  readonly exclusive?: boolean
}

/** A node of the graph. `spec` and the inputs' digests make the key; `aside` does not (labels, URLs of content known by digest). */
export interface Action {
  readonly id: NodeId
  readonly kind: string
  readonly spec: JsonObject
  readonly inputs: Readonly<Record<string, Input>>
  readonly aside?: JsonObject
  /** For people: `build zlib 1.2.13-r0`. */
  readonly label: string
  readonly resources?: Resources
  /** Seconds; a run that takes longer is ended and fails. */
  readonly timeout?: number
}

/** Why an action failed, with just the facts that its message needs. */
export type Failure =
  /** A command ended with another code than 0; `step` says which, `kept` is the sandbox that was left for inspection. */
  | { readonly kind: 'exit'; readonly code: number; readonly step?: string; readonly kept?: AbsPath; readonly enter?: string }
  | { readonly kind: 'signal'; readonly signal: string; readonly step?: string; readonly kept?: AbsPath; readonly enter?: string }
  | { readonly kind: 'timeout'; readonly seconds: number; readonly step?: string; readonly kept?: AbsPath; readonly enter?: string }
  /** Something about the request turned out wrong while it ran: unsolvable world, digest mismatch, unreachable source, failed gate. */
  | { readonly kind: 'refused'; readonly diagnostics: readonly Diagnostic[] }
  /** A declared output was not made. */
  | { readonly kind: 'no-output'; readonly output: string }

export type Outcome =
  | { readonly kind: 'done'; readonly outputs: Readonly<Record<string, Output>> }
  | { readonly kind: 'failed'; readonly failure: Failure }

/** What an action gets while it runs. Inputs are resolved to content that is in the store. */
export interface RunContext {
  readonly action: Action
  readonly inputs: Readonly<Record<string, Output>>
  readonly cas: Cas
  /** An empty folder of its own, on the store's file system, made when it is first asked for; gone afterwards unless `keep` was called. */
  readonly scratch: AbsPath
  readonly signal: AbortSignal
  /**
   * Waits for the processors that the action claims; what it returns gives them back, as the end of the run does. Only for a kind that `prepares`:
   * the runs of others have them from the start. Give them back when nothing can fail any more but bookkeeping: after a failure nothing may start.
   */
  processors(): Promise<() => void>
  /** Appends to the action's log, which is shown live and stored. */
  log(chunk: Uint8Array | string): void
  /** Leaves `scratch` in place for inspection. */
  keep(): void
}

/**
 * What a kind answers when the inputs that it named so far are done: that they are all, or that it needs more.
 * The graph grows by `actions`; the node is suspended until the new inputs are done, and then asked again with all of them.
 */
export type Expansion =
  | { readonly kind: 'closed' }
  | { readonly kind: 'ask'; readonly inputs: Readonly<Record<string, Input>>; readonly actions: readonly Action[] }
  | { readonly kind: 'failed'; readonly failure: Failure }

export interface ExpandContext {
  readonly action: Action
  /** Every input that is done so far, those asked for included. */
  readonly inputs: Readonly<Record<string, Output>>
  readonly cas: Cas
}

/** How actions of one kind run. Register one in cli/wire.ts. */
export interface ActionKind {
  readonly name: string
  /** Part of every key: raise it when equal inputs may give other outputs than before. */
  readonly version: number
  /** Names the outputs of an action before it ran. */
  outputs(action: Action): readonly string[]
  /** A pure function of its context: it is asked again in every build, and must ask for the same. Left out when a kind never grows the graph. */
  expand?(context: ExpandContext): Promise<Expansion>
  run(context: RunContext): Promise<Outcome>
  /**
   * Its runs have work of this process before and after what they start, and wait for processors themselves. So some more of them are begun than there
   * are processors, and these never wait for this process.
   */
  readonly prepares?: boolean
}

/** A run was told to stop before it had its processors. */
export class NotStarted extends Error {
  constructor() {
    super('stopped before it had its processors')
    this.name = 'NotStarted'
  }
}

/** One input as the key sees it: an executable file is another input than the same bytes without the bit. */
export interface ManifestInput {
  readonly digest: Digest
  readonly shape: 'blob' | 'executable' | 'tree'
}

/** Everything that may influence an action's outputs, and nothing else. Its canonical JSON is stored; the digest of that is the key (engine/manifest.ts). */
export interface Manifest {
  readonly kind: string
  readonly version: number
  readonly spec: Json
  readonly inputs: Readonly<Record<string, ManifestInput>>
}
