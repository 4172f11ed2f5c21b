import type { Diagnostic } from '../../base/diagnostic.ts'
import type { Span } from '../../base/source.ts'
import { complaints, ok, type Checked } from '../../base/result.ts'
import type { CompiledPackage } from './compile.ts'
import { badDeb, escapingName, noCommit, noDigest, noPlace } from './complaints.ts'
import type { Step } from './schema/step.ts'
import { where } from './schema/type.ts'
import { buildPipelines, runningSteps } from './script.ts'

/** What a build reads from outside; it is fetched before the sandbox starts, which has no network. */
export type RecipeSource =
  /** Appears as `/var/cache/nacre/sources/<digest>`, the digest being the sha256 or else the sha512. */
  | { readonly kind: 'file'; readonly uris: readonly string[]; readonly sha256: string; readonly sha512: string; readonly where: Span | undefined }
  /** Appears as the tree `/var/cache/nacre/sources/<commit>`. */
  | GitSource
  /** Pinned Debian packages, each at `/var/cache/nacre/sources/<sha256>`. */
  | { readonly kind: 'debs'; readonly debs: readonly PinnedDeb[]; readonly links: readonly PinnedLink[]; readonly where: Span | undefined }

export interface GitSource {
  readonly kind: 'git'
  readonly repository: string
  readonly commit: string
  readonly tag: string
  readonly branch: string
  readonly submodules: boolean
  readonly where: Span | undefined
}

export interface PinnedDeb {
  readonly name: string
  readonly version: string
  readonly sha256: string
  /** Place in the archive, such as `pool/main/z/zlib/zlib1g_1.2.13_amd64.deb`. */
  readonly path: string
}

/** A symbolic link that a maintainer script would make. */
export interface PinnedLink {
  readonly path: string
  readonly target: string
}

/** The sources of a compiled recipe, from the steps that run and use `fetch`, `git-checkout` or `bootstrap/debs`, each once. */
export function sourcesOf(compiled: CompiledPackage): Checked<readonly RecipeSource[]> {
  const diagnostics: Diagnostic[] = []
  const steps = buildPipelines(compiled).flatMap(runningSteps)
  const sources = steps.flatMap((step) => sourceOf(step, diagnostics))
  const each = new Map(sources.map((source) => [JSON.stringify({ ...source, where: undefined }), source]))
  return diagnostics.length > 0 ? complaints(diagnostics) : ok([...each.values()])
}

function sourceOf(step: Step, diagnostics: Diagnostic[]): readonly RecipeSource[] {
  const input = (name: string): string => (step.with[name] ?? '').trim()
  const place = where(step)
  switch (step.uses) {
    case 'fetch': {
      const [sha256, sha512] = [input('expected-sha256').toLowerCase(), input('expected-sha512').toLowerCase()]
      const uris = [input('uri'), ...input('mirrors').split(/\s+/)].filter((uri) => uri !== '')
      if (sha256 === '' && sha512 === '') diagnostics.push(noDigest(place, uris[0] ?? ''))
      return [{ kind: 'file', uris, sha256, sha512, where: place }]
    }
    case 'git-checkout': {
      const commit = input('expected-commit').toLowerCase()
      if (commit === '') diagnostics.push(noCommit(place, input('repository')))
      const submodules = input('recurse-submodules') === 'true'
      return [{ kind: 'git', repository: input('repository'), commit, tag: input('tag'), branch: input('branch'), submodules, where: place }]
    }
    case 'bootstrap/debs':
      return [{ kind: 'debs', debs: debsOf(input('debs'), place, diagnostics), links: linksOf(input('links'), place, diagnostics), where: place }]
    default:
      return []
  }
}

/** Lines `name version sha256 path`; empty lines and comments are left out. */
function debsOf(text: string, place: Span | undefined, diagnostics: Diagnostic[]): readonly PinnedDeb[] {
  return linesOf(text).flatMap((line) => {
    const [name = '', version = '', sha256 = '', path = '', ...more] = line.split(/\s+/)
    if (path === '' || more.length > 0 || !/^[0-9a-f]{64}$/.test(sha256)) diagnostics.push(badDeb(place, line))
    else if (path.startsWith('/') || path.split('/').includes('..')) diagnostics.push(escapingName(place, path))
    else return [{ name, version, sha256, path }]
    return []
  })
}

/** Lines `path target`. */
function linksOf(text: string, place: Span | undefined, diagnostics: Diagnostic[]): readonly PinnedLink[] {
  return linesOf(text).flatMap((line) => {
    const [path = '', target = '', ...more] = line.split(/\s+/)
    if (target === '' || more.length > 0) diagnostics.push(noPlace(place, line))
    else if (path.split('/').includes('..')) diagnostics.push(escapingName(place, path))
    else return [{ path, target }]
    return []
  })
}

function linesOf(text: string): readonly string[] {
  return text.split('\n').map((line) => line.replace(/#.*$/, '').trim()).filter((line) => line !== '')
}
