import { describe, expect, test } from 'vitest'
import { formatDependency, matches, parseDependency, parseProvide } from '../../../outputs/apk/dependency.ts'
import type { PackageRecord } from '../../../outputs/apk/record.ts'
import { solve } from '../../../outputs/apk/solver.ts'
import { describeStep } from '../../../outputs/apk/solver-conflict.ts'
import { packageRecord } from './package-record.ts'

// Small random indexes, each tried by brute force over all sets of packages: the solver must find a set exactly when there is one.

describe('The solver is complete', () => {
  test.each(Array.from({ length: 40 }, (_, i) => i))('on random indexes of series %i', (series) => {
    for (let i = 0; i < 50; i++) {
      const next = random(series * 1000 + i)
      const index = someIndex(next)
      const world = someWorld(next)
      const possible = bruteForce(index, world)
      const solution = solve({ repositories: [{ name: 'main', packages: index }], world })
      const shown = { world, index: index.map(brief) }
      expect({ solvable: solution.kind === 'solved', ...shown }).toEqual({ solvable: possible, ...shown })
      if (solution.kind === 'solved') expect({ valid: isValid(solution.packages.map(({ record }) => record), world), ...shown }).toEqual({ valid: true, ...shown })
      else for (const step of solution.chain) expect(describeStep(step)).not.toBe('')
    }
  })

  test('and both kinds of random index are common', () => {
    const results = Array.from({ length: 200 }, (_, i) => {
      const next = random(i)
      return solve({ repositories: [{ name: 'main', packages: someIndex(next) }], world: someWorld(next) }).kind
    })
    expect(results.filter((kind) => kind === 'solved').length).toBeGreaterThan(40)
    expect(results.filter((kind) => kind === 'unsolvable').length).toBeGreaterThan(40)
  })
})

type Next = (below: number) => number

function random(seed: number): Next {
  let state = seed * 2654435761 + 1
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 3266489917) | 0
    const mixed = Math.imul(state ^ (state >>> 13), 3266489917)
    return ((mixed ^ (mixed >>> 16)) >>> 0) % below
  }
}

const names = ['a', 'b', 'c', 'd', 'e']
const virtuals = ['v', 'w']

function someIndex(next: Next): readonly PackageRecord[] {
  const seen = new Set<string>()
  const records: PackageRecord[] = []
  for (let i = 0; i < 9; i++) {
    const name = pick(next, names)
    const version = `${1 + next(3)}-r0`
    if (seen.has(name + version)) continue
    seen.add(name + version)
    const depends = Array.from({ length: next(3) }, () => someDependency(next))
    const provides = next(3) === 0 ? [pick(next, virtuals) + pick(next, ['', '', '=1', '=2'])] : []
    const installIf = next(8) === 0 ? [someDependency(next), someDependency(next)] : []
    const priority = next(4) === 0 ? { provider_priority: 1 + next(3) } : {}
    records.push(packageRecord({ name, version, depends, provides, install_if: installIf, ...priority }))
  }
  return records
}

function someWorld(next: Next): readonly string[] {
  return Array.from({ length: 1 + next(3) }, () => someDependency(next))
}

function someDependency(next: Next): string {
  const name = pick(next, [...names, ...names, ...virtuals])
  return pick(next, ['', '', '', '', '!']) + name + pick(next, ['', '', '', '', '=1-r0', '=2-r0', '>=2', '<2', '>1', '~2'])
}

function pick(next: Next, list: readonly string[]): string {
  return list[next(list.length)] ?? ''
}

function bruteForce(index: readonly PackageRecord[], world: readonly string[]): boolean {
  for (let set = 0; set < 2 ** index.length; set++) {
    if (isValid(index.filter((_, i) => (set >> i) & 1), world)) return true
  }
  return false
}

function isValid(set: readonly PackageRecord[], world: readonly string[]): boolean {
  const owners = new Map<string, { readonly record: PackageRecord; readonly version: string }[]>()
  for (const record of set) {
    for (const { name, version } of offersOf(record)) owners.set(name, [...(owners.get(name) ?? []), { record, version }])
  }
  for (const list of owners.values()) {
    const distinct = new Set(list.map(({ record }) => record))
    if (distinct.size > 1 && list.some(({ version }) => version !== '')) return false
  }
  if (!world.every((text) => holds(set, undefined, text))) return false
  if (!set.every((record) => record.depends.every((text) => holds(set, record, text)))) return false
  return isSupported(set, world)
}

function holds(set: readonly PackageRecord[], owner: PackageRecord | undefined, text: string): boolean {
  const dependency = parseDependency(text)
  if (dependency === undefined) return false
  const found = set.filter((record) => offersOf(record).some((offer) => offer.name === dependency.name && matches(dependency, offer)))
  return dependency.conflict ? found.every((record) => record === owner) : found.length > 0
}

function isSupported(set: readonly PackageRecord[], world: readonly string[]): boolean {
  const supported = new Set<PackageRecord>()
  for (let grown = true; grown; ) {
    const before = supported.size
    for (const record of set) {
      const asked = [...world, ...[...supported].flatMap(({ depends }) => depends)].some((text) => selects(text, record))
      const met = record.installIf.length > 0 && record.installIf.every((text) => (text.startsWith('!') ? holds(set, undefined, text) : holds([...supported], undefined, text)))
      if (asked || met) supported.add(record)
    }
    grown = supported.size > before
  }
  return supported.size === set.length
}

function selects(text: string, record: PackageRecord): boolean {
  const dependency = parseDependency(text)
  if (dependency === undefined || dependency.conflict) return false
  const selectable = (version: string): boolean => version !== '' || (record.providerPriority ?? 0) > 0
  return offersOf(record).some((offer) => offer.name === dependency.name && selectable(offer.version) && matches(dependency, offer))
}

function offersOf(record: PackageRecord): readonly { readonly name: string; readonly version: string }[] {
  return [{ name: record.name, version: record.version }, ...record.provides.map(parseProvide).filter((one) => one !== undefined)]
}

function brief(record: PackageRecord): string {
  const parts = [`${record.name}=${record.version}`, ...record.depends, '|', ...record.provides, '|', ...record.installIf.map(parseDependency).map((one) => (one === undefined ? '' : formatDependency(one)))]
  return parts.join(' ')
}

describe('A solution', () => {
  const packages = [
    packageRecord({ name: 'app', version: '1-r0', depends: ['so:liba.so.1', 'tool>1'] }),
    packageRecord({ name: 'liba', version: '2-r0', depends: ['base'], provides: ['so:liba.so.1=1'] }),
    packageRecord({ name: 'tool', version: '2-r0', depends: ['base', 'app'] }),
    packageRecord({ name: 'base', version: '1-r0' }),
    packageRecord({ name: 'app-doc', version: '1-r0', install_if: ['app=1-r0', 'base'] }),
  ]
  const solution = solve({ repositories: [{ name: 'main', packages }], world: ['app', 'base'] })
  const chosen = solution.kind === 'solved' ? solution.packages : []

  test('lists what is needed before who needs it, but for cycles', () => {
    expect(chosen.map(({ record }) => record.name)).toEqual(['base', 'liba', 'tool', 'app', 'app-doc'])
  })

  test('says why each package is there', () => {
    expect(Object.fromEntries(chosen.map(({ record, reasons }) => [record.name, reasons]))).toEqual({
      app: [{ kind: 'world', dependency: 'app' }, { kind: 'needed', by: 'tool-2-r0', dependency: 'app' }],
      base: [{ kind: 'world', dependency: 'base' }, { kind: 'needed', by: 'liba-2-r0', dependency: 'base' }, { kind: 'needed', by: 'tool-2-r0', dependency: 'base' }],
      liba: [{ kind: 'needed', by: 'app-1-r0', dependency: 'so:liba.so.1' }],
      tool: [{ kind: 'needed', by: 'app-1-r0', dependency: 'tool>1' }],
      'app-doc': [{ kind: 'install-if', conditions: ['app=1-r0', 'base'] }],
    })
  })

  test('is refused with the entry of the world that is no dependency', () => {
    const refused = solve({ repositories: [{ packages }], world: ['app', 'base=='] })
    expect(refused.kind === 'unsolvable' ? refused.chain.map(describeStep) : []).toEqual(['The world has a dependency that can\'t be read: "base=="'])
  })

  test('leaves out a package with a dependency that is none', () => {
    const broken = packageRecord({ name: 'app', version: '2-r0', depends: ['base<'] })
    const other = solve({ repositories: [{ packages: [...packages, broken] }], world: ['app'] })
    expect(other.kind === 'solved' ? other.packages.map(({ record }) => `${record.name}-${record.version}`) : []).toContain('app-1-r0')
  })

  test('explains several versions with one need in one line', () => {
    const versions = [1, 2, 3, 4].map((version) => packageRecord({ name: 'many', version: `${version}-r0`, depends: ['gone'] }))
    const refused = solve({ repositories: [{ packages: versions }], world: ['many'] })
    expect(refused.kind === 'unsolvable' ? refused.chain.map(describeStep) : []).toEqual([
      'The world wants "many" (many-1-r0, many-2-r0, many-3-r0 and 1 more)',
      'many 1-r0 to 4-r0 (4 versions) needs "gone", which nothing provides',
    ])
  })
})
