// The seam between whoever wants to know what changes below some folders, and the kernel that knows.

/** What is wanted to be told of a place. */
export type Interest =
  /** A folder: every change of what is in it, and of itself. */
  | 'folder'
  /** A folder of which only losses matter: names that go. */
  | 'losses'
  /** A folder on the way to others: that it moves or goes, and which names come into it. */
  | 'way'
  /** A folder at or above the workspace on the way to others: only that it moves or goes. */
  | 'self'
  /** A symlink on the way: that another one takes its place. */
  | 'link'

export interface Change {
  readonly watch: number
  /** Of what is in the folder; empty when it is the watched place itself that changed. */
  readonly name: string
  /** `content`: bytes, mode or times. `came`, `went`: a name in the folder. `gone`: the place itself moved, went or was unmounted, and nothing more will be told of it. */
  readonly what: 'content' | 'came' | 'went' | 'gone'
}

export type Drained =
  | { readonly kind: 'changes'; readonly changes: readonly Change[] }
  /** More happened than the kernel keeps, or something was mounted: everything may have changed. */
  | { readonly kind: 'overflow' }

/**
 * The laws, over every implementation: whatever was done to a watched place before `drain` is called is in what it returns, if the call
 * that did it has returned (a complete barrier); what can't be told is `overflow`; nothing is told twice.
 */
export interface ChangeSource extends Disposable {
  /** A number that is the same for the same place; undefined when the place isn't there, or can't be watched. */
  watch(path: string, interest: Interest): number | undefined
  unwatch(watch: number): void
  drain(): Drained
  /** Calls back once when there is something to drain; again only after the next drain. What is there already is drained by the caller. */
  onChange(wake: () => void): void
}
