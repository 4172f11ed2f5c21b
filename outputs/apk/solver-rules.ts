import { byBytes } from '../../base/bytes.ts'
import { type Dependency, formatDependency, matches } from './dependency.ts'
import { discover } from './solver-discover.ts'
import type { Candidate, Provider, Universe } from './solver-universe.ts'

/** Why something must be there or must not: what an explanation is made of. The owner `undefined` is the world. */
export type Constraint =
  | { readonly kind: 'needs'; readonly owner: Candidate | undefined; readonly requirement: Requirement }
  | { readonly kind: 'forbids'; readonly by: Candidate | undefined; readonly dependency: Dependency; readonly other: Candidate }
  | { readonly kind: 'excludes'; readonly name: string; readonly one: Candidate; readonly other: Candidate }
  | { readonly kind: 'malformed'; readonly candidate: Candidate; readonly text: string }
  | { readonly kind: 'unasked'; readonly candidate: Candidate }

/** One of the providers has to be there. All who write the same dependency share it, and it has a variable of its own, so a search learns of it once. */
export interface Requirement {
  readonly id: number
  readonly dependency: Dependency
  readonly providers: readonly Provider[]
  readonly owners: readonly (Candidate | undefined)[]
  /** Names are decided from the highest to the lowest: who needs before who is needed, so that all bounds are known by then. */
  readonly order: number
}

export interface Ban {
  readonly other: Candidate
  /** Undefined where the requirement that it belongs to says all. */
  readonly cause: Constraint | undefined
}

/** Leaves constraints out, to see whether a conflict is still there without them. */
export type Filter = (owner: Candidate | undefined, dependency: Dependency) => boolean

/** The part of the universe that a world can reach, as constraints. Variables: the universe's candidates, then the requirements. */
export class Rules {
  readonly universe: Universe
  readonly world: readonly Dependency[]
  readonly reached: readonly Candidate[]
  /** Reached packages with `install_if`. */
  readonly optional: readonly Candidate[]
  readonly roots: readonly Requirement[]
  readonly requirements: readonly Requirement[]
  readonly #keep: Filter
  readonly #needs = new Map<number, readonly Requirement[]>()
  readonly #byName = new Map<string, Requirement[]>()

  constructor(universe: Universe, world: readonly Dependency[], keep: Filter = () => true) {
    this.universe = universe
    this.world = [...world].sort((a, b) => byBytes(formatDependency(a), formatDependency(b)))
    this.#keep = keep
    const { reached, order } = discover(universe, this.world, keep)
    this.reached = reached
    this.optional = reached.filter(({ record }) => record.installIf.length > 0)
    const pool = new Pool(universe, order)
    this.roots = this.#requirementsOf(undefined, this.world, pool)
    for (const candidate of reached) this.#needs.set(candidate.id, this.#requirementsOf(candidate, universe.needs(candidate).dependencies, pool))
    this.requirements = pool.list
    for (const requirement of pool.list) push(this.#byName, requirement.dependency.name, requirement)
  }

  /** How many variables there are. */
  get size(): number {
    return this.universe.candidates.length + this.requirements.length
  }

  requirementAt(id: number): Requirement | undefined {
    return this.requirements[id - this.universe.candidates.length]
  }

  needsOf(owner: Candidate): readonly Requirement[] {
    return this.#needs.get(owner.id) ?? []
  }

  requirementsOn(name: string): readonly Requirement[] {
    return this.#byName.get(name) ?? []
  }

  /** What can't be there when the variable holds. */
  bansOf(id: number): readonly Ban[] {
    const candidate = this.universe.candidates[id]
    if (candidate !== undefined) return [...this.#excludedBy(candidate), ...this.forbiddenBy(candidate, this.universe.needs(candidate).dependencies)]
    const requirement = this.requirementAt(id)
    return requirement === undefined ? [] : this.#outOfBounds(requirement)
  }

  forbiddenBy(by: Candidate | undefined, dependencies: readonly Dependency[]): readonly Ban[] {
    const bans: Ban[] = []
    for (const dependency of dependencies) {
      if (!dependency.conflict || !this.#keep(by, dependency)) continue
      for (const provider of this.universe.providers(dependency.name)) {
        const other = provider.candidate
        if (other.id !== by?.id && fits(dependency, provider)) bans.push({ other, cause: { kind: 'forbids', by, dependency, other } })
      }
    }
    return bans
  }

  /** A bound on a name rules out its other providers, which could never be there beside one inside the bound. */
  #outOfBounds({ dependency, providers }: Requirement): readonly Ban[] {
    if (dependency.bound === undefined || providers.length === 0) return []
    const inside = new Set(providers.map(({ candidate }) => candidate.id))
    const single = providers.every(({ version }) => version !== '')
    const outside = this.universe.providers(dependency.name).filter(({ candidate, version }) => !inside.has(candidate.id) && (single || version !== ''))
    return outside.map(({ candidate }) => ({ other: candidate, cause: undefined }))
  }

  /** A name has one owner, unless all who provide it do so without a version. */
  #excludedBy(one: Candidate): readonly Ban[] {
    const bans: Ban[] = []
    for (const { name, version } of this.universe.offers(one)) {
      for (const { candidate: other, version: theirs } of this.universe.providers(name)) {
        if (other.id !== one.id && (version !== '' || theirs !== '')) bans.push({ other, cause: { kind: 'excludes', name, one, other } })
      }
    }
    return bans
  }

  #requirementsOf(owner: Candidate | undefined, dependencies: readonly Dependency[], pool: Pool): readonly Requirement[] {
    const list: Requirement[] = []
    for (const dependency of dependencies) {
      if (dependency.conflict || !this.#keep(owner, dependency)) continue
      const requirement = pool.get(dependency)
      if (owner !== undefined && requirement.providers.some(({ candidate }) => candidate.id === owner.id)) continue
      requirement.owners.push(owner)
      list.push(requirement)
    }
    return list
  }
}

export function fits(dependency: Dependency, provider: Provider): boolean {
  const { checksum } = provider.candidate.record
  return matches(dependency, checksum === undefined ? { version: provider.version } : { version: provider.version, checksum })
}

/** apk takes a provider by itself only when it provides the name with a version, or has a priority. */
export function isSelectable(provider: Provider): boolean {
  return provider.version !== '' || (provider.candidate.record.providerPriority ?? 0) > 0
}

interface Shared extends Requirement {
  readonly owners: (Candidate | undefined)[]
}

/** One requirement for each way to write a dependency. */
class Pool {
  readonly list: Requirement[] = []
  readonly #universe: Universe
  readonly #order: ReadonlyMap<string, number>
  readonly #known = new Map<string, Shared>()

  constructor(universe: Universe, order: ReadonlyMap<string, number>) {
    this.#universe = universe
    this.#order = order
  }

  get(dependency: Dependency): Shared {
    const text = dependency.bound === undefined && dependency.tag === undefined ? dependency.name : formatDependency(dependency)
    const known = this.#known.get(text)
    if (known !== undefined) return known
    const providers = this.#universe.providers(dependency.name).filter((provider) => fits(dependency, provider))
    const id = this.#universe.candidates.length + this.list.length
    const made: Shared = { id, dependency, providers, owners: [], order: this.#order.get(dependency.name) ?? 0 }
    this.#known.set(text, made)
    this.list.push(made)
    return made
  }
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [value])
  else list.push(value)
}
