import { byBytes } from '../../base/bytes.ts'
import { formatDependency, parseDependency } from './dependency.ts'
import type { PackageRecord } from './record.ts'
import { attempt } from './solver-attempt.ts'
import { type ConflictStep, explainConflict } from './solver-conflict.ts'
import { type Requirement, Rules } from './solver-rules.ts'
import { type Candidate, type Repository, titleOf, Universe } from './solver-universe.ts'

/** `add` and `del` keep what is installed where they can, `upgrade` takes the newest. */
export type Mode = 'add' | 'upgrade' | 'del'

export type Reason =
  | { readonly kind: 'world'; readonly dependency: string }
  | { readonly kind: 'needed'; readonly by: string; readonly dependency: string }
  | { readonly kind: 'install-if'; readonly conditions: readonly string[] }

export interface Selected {
  readonly record: PackageRecord
  /** Undefined for an installed package that is in no repository any more. */
  readonly repository: Repository | undefined
  /** All of them, the world's first. */
  readonly reasons: readonly Reason[]
}

export interface Request {
  /** Each in apk's dependency syntax; a tag may stand before or after the bound. */
  readonly world: readonly string[]
  readonly mode?: Mode
  /** In the order of preference, or a universe of them that is used more than once. */
  readonly repositories?: readonly Repository[]
  readonly installed?: readonly PackageRecord[]
  readonly universe?: Universe
}

export type Solution =
  /** In the order in which they are to be installed: what a package needs comes before it, but for cycles. */
  | { readonly kind: 'solved'; readonly packages: readonly Selected[] }
  | { readonly kind: 'unsolvable'; readonly chain: readonly ConflictStep[] }

/**
 * The packages that a world needs: a solution whenever there is one, the one that apk prefers where apk finds one. The order of
 * the world and of the entries inside an index doesn't matter; the order of repositories does.
 */
export function solve(request: Request): Solution {
  const { world } = request
  const universe = request.universe ?? new Universe(request.repositories ?? [], request.installed)
  const entries = world.map((text) => ({ text, dependency: parseDependency(text) }))
  const bad = entries.find(({ dependency }) => dependency === undefined)
  if (bad !== undefined) return { kind: 'unsolvable', chain: [{ kind: 'malformed', by: undefined, text: bad.text }] }
  const wanted = entries.map(({ dependency }) => dependency).filter((dependency) => dependency !== undefined)
  const rules = new Rules(universe, wanted)
  const result = attempt(rules, { keepInstalled: request.mode !== 'upgrade' })
  if (result.kind !== 'found') return { kind: 'unsolvable', chain: explainConflict(rules, result.kind === 'conflict' ? result.causes : []) }
  const reasons = reasonsFor(rules, result.chosen)
  const packages = inInstallOrder(rules, result.chosen).map((candidate): Selected => {
    const conditions = candidate.record.installIf
    return { record: candidate.record, repository: candidate.repository, reasons: reasons.get(candidate) ?? [{ kind: 'install-if', conditions }] }
  })
  return { kind: 'solved', packages }
}

/** The world after `apk add`, `upgrade` or `del` of some entries: an entry replaces the one of the same name. */
export function changeWorld(world: readonly string[], mode: Mode, entries: readonly string[]): readonly string[] {
  const names = new Set(entries.map((entry) => parseDependency(entry)?.name))
  const rest = world.filter((entry) => !names.has(parseDependency(entry)?.name))
  if (mode === 'del') return rest
  return mode === 'upgrade' ? [...new Set([...world, ...entries])] : [...rest, ...entries]
}

function reasonsFor(rules: Rules, chosen: ReadonlySet<Candidate>): ReadonlyMap<Candidate, readonly Reason[]> {
  const reasons = new Map<Candidate, Reason[]>()
  for (const { dependency, owners, providers } of rules.requirements) {
    const taken = providers.filter(({ candidate }) => chosen.has(candidate))
    const askers = owners.filter((owner) => owner === undefined || chosen.has(owner))
    const text = formatDependency(dependency)
    const why = askers.map((owner): Reason => (owner === undefined ? { kind: 'world', dependency: text } : { kind: 'needed', by: titleOf(owner), dependency: text }))
    if (why.length > 0) for (const { candidate } of taken) reasons.set(candidate, [...(reasons.get(candidate) ?? []), ...why])
  }
  for (const list of reasons.values()) list.sort((a, b) => byBytes(rankOf(a), rankOf(b)))
  return reasons
}

function rankOf(reason: Reason): string {
  if (reason.kind === 'install-if') return ''
  return reason.kind === 'world' ? `0 ${reason.dependency}` : `1 ${reason.by} ${reason.dependency}`
}

interface Visit {
  readonly candidate: Candidate
  readonly below: readonly Candidate[]
  next: number
}

/** Depth first from the world; a package with `install_if` follows what it waits for, which is there by then. */
function inInstallOrder(rules: Rules, chosen: ReadonlySet<Candidate>): readonly Candidate[] {
  const done: Candidate[] = []
  const seen = new Set<Candidate>()
  const stack: Visit[] = []
  const enter = (candidate: Candidate): void => {
    if (seen.has(candidate)) return
    seen.add(candidate)
    stack.push({ candidate, below: chosenBy(rules.needsOf(candidate), chosen), next: 0 })
  }
  const late = rules.optional.filter((candidate) => chosen.has(candidate)).sort((a, b) => byBytes(a.record.name, b.record.name))
  for (const start of [...chosenBy(rules.roots, chosen), ...late]) {
    enter(start)
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const below = top.below[top.next++]
      if (below !== undefined) enter(below)
      else done.push(...stack.splice(-1).map(({ candidate }) => candidate))
    }
  }
  return done
}

function chosenBy(requirements: readonly Requirement[], chosen: ReadonlySet<Candidate>): readonly Candidate[] {
  return requirements.flatMap(({ providers }) => providers.map(({ candidate }) => candidate).filter((candidate) => chosen.has(candidate)))
}
