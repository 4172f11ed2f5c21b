import { readdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { parseArguments } from '../../cli/arguments.ts'
import { knownPlan } from '../../cli/known-plan.ts'
import { Random } from '../seeded-random.ts'
import { recipe, Tiny } from './tiny.ts'

const seeds = [1, 2]
const steps = 14

/** Whether a plan of these words would be told from memory. */
function remembered(tiny: Tiny, words: readonly string[] = []): boolean {
  const parsed = parseArguments(['plan', ...words, '--workspace', tiny.workspace, '--store', tiny.store])
  if (parsed.kind !== 'run') throw new Error('no command line')
  return knownPlan(parsed.arguments) !== undefined
}

/** What a plan says that remembers nothing. */
async function anew(tiny: Tiny, words: readonly string[]): Promise<string> {
  const receipts = join(tiny.store, 'v1', 'receipts')
  const aside = `${receipts}-aside`
  renameSync(receipts, aside)
  const { stdout } = await tiny.nacre(['plan', ...words])
  rmSync(receipts, { recursive: true, force: true })
  renameSync(aside, receipts)
  return stdout
}

describe('a plan that is asked for again', () => {
  const tiny = new Tiny({ 'recipes/own.yaml': recipe('own', 'mkdir -p "${{targets.destdir}}/usr"') })
  afterAll(() => tiny[Symbol.asyncDispose]())

  it('is told from memory, from the first time on, and for the same words alone', async () => {
    const first = await tiny.nacre(['plan', 'own'])
    expect(first.stdout).toContain('would run')
    expect(remembered(tiny, ['own'])).toBe(true)
    expect(await tiny.nacre(['plan', 'own'])).toEqual(first)
    expect([['own', 'note'], ['note'], [], ['own', '--json'], ['--all']].map((words) => remembered(tiny, words))).toEqual([false, false, false, false, false])
    expect((await tiny.nacre(['plan', 'own', '--json'])).stdout).toMatch(/^\{/)
  })

  it('is looked for again after each change of a recipe, of the list of recipes, and of the store', async () => {
    const known = async (): Promise<boolean> => {
      const told = remembered(tiny, ['own'])
      await tiny.nacre(['plan', 'own'])
      return told
    }
    await known()
    tiny.edit('recipes/own.yaml', 'Made by a test', 'Made by nobody')
    expect(await known()).toBe(false)
    utimesSync(join(tiny.workspace, 'recipes/own.yaml'), 1, 1)
    expect(await known()).toBe(true)
    tiny.write({ 'recipes/other.yaml': recipe('other', ':') })
    expect(await known()).toBe(false)
    expect((await tiny.build(['own'])).code).toBe(0)
    expect(await known()).toBe(false)
    expect((await tiny.nacre(['plan', 'own'])).stdout).toMatch(/^0 would run/)
    expect((await tiny.nacre(['cache', 'gc', '--max-size', '0'])).code).toBe(0)
    expect(await known()).toBe(false)
    tiny.edit('recipes/own.yaml', 'name: own', 'name: [own')
    expect((await tiny.nacre(['plan', 'own'])).code).not.toBe(0)
    expect(remembered(tiny, ['own'])).toBe(false)
  })
})

describe.each(seeds)('plans with the edits of seed %i', (seed) => {
  it('say what they would say without a memory', { timeout: 240_000 }, async () => {
    await using tiny = new Tiny()
    const random = new Random(seed)
    const one = <T>(list: readonly T[]): T => random.pick(list) ?? never()
    const recipes = readdirSync(join(tiny.workspace, 'recipes')).filter((name) => name.endsWith('.yaml') && name !== 'tools.yaml')
    const edits: readonly (() => Promise<unknown> | void)[] = [
      () => {
        const name = `recipes/${one(recipes)}`
        tiny.write({ [name]: tiny.read(name) })
      },
      () => {
        const name = `recipes/${one(recipes)}`
        tiny.write({ [name]: tiny.read(name).replace(/description: .*/, `description: Number ${random.below(3)}`) })
      },
      () => writeFileSync(join(tiny.workspace, 'recipes', 'letters', 'alphabet.txt'), `${random.below(3)}\n`),
      () => rmSync(join(tiny.workspace, 'recipes', 'extra.yaml'), { force: true }),
      () => tiny.write({ 'recipes/extra.yaml': recipe('extra', `echo ${random.below(2)}`) }),
      () => tiny.build([one(['greeting', 'poem', 'image:card', 'letters'])]),
      () => tiny.nacre(['cache', 'gc', '--max-size', '0']),
      () => undefined,
    ]
    for (let step = 0; step < steps; step++) {
      await one(edits)()
      const words = one([['--all'], ['image:card'], ['poem', 'letters']])
      const told = [await tiny.nacre(['plan', ...words]), await tiny.nacre(['plan', ...words])].map(({ stdout }) => stdout)
      expect(told, `step ${step}`).toEqual([await anew(tiny, words), told[0]])
    }
  })
})

function never(): never {
  throw new Error('an empty list')
}
