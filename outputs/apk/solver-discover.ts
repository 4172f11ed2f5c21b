import type { Dependency } from './dependency.ts'
import type { Candidate, Universe } from './solver-universe.ts'

export interface Found {
  readonly reached: readonly Candidate[]
  /** Names that need come after those that they need; names of real packages after names that are merely provided. */
  readonly order: ReadonlyMap<string, number>
}

type Keep = (owner: Candidate | undefined, dependency: Dependency) => boolean

interface Visit {
  readonly name: string
  readonly below: readonly string[]
  next: number
}

/** Everything that a world could bring. Depth first with its own stack: an index from outside decides how deep this goes. */
export function discover(universe: Universe, world: readonly Dependency[], keep: Keep): Found {
  const reached = new Map<number, Candidate>()
  const order = new Map<string, number>()
  const seen = new Set<string>()
  const stack: Visit[] = []
  const enter = (name: string): void => {
    if (seen.has(name)) return
    seen.add(name)
    stack.push({ name, below: namesBelow(universe, name, { reached, keep }), next: 0 })
  }
  for (const dependency of world) {
    if (!dependency.conflict && keep(undefined, dependency)) enter(dependency.name)
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const name = top.below[top.next++]
      if (name !== undefined) enter(name)
      else {
        stack.pop()
        order.set(top.name, order.size + 1 + (isReal(universe, top.name) ? 2 ** 31 : 0))
      }
    }
  }
  return { reached: [...reached.values()], order }
}

function isReal(universe: Universe, name: string): boolean {
  return universe.providers(name).some(({ candidate }) => candidate.record.name === name)
}

function namesBelow(universe: Universe, name: string, seen: { readonly reached: Map<number, Candidate>; readonly keep: Keep }): readonly string[] {
  const below = new Set<string>()
  const waiting = new Set(universe.waitingFor(name))
  for (const { candidate } of universe.providers(name)) {
    if (seen.reached.has(candidate.id)) continue
    seen.reached.set(candidate.id, candidate)
    for (const dependency of universe.needs(candidate).dependencies) {
      if (!dependency.conflict && seen.keep(candidate, dependency)) below.add(dependency.name)
    }
    if (!universe.hasConditions) continue
    for (const offer of universe.offers(candidate)) for (const other of universe.waitingFor(offer.name)) waiting.add(other)
  }
  for (const other of waiting) below.add(other.record.name)
  return [...below]
}
