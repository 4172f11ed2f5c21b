import { byBytes } from '../../base/bytes.ts'
import { commands } from './commands.ts'
import { documentation } from './documentation.ts'
import { kernel } from './kernel.ts'
import { libraries } from './libraries.ts'
import { type Finding, type Generator, type PackageFiles, packageView, type Subject } from './package-view.ts'
import { perl } from './perl.ts'
import { pkgconfig } from './pkgconfig.ts'
import { python } from './python.ts'
import { ruby } from './ruby.ts'
import { shebang } from './shebang.ts'

/** The recipe's own switches. */
export interface DiscoverOptions {
  readonly noProvides?: boolean
  readonly noDepends?: boolean
  /** The package's programs are no commands for others; what it needs stays. */
  readonly noCommands?: boolean
  readonly noVersionedShlibDeps?: boolean
}

export interface DiscoverContext {
  readonly siblings: readonly PackageFiles[]
  readonly options?: DiscoverOptions
  /** Given: libraries are needed in at least the version built against, where the version is known (melange's MELANGE_VERSIONED_SHLIB_DEPENDS). */
  readonly libraryVersion?: (soname: string) => string | undefined
}

/** Why an entry was found: by which generator, in which files. */
export interface Evidence {
  readonly kind: Finding['kind']
  readonly entry: string
  readonly generator: string
  readonly paths: readonly string[]
}

export interface Discovered {
  /** In apk's syntax, in byte order, each once. */
  readonly depends: readonly string[]
  readonly provides: readonly string[]
  /** Libraries and modules that are the package's own business: nobody else can use them. */
  readonly vendored: readonly string[]
  readonly evidence: readonly Evidence[]
}

const generators: readonly Generator[] = [libraries, commands, documentation, pkgconfig, perl, python, ruby, shebang, kernel]

/**
 * What a package needs and offers, from its files: melange's software composition analysis (pkg/sca), with the differences that
 * test/outputs/discover lists. What the package itself provides, it doesn't depend on.
 */
export async function discover(subject: Subject, context: DiscoverContext): Promise<Discovered> {
  const options = context.options ?? {}
  const view = await packageView(subject, context.siblings, options.noVersionedShlibDeps === true ? undefined : context.libraryVersion)
  const found = new Map<string, Evidence & { readonly paths: string[] }>()
  for (const file of subject.files) {
    const content = once(() => file.read())
    for (const generator of generators) {
      for (const { kind, entry, path } of await generator.inspect(file, content, view)) {
        const known = found.get(`${kind} ${entry}`)
        if (known === undefined) found.set(`${kind} ${entry}`, { kind, entry, generator: generator.name, paths: [path] })
        else known.paths.push(path)
      }
    }
  }
  const own = new Set([...found.values()].filter(({ kind }) => kind === 'provides').map(({ entry }) => nameOf(entry)))
  const evidence = [...found.values()].filter((one) => isWanted(one, own, options))
  evidence.sort((a, b) => byBytes(a.entry, b.entry) || byBytes(a.kind, b.kind))
  const entries = (kind: Finding['kind']): readonly string[] => evidence.filter((one) => one.kind === kind).map(({ entry }) => entry)
  return { depends: entries('depends'), provides: entries('provides'), vendored: entries('vendored'), evidence }
}

/** Declared and found entries together, as a package lists them. */
export function mergeEntries(declared: readonly string[], found: readonly string[]): readonly string[] {
  return [...new Set([...declared, ...found])].sort(byBytes)
}

function isWanted({ kind, entry }: Evidence, own: ReadonlySet<string>, options: DiscoverOptions): boolean {
  if (kind === 'depends') return options.noDepends !== true && !own.has(nameOf(entry))
  if (kind === 'vendored') return true
  return options.noProvides !== true && !(options.noCommands === true && entry.startsWith('cmd:'))
}

function nameOf(entry: string): string {
  return entry.replace(/[<>=~].*$/, '')
}

function once(read: () => Promise<Uint8Array>): () => Promise<Uint8Array> {
  let content: Promise<Uint8Array> | undefined
  return () => (content ??= read())
}
