import { Agenda } from './solver-agenda.ts'
import { Preference } from './solver-preference.ts'
import type { Constraint, Requirement, Rules } from './solver-rules.ts'
import { absent, type Clause, original, present, Search } from './solver-search.ts'
import { Support } from './solver-support.ts'
import type { Candidate } from './solver-universe.ts'

export type Attempt =
  | { readonly kind: 'found'; readonly chosen: ReadonlySet<Candidate> }
  | { readonly kind: 'conflict'; readonly causes: readonly Constraint[] }
  /** Only with a limit. */
  | { readonly kind: 'given-up' }

export interface Options {
  /** The rules that say what may be selected, where `rules` leave some out. */
  readonly all?: Rules
  readonly keepInstalled?: boolean
  /** Gives up after so many conflicts. */
  readonly limit?: number
}

/** One search over the rules. */
export function attempt(rules: Rules, options: Options = {}): Attempt {
  const search = new Search(rules.size, (id) => rules.bansOf(id).map(({ other, cause }) => ({ other: other.id, cause })))
  for (const clause of clausesOf(rules)) {
    const conflict = search.add(clause)
    if (conflict !== undefined) return { kind: 'conflict', causes: search.causes(conflict) }
  }
  const support = new Support(options.all ?? rules, search, options.all !== undefined)
  const preference = new Preference(rules, search, options.keepInstalled ?? true)
  const end = search.run(new Agenda({ rules, search, support, preference }), options.limit ?? Infinity)
  if (end.kind === 'conflict') return { kind: 'conflict', causes: search.causes(end.clause) }
  return end.kind === 'settled' ? { kind: 'found', chosen: new Set(rules.reached.filter(({ id }) => search.value(id) > 0)) } : end
}

function* clausesOf(rules: Rules): Generator<Clause> {
  for (const { other, cause } of rules.forbiddenBy(undefined, rules.world)) yield original([absent(other.id)], cause)
  for (const candidate of rules.reached) {
    for (const text of rules.universe.needs(candidate).malformed) yield original([absent(candidate.id)], { kind: 'malformed', candidate, text })
  }
  for (const requirement of rules.requirements) {
    const provided = original([absent(requirement.id), ...requirement.providers.map(({ candidate }) => present(candidate.id))], undefined)
    yield provided
    for (const owner of requirement.owners) yield ownerClause(owner, requirement)
    for (const below of common(rules, requirement)) {
      const steps = requirement.providers.map(({ candidate }) => ownerClause(candidate, below))
      yield { literals: [absent(requirement.id), present(below.id)], cause: undefined, parents: [provided, ...steps], fixed: [] }
    }
  }
}

function ownerClause(owner: Candidate | undefined, requirement: Requirement): Clause {
  const literals = owner === undefined ? [present(requirement.id)] : [absent(owner.id), present(requirement.id)]
  return original(literals, { kind: 'needs', owner, requirement })
}

/** What all providers need is needed before one of them is chosen, as apk has it. */
function common(rules: Rules, { providers }: Requirement): readonly Requirement[] {
  const [first, ...rest] = providers.map(({ candidate }) => rules.needsOf(candidate))
  return first === undefined || rest.length === 0 ? [] : first.filter((requirement) => rest.every((needs) => needs.includes(requirement)))
}
