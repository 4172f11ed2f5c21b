// What the page of a build is made of: plain data, embedded in the page as JSON. Columns, because a build may have 100,000 actions.

/** How an action ended; the number in the columns is the place in this list. */
export const hows = ['ran', 'cut off', 'hit', 'failed', 'skipped'] as const

export interface PageData {
  readonly workspace: string
  /** The targets that the page is limited to. */
  readonly targets: readonly string[]
  /** When the build began, in milliseconds since the epoch. */
  readonly at: number
  readonly outcome: string
  /** How many actions ended in each way, by the order of `hows`. */
  readonly counts: readonly number[]
  /** Milliseconds. */
  readonly ms: number
  readonly saved: number
  readonly criticalMs: number
  /** Hits that are counted and not in the columns. */
  readonly omitted: number
  readonly kinds: readonly string[]
  readonly actions: Columns
  /** Places of actions, first run first. */
  readonly critical: readonly number[]
  /** Of actions by their place, as far as there is room. */
  readonly details: Readonly<Record<string, Details>>
  /** What the graph shows: the actions, or groups of them when they are too many to be seen. */
  readonly overview: Overview
}

/** One entry each action; inputs come before what needs them. Times are milliseconds since the build began, -1 where there is none. */
export interface Columns {
  readonly id: readonly string[]
  readonly label: readonly string[]
  readonly kind: readonly number[]
  readonly how: readonly number[]
  /** Of its own run, or saved by a hit. */
  readonly ms: readonly number[]
  readonly queued: readonly number[]
  readonly began: readonly number[]
  readonly ended: readonly number[]
  readonly row: readonly number[]
  /** The nearest cause, in words. */
  readonly why: readonly string[]
  /** Pairs: what is needed, and who needs it. */
  readonly edges: readonly number[]
}

export interface Details {
  readonly key?: string
  /** A name, and the place of the action that made it or words for where it comes from. */
  readonly inputs: readonly (readonly [name: string, from: number | string])[]
  readonly outputs: readonly (readonly [name: string, digest: string])[]
  readonly why: readonly string[]
  readonly failure: readonly string[]
  /** The end of what it printed. */
  readonly log: string
}

export interface Overview {
  /** The group of each action; left out when each action is shown by itself. */
  readonly groupOf?: readonly number[]
  readonly labels: readonly string[]
  readonly edges: readonly number[]
  readonly x: readonly number[]
  readonly y: readonly number[]
}
