// The last stage of a recipe: everything substituted, conditions evaluated, steps in the order in which they run.
import type { AbsPath } from '../../base/ids.ts'

/** Content known by digest, and where it may be found. The places never enter a key. */
export type Source =
  | { readonly kind: 'file'; readonly hash: SourceHash; readonly uris: readonly string[]; readonly label: string }
  | { readonly kind: 'git'; readonly repository: string; readonly commit: string; readonly refs: readonly string[]; readonly submodules: boolean; readonly label: string }
  | { readonly kind: 'debs'; readonly debs: readonly Deb[]; readonly links: readonly Link[]; readonly label: string }

export interface SourceHash {
  readonly algorithm: 'sha256' | 'sha512'
  readonly hex: string
}

/** One pinned Debian binary package. `path` is its place in the archive (`pool/main/…`). */
export interface Deb {
  readonly name: string
  readonly version: string
  readonly sha256: string
  readonly path: string
}

/** A symbolic link that a maintainer script would have made. */
export interface Link {
  readonly path: string
  readonly target: string
}

/** One script, run by /bin/sh in `directory` (relative to the workspace). */
export interface Step {
  readonly name: string
  readonly script: string
  readonly directory: string
  readonly environment: Readonly<Record<string, string>>
}

/** Packages by world strings, as apk takes them. */
export interface Test {
  readonly world: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly steps: readonly Step[]
}

export interface Scripts {
  readonly [name: string]: string
}

/** A binary package of a recipe: the main one first, then the subpackages in order. */
export interface PlannedPackage {
  readonly name: string
  readonly description: string
  readonly url: string
  readonly license: string
  readonly commit: string
  readonly depends: readonly string[]
  readonly provides: readonly string[]
  readonly replaces: readonly string[]
  readonly providerPriority?: number
  readonly replacesPriority?: number
  readonly triggers: readonly string[]
  readonly scripts: Scripts
  readonly options: { readonly noProvides: boolean; readonly noDepends: boolean; readonly noCommands: boolean; readonly noVersionedShlibDeps: boolean }
  readonly steps: readonly Step[]
  /** `output`: its steps only move files out of the main package's folder, so they run as an action of their own. */
  readonly scope: 'build' | 'output'
  readonly test?: Test
}

export interface HardeningException {
  readonly paths: readonly string[]
  readonly checks: readonly string[]
  readonly reason: string
}

export interface PlannedRecipe {
  readonly kind: 'package'
  /** Where it was read, for messages. */
  readonly path: string
  readonly origin: string
  readonly version: string
  readonly epoch: string
  readonly arch: string
  /** Made of imported binaries: may be in build environments, never in an image. */
  readonly bootstrap: boolean
  readonly sourceDateEpoch: number
  readonly world: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly sources: readonly Source[]
  /** The folder beside the recipe that bears its name, copied into the workspace; absent when there is none. */
  readonly folder?: AbsPath
  readonly packages: readonly PlannedPackage[]
  readonly resources: { readonly cpu?: number; readonly memory?: number }
  readonly timeout?: number
  readonly hardening: readonly HardeningException[]
  readonly irreproducible?: string
}

/** `1.2.13-r0`. */
export function fullVersion(recipe: PlannedRecipe): string {
  return `${recipe.version}-r${recipe.epoch}`
}
