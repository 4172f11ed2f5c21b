import type { Rules } from './solver-rules.ts'
import type { Search } from './solver-search.ts'
import type { Candidate, Provider } from './solver-universe.ts'
import { compareVersions } from './version.ts'

/**
 * Which of two providers of a name apk would take: allowed and preferred repositories first, then what is installed, then the
 * newer version of the name, of the package, the higher provider priority, and the earlier repository.
 * Source: apk-tools doc/apk-package.5 (provider_priority), doc/apk-world.5 (tags).
 */
export class Preference {
  readonly #rules: Rules
  readonly #search: Search
  readonly #keepInstalled: boolean

  constructor(rules: Rules, search: Search, keepInstalled: boolean) {
    this.#rules = rules
    this.#search = search
    this.#keepInstalled = keepInstalled
  }

  /** The best of a non-empty list. */
  best(name: string, providers: readonly Provider[]): Provider | undefined {
    const tags = this.#rules.universe.hasTags ? this.#tagsOf(name) : undefined
    let best: Provider | undefined
    for (const provider of providers) {
      if (best === undefined || this.#compare(provider, best, tags) > 0) best = provider
    }
    return best
  }

  #compare(a: Provider, b: Provider, tags: Tags | undefined): number {
    const byTag = tags === undefined ? 0 : tagScore(a.candidate, tags) - tagScore(b.candidate, tags)
    if (byTag !== 0) return byTag
    const one = a.candidate
    const other = b.candidate
    const byInstalled = Number(one.installed) - Number(other.installed)
    const comparable = one.record.name === other.record.name || a.version !== '' || b.version !== ''
    if (this.#keepInstalled && comparable && byInstalled !== 0) return byInstalled
    const byVersion = compareVersions(a.version, b.version)
    if (byVersion !== 0) return byVersion
    const byOwnVersion = one.record.name === other.record.name ? compareVersions(one.record.version, other.record.version) : 0
    if (byOwnVersion !== 0) return byOwnVersion
    return (one.record.providerPriority ?? 0) - (other.record.providerPriority ?? 0) || byInstalled || other.rank - one.rank
  }

  /** A tag in the world counts for the package and for everything that it brings. */
  #tagsOf(name: string): Tags {
    const asked = new Set<string | undefined>()
    for (const { dependency, owners } of this.#rules.requirementsOn(name)) if (owners.includes(undefined)) asked.add(dependency.tag)
    return { asked, allowed: this.#allowed(name, new Set()) }
  }

  #allowed(name: string, seen: Set<string>): ReadonlySet<string | undefined> {
    const allowed = new Set<string | undefined>([undefined])
    if (seen.has(name)) return allowed
    seen.add(name)
    for (const { owners, dependency } of this.#rules.requirementsOn(name)) {
      for (const owner of owners) {
        if (owner === undefined) allowed.add(dependency.tag)
        else if (this.#search.value(owner.id) > 0) for (const tag of this.#inherited(owner, seen)) allowed.add(tag)
      }
    }
    return allowed
  }

  #inherited(owner: Candidate, seen: Set<string>): readonly (string | undefined)[] {
    return this.#rules.universe.offers(owner).flatMap((offer) => [...this.#allowed(offer.name, seen)])
  }
}

interface Tags {
  /** Of the world's own entries for the name; undefined stands for "without a tag". */
  readonly asked: ReadonlySet<string | undefined>
  readonly allowed: ReadonlySet<string | undefined>
}

function tagScore(candidate: Candidate, tags: Tags): number {
  const tag = candidate.repository?.tag
  if (!tags.allowed.has(tag)) return candidate.installed ? 1 : 0
  return tags.asked.size === 0 || tags.asked.has(tag) ? 2 : 1
}
