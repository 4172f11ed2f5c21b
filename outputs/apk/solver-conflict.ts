import { byBytes } from '../../base/bytes.ts'
import { type Dependency, formatDependency } from './dependency.ts'
import { attempt } from './solver-attempt.ts'
import { type Constraint, type Filter, Rules } from './solver-rules.ts'
import { type Candidate, titleOf } from './solver-universe.ts'
import { compareVersions } from './version.ts'

/** One step of why a world can't be; packages by name and version, `world` for what was asked for. */
export type ConflictStep =
  | {
      readonly kind: 'needs'
      /** Package name, or undefined for the world. */
      readonly by: string | undefined
      /** Its versions of which this holds, oldest first. */
      readonly versions: readonly string[]
      readonly dependency: string
      /** Packages that would do, if nothing else were wrong. */
      readonly found: readonly string[]
      /** Packages that have the name, but not as needed. */
      readonly near: readonly string[]
    }
  | { readonly kind: 'forbids'; readonly by: string | undefined; readonly dependency: string; readonly other: string }
  | { readonly kind: 'excludes'; readonly name: string; readonly one: string; readonly other: string }
  | { readonly kind: 'malformed'; readonly by: string | undefined; readonly text: string }
  /** apk selects no package by an unversioned provide without priority; something else must ask for it by name. */
  | { readonly kind: 'unasked'; readonly package: string }

/** The fewest of the constraints that can't hold together, told from the world downwards. */
export function explainConflict(all: Rules, causes: readonly Constraint[]): readonly ConflictStep[] {
  const least = minimize(all, causes)
  return arrange(merge(least.map((cause) => stepOf(all, cause))))
}

/** One line of text for a step, without full stop. */
export function describeStep(step: ConflictStep): string {
  switch (step.kind) {
    case 'needs': {
      const who = step.by === undefined ? 'The world wants' : `${step.by} ${range(step.versions)} needs`
      if (step.found.length > 0) return `${who} "${step.dependency}" (${some(step.found)})`
      return `${who} "${step.dependency}", which nothing provides${step.near.length === 0 ? '' : ` (there is ${some(step.near)})`}`
    }
    case 'forbids':
      return `${step.by === undefined ? 'The world' : step.by} forbids "${step.dependency.slice(1)}", which is ${step.other}`
    case 'excludes':
      return `${step.one} and ${step.other} both provide "${step.name}", which only one package may`
    case 'malformed':
      return `${step.by === undefined ? 'The world' : step.by} has a dependency that can't be read: "${step.text}"`
    case 'unasked':
      return `${step.package} provides it without a version, so something has to ask for it by name`
  }
}

/**
 * Leaves out constraints, first half of them at once, then a quarter, down to single ones, and keeps them out when the conflict
 * stays. Each trial is a search, so their number and the conflicts in each are bounded; what is left is a conflict at any time.
 */
function minimize(all: Rules, causes: readonly Constraint[]): readonly Constraint[] {
  let least = causes
  let keys = keysOf(least)
  let trials = 300
  for (let size = Math.ceil(keys.length / 2); size > 0; size = size > 1 ? Math.ceil(size / 2) : 0) {
    for (let untried = keys.length; untried > 0 && trials > 0; trials--) {
      const from = Math.max(0, untried - size)
      const kept = new Set([...keys.slice(0, from), ...keys.slice(untried)])
      const keep: Filter = (owner, dependency) => kept.has(key(owner, dependency))
      const result = attempt(new Rules(all.universe, all.world, keep), { all, limit: 1000 })
      untried = from
      if (result.kind !== 'conflict') continue
      least = result.causes
      const left = new Set(keysOf(least))
      untried = keys.slice(0, from).filter((one) => left.has(one)).length
      keys = keys.filter((one) => left.has(one))
    }
  }
  return least
}

function keysOf(causes: readonly Constraint[]): readonly string[] {
  return [...new Set(causes.map(keyOf).filter((one) => one !== undefined))]
}

function keyOf(cause: Constraint): string | undefined {
  if (cause.kind === 'needs') return key(cause.owner, cause.requirement.dependency)
  return cause.kind === 'forbids' ? key(cause.by, cause.dependency) : undefined
}

function key(owner: Candidate | undefined, dependency: Dependency): string {
  return `${owner?.id ?? 'world'} ${formatDependency(dependency)}`
}

function stepOf(rules: Rules, cause: Constraint): ConflictStep {
  switch (cause.kind) {
    case 'needs': {
      const { owner, requirement } = cause
      const { dependency, providers } = requirement
      const found = providers.map(({ candidate }) => titleOf(candidate))
      const near = rules.universe.providers(dependency.name).map(({ candidate, version }) => nearTitle(candidate, dependency.name, version))
      const versions = owner === undefined ? [] : [owner.record.version]
      return { kind: 'needs', by: owner?.record.name, versions, dependency: formatDependency(dependency), found, near: found.length > 0 ? [] : near }
    }
    case 'forbids':
      return { kind: 'forbids', by: ownerTitle(cause.by), dependency: formatDependency(cause.dependency), other: titleOf(cause.other) }
    case 'excludes':
      return { kind: 'excludes', name: cause.name, one: titleOf(cause.one), other: titleOf(cause.other) }
    case 'malformed':
      return { kind: 'malformed', by: titleOf(cause.candidate), text: cause.text }
    case 'unasked':
      return { kind: 'unasked', package: titleOf(cause.candidate) }
  }
}

function ownerTitle(owner: Candidate | undefined): string | undefined {
  return owner === undefined ? undefined : titleOf(owner)
}

function nearTitle(candidate: Candidate, name: string, version: string): string {
  if (candidate.record.name === name) return titleOf(candidate)
  return version === '' ? `${titleOf(candidate)} without a version` : `${titleOf(candidate)} as ${version}`
}

/** Versions of one package with the same need are one step; that two versions of one package exclude one another goes without saying. */
function merge(steps: readonly ConflictStep[]): readonly ConflictStep[] {
  const merged = new Map<string, ConflictStep>()
  for (const step of steps) {
    if (step.kind === 'excludes' && nameOf(step.one, step.name) && nameOf(step.other, step.name)) continue
    const id = step.kind === 'needs' ? `needs ${step.by ?? ''} ${step.dependency}` : JSON.stringify(step)
    const before = merged.get(id)
    if (step.kind !== 'needs' || before?.kind !== 'needs') merged.set(id, step)
    else merged.set(id, { ...before, versions: [...before.versions, ...step.versions].sort(compareVersions) })
  }
  return [...merged.values()]
}

function nameOf(title: string, name: string): boolean {
  return title.startsWith(`${name}-`) && /^[0-9][^-]*(-r[0-9]+)?$/.test(title.slice(name.length + 1))
}

/** What was asked for first, then what that brings, step by step; what rules packages out comes last. */
function arrange(steps: readonly ConflictStep[]): readonly ConflictStep[] {
  const needs = steps.filter((step) => step.kind === 'needs').sort((a, b) => byBytes(a.dependency, b.dependency) || byBytes(a.by ?? '', b.by ?? ''))
  const told = needs.filter(({ by }) => by === undefined)
  for (let i = 0; i < told.length; i++) {
    const found = told[i]?.found ?? []
    told.push(...needs.filter((step) => !told.includes(step) && step.versions.some((version) => found.includes(`${step.by ?? ''}-${version}`))))
  }
  const rest = needs.filter((step) => !told.includes(step))
  return [...told, ...rest, ...steps.filter((step) => step.kind !== 'needs')]
}

function range(versions: readonly string[]): string {
  const first = versions[0] ?? ''
  return versions.length < 3 ? versions.join(' and ') : `${first} to ${versions.at(-1) ?? ''} (${versions.length} versions)`
}

function some(titles: readonly string[]): string {
  return titles.length <= 3 ? titles.join(', ') : `${titles.slice(0, 3).join(', ')} and ${titles.length - 3} more`
}
