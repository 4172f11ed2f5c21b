import { Fault } from '../../base/result.ts'
import { fits, isSelectable, type Requirement, type Rules } from './solver-rules.ts'
import { absent, type Move, original, present, type Search } from './solver-search.ts'
import type { Candidate } from './solver-universe.ts'

/**
 * A package may only be there because something selects it: the world, another package through a name that apk chooses by itself,
 * or its own `install_if`. Checks that of a settled choice, and says what to do where it doesn't hold.
 */
export class Support {
  readonly #rules: Rules
  readonly #search: Search
  readonly #lenient: boolean

  /** With `lenient`, what the full rules could still select is let be: for a search in which some rules are left out. */
  constructor(rules: Rules, search: Search, lenient: boolean) {
    this.#rules = rules
    this.#search = search
    this.#lenient = lenient
  }

  check(): Move {
    const there = this.#closure((candidate) => this.#search.value(candidate.id) > 0)
    const loose = this.#rules.reached.filter((candidate) => this.#search.value(candidate.id) > 0 && !there.has(candidate))
    if (loose.length === 0) return { kind: 'done' }
    const possible = this.#closure((candidate) => this.#search.value(candidate.id) >= 0)
    const hopeless = loose.find((candidate) => !possible.has(candidate))
    if (hopeless !== undefined) return this.#refute(hopeless, possible)
    return this.#lenient ? { kind: 'done' } : this.#withdraw(loose)
  }

  /** Are all conditions of `install_if` met by the given packages. */
  triggered(candidate: Candidate, has: (other: Candidate) => boolean): boolean {
    const { dependencies, malformed } = this.#rules.universe.conditions(candidate)
    if (malformed.length > 0 || dependencies.length === 0) return false
    return dependencies.every((condition) => {
      const met = (provider: { readonly candidate: Candidate; readonly version: string }): boolean => fits(condition, provider)
      const providers = this.#rules.universe.providers(condition.name).filter(met)
      if (condition.conflict) return !providers.some((provider) => this.#search.value(provider.candidate.id) > 0)
      return providers.some((provider) => has(provider.candidate))
    })
  }

  /** Everything that the world selects, directly or not, among the packages that may be used. */
  #closure(may: (candidate: Candidate) => boolean): ReadonlySet<Candidate> {
    const found = new Set<Candidate>()
    const open: Requirement[] = [...this.#rules.roots]
    const take = (candidate: Candidate): void => {
      found.add(candidate)
      open.push(...this.#rules.needsOf(candidate))
    }
    for (let grown = true; grown; ) {
      for (let next = open.pop(); next !== undefined; next = open.pop()) {
        for (const provider of next.providers) {
          if (isSelectable(provider) && may(provider.candidate) && !found.has(provider.candidate)) take(provider.candidate)
        }
      }
      const woken = this.#rules.optional.filter((one) => may(one) && !found.has(one) && this.triggered(one, (other) => found.has(other)))
      for (const candidate of woken) take(candidate)
      grown = woken.length > 0
    }
    return found
  }

  /** Whatever could still select it is known to be absent: that is the reason why it can't be there. */
  #refute(candidate: Candidate, possible: ReadonlySet<Candidate>): Move {
    const out = (other: Candidate): boolean => !possible.has(other) && this.#search.value(other.id) >= 0
    const literals = new Set<number>([absent(candidate.id)])
    for (const other of this.#supporters(out)) if (this.#search.value(other.id) < 0) literals.add(present(other.id))
    for (const one of this.#rules.optional.filter(out)) {
      for (const condition of this.#rules.universe.conditions(one).dependencies) {
        if (!condition.conflict) continue
        for (const { candidate: other } of this.#rules.universe.providers(condition.name)) {
          if (this.#search.value(other.id) > 0) literals.add(absent(other.id))
        }
      }
    }
    return { kind: 'conflict', clause: original([...literals], { kind: 'unasked', candidate }) }
  }

  /** Something open could select them, but nothing asks for it: leave it out, and see. */
  #withdraw(loose: readonly Candidate[]): Move {
    const set = new Set(loose)
    const open = this.#supporters((candidate) => set.has(candidate)).find((candidate) => this.#search.value(candidate.id) === 0)
    if (open === undefined) throw new Fault('internal', 'a package is there that nothing can have selected')
    return { kind: 'decide', literal: absent(open.id) }
  }

  #supporters(of: (candidate: Candidate) => boolean): readonly Candidate[] {
    const list: Candidate[] = []
    for (const owner of this.#rules.reached) {
      const selects = this.#rules.needsOf(owner).some(({ providers }) => providers.some((one) => isSelectable(one) && of(one.candidate)))
      if (selects) list.push(owner)
    }
    for (const candidate of this.#rules.optional.filter(of)) {
      for (const condition of this.#rules.universe.conditions(candidate).dependencies) {
        if (condition.conflict) continue
        list.push(...this.#rules.universe.providers(condition.name).map((provider) => provider.candidate))
      }
    }
    return list
  }
}
