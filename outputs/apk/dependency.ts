import { compareFuzzy, compareVersions, isVersion } from './version.ts'

/** What a version must be. `~` is the prefix match, `><` names the identity of one package file. */
export type VersionOperator = '=' | '<' | '>' | '<=' | '>=' | '~' | '<~' | '>~' | '><'

/** One dependency: `[!]name[@tag][op version]`. Source: apk-tools doc/apk-package.5. */
export interface Dependency {
  readonly name: string
  /** `!name`: nothing that matches may be there. */
  readonly conflict: boolean
  /** Repository tag of a world entry. */
  readonly tag?: string
  readonly bound?: { readonly operator: VersionOperator; readonly version: string }
}

/** A package seen as one thing that it provides. */
export interface Offer {
  /** Version of the provided name; empty for `provides: name` without one. */
  readonly version: string
  /** `Q1…` of the package that provides it. */
  readonly checksum?: string
}

const comparer = /[<>=~]/

/** Undefined when the text is no dependency. The tag may stand before the bound, as apk writes it, or after it, as apko does. */
export function parseDependency(text: string): Dependency | undefined {
  const conflict = text.startsWith('!')
  const body = conflict ? text.slice(1) : text
  const at = body.search(comparer)
  const [name, early] = splitTag(at === -1 ? body : body.slice(0, at))
  if (!isName(name)) return undefined
  if (at === -1) return withTag({ name, conflict }, early)
  const signs = /^[<>=~]+/.exec(body.slice(at))?.[0] ?? ''
  const operator = operatorOf(signs)
  const [version, late] = operator === '><' ? [body.slice(at + signs.length), undefined] : splitTag(body.slice(at + signs.length))
  if (operator === undefined || (early !== undefined && late !== undefined)) return undefined
  if (operator === '><' ? version === '' : !isVersion(version)) return undefined
  return withTag({ name, conflict, bound: { operator, version } }, early ?? late)
}

/** The dependency in apk's own form. */
export function formatDependency(dependency: Dependency): string {
  const { name, conflict, tag, bound } = dependency
  return `${conflict ? '!' : ''}${name}${tag === undefined ? '' : `@${tag}`}${bound === undefined ? '' : `${bound.operator}${bound.version}`}`
}

/** Does the offer lie inside the dependency's bound? Says nothing of `!`: the caller turns it around. */
export function matches(dependency: Dependency, offer: Offer): boolean {
  if (dependency.bound === undefined) return true
  const { operator, version } = dependency.bound
  if (operator === '><') return offer.checksum === version
  const order = operator.includes('~') ? compareFuzzy(offer.version, version) : compareVersions(offer.version, version)
  if (order === 0) return operator.includes('=') || operator.includes('~')
  return operator.includes(order < 0 ? '<' : '>')
}

/** A provides entry: a name, with a version or (empty) without. Undefined when it is neither. */
export function parseProvide(text: string): { readonly name: string; readonly version: string } | undefined {
  const at = text.search(comparer)
  if (at === -1) return isName(text) ? { name: text, version: '' } : undefined
  const version = text.slice(at + 1)
  return text.charAt(at) === '=' && isName(text.slice(0, at)) ? { name: text.slice(0, at), version } : undefined
}

function isName(text: string): boolean {
  return text !== '' && !/[\s!@<>=~]/.test(text)
}

function splitTag(text: string): readonly [string, string | undefined] {
  const at = text.indexOf('@')
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}

function withTag(dependency: Dependency, tag: string | undefined): Dependency | undefined {
  if (tag === undefined) return dependency
  return tag === '' || tag.includes('@') ? undefined : { ...dependency, tag }
}

/** apk reads the signs as a set, so `~>` is `>~` and `=>` is `>=`. */
function operatorOf(signs: string): VersionOperator | undefined {
  const less = signs.includes('<')
  const more = signs.includes('>')
  const fuzzy = signs.includes('~')
  const equal = signs.includes('=') || fuzzy
  if (less && more) return equal ? undefined : '><'
  if (fuzzy) return less ? '<~' : more ? '>~' : '~'
  if (less) return equal ? '<=' : '<'
  if (more) return equal ? '>=' : '>'
  return equal ? '=' : undefined
}
