import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { PackageRecord } from '../../../outputs/apk/record.ts'
import { changeWorld, type Mode, solve } from '../../../outputs/apk/solver.ts'
import { describeStep } from '../../../outputs/apk/solver-conflict.ts'
import { Universe } from '../../../outputs/apk/solver-universe.ts'
import { packageRecord } from './package-record.ts'

interface Entry {
  readonly name: string
  readonly version: string
  readonly repo?: string
}

interface Case {
  readonly id: string
  readonly index: readonly Entry[]
  readonly repositories?: readonly { readonly name: string; readonly tag?: string }[]
  readonly world: readonly string[]
  readonly installed?: readonly string[]
  readonly installed_world?: readonly string[]
  readonly mode?: Mode
  readonly remove?: readonly string[]
  readonly expect: { readonly apk: readonly string[] | { readonly error: true } }
  readonly order_sensitive?: { readonly apk?: readonly string[] }
}

/** apk refuses, a solution exists, and nacre finds it. Each with its reason. */
const better: Readonly<Record<string, readonly [result: readonly string[], reason: string]>> = {
  'back-missing': [['a=1.0-r0'], 'the newest a needs what nothing provides; apk does not look at the older one'],
  'conflict-older-ok': [['a=1.0-r0', 'b=1.0-r0'], 'the newest a forbids b, which the world wants; apk does not step back to the older one'],
  'cycle-version': [['a=2.0-r0', 'b=2.0-r0'], 'the newest b needs an a that is not there; apk does not step back to the older pair'],
  'pin-version-after': [['a=2.0-r0'], 'the tag after the version, as apko writes it, means the same as before it'],
}

const folder = new URL('../../vectors/solver/', import.meta.url)
const cases = readdirSync(folder)
  .sort()
  .map((file): Case => JSON.parse(readFileSync(new URL(file, folder), 'utf8')))

describe('The solver', () => {
  test('has all 88 recorded cases', () => {
    expect(cases).toHaveLength(88)
  })

  test.each(cases.map((one) => [one.id, one] as const))('chooses as apk does in %s', (id, one) => {
    const result = run(one.index, one)
    const deliberate = better[id]
    if (deliberate !== undefined) {
      expect(one.expect.apk, 'apk refuses').toEqual({ error: true })
      expect(result).toEqual(deliberate[0])
    } else if (one.order_sensitive?.apk !== undefined) {
      expect([one.expect.apk, one.order_sensitive.apk]).toContainEqual(result)
    } else expect(result).toEqual(one.expect.apk)
  })

  test.each(cases.map((one) => [one.id, one] as const))('chooses the same whatever the order of index and world in %s', (_, one) => {
    const turned = { ...one, world: [...one.world].reverse() }
    expect(run([...one.index].reverse(), turned)).toEqual(run(one.index, one))
  })

  test.each(cases.filter(({ id, expect: { apk } }) => 'error' in apk && better[id] === undefined).map((one) => [one.id, one] as const))(
    'says in a few lines why %s has no solution',
    (_, one) => {
      const solution = solve({ universe: universe(one.index, one), world: one.world })
      const chain = solution.kind === 'unsolvable' ? solution.chain.map(describeStep) : []
      expect(chain.length).toBeGreaterThan(0)
      expect(chain.length).toBeLessThan(5)
      expect(chain).toMatchSnapshot()
    },
  )
})

function run(index: readonly Entry[], one: Case): readonly string[] | { readonly error: true } {
  const mode = one.mode ?? 'add'
  const world = one.installed_world === undefined ? one.world : changeWorld(one.installed_world, mode, one.remove ?? one.world)
  const solution = solve({ universe: universe(index, one), world, mode })
  if (solution.kind === 'unsolvable') return { error: true }
  return solution.packages.map(({ record }) => `${record.name}=${record.version}`).sort()
}

function universe(index: readonly Entry[], one: Case): Universe {
  const repositories = (one.repositories ?? [{ name: 'main' }]).map((repository) => ({
    ...repository,
    packages: index.filter(({ repo }) => (repo ?? 'main') === repository.name).map(packageRecord),
  }))
  return new Universe(repositories, installed(index, one.installed ?? []))
}

/** `a=1.0-r0`, or `a` where there is one version. */
function installed(index: readonly Entry[], names: readonly string[]): readonly PackageRecord[] {
  return index.filter(({ name, version }) => names.includes(name) || names.includes(`${name}=${version}`)).map(packageRecord)
}
