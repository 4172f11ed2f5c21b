import { readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { Random } from '../seeded-random.ts'
import { recipe, Tiny } from './tiny.ts'

const seeds = [1, 2]
const steps = 14

/** Plans, and tells whether that was from memory: then nothing was written down anew. */
async function remembered(tiny: Tiny, words: readonly string[] = []): Promise<boolean> {
  const before = notes(tiny)
  await tiny.nacre(['plan', ...words])
  return notes(tiny) === before
}

function notes({ store }: Tiny): string {
  const receipts = join(store, 'v1', 'receipts')
  return readdirSync(receipts).filter((name) => name.endsWith('.text')).sort().map((name) => `${name} ${statSync(join(receipts, name), { bigint: true }).mtimeNs}`).join()
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
    expect(await remembered(tiny, ['own'])).toBe(true)
    expect(await tiny.nacre(['plan', 'own'])).toEqual(first)
    for (const words of [['own', 'note'], ['note'], [], ['own', '--json'], ['--all']]) {
      expect(await remembered(tiny, words), words.join(' ')).toBe(false)
      expect(await remembered(tiny, words), words.join(' ')).toBe(true)
    }
    expect((await tiny.nacre(['plan', 'own', '--json'])).stdout).toMatch(/^\{/)
  })

  it('is looked for again after each change of a recipe, of the list of recipes, and of the store', async () => {
    const known = (): Promise<boolean> => remembered(tiny, ['own'])
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
  })
})

describe('a plan of a recipe that uses a pipeline', () => {
  const pipeline = (text: string): string => `name: Mark\npipeline:\n  - runs: echo ${text} > "\${{targets.destdir}}/mark"\n`
  const tiny = new Tiny({ 'pipelines/mark.yaml': pipeline('one'), 'recipes/own.yaml': `${recipe('own', 'mkdir -p "${{targets.destdir}}"')}  - uses: mark\n` })
  afterAll(() => tiny[Symbol.asyncDispose]())

  it('says that it would run once the pipeline is another, and is refused when the pipeline is gone', async () => {
    tiny.write({ 'nacre.yaml': `${tiny.read('nacre.yaml')}pipelines: [pipelines]\n` })
    expect((await tiny.build(['own'])).code).toBe(0)
    const told = async (): Promise<string> => (await tiny.nacre(['plan', 'own'])).stdout
    expect(await told()).toMatch(/^0 would run/)
    expect(await remembered(tiny, ['own'])).toBe(true)
    tiny.write({ 'pipelines/mark.yaml': pipeline('two') })
    expect(await told()).toContain('run    build own')
    expect(await remembered(tiny, ['own'])).toBe(true)
    expect(await told()).toBe(await anew(tiny, ['own']))
    tiny.write({ 'pipelines/mark.yaml': pipeline('one') })
    expect(await told()).toMatch(/^0 would run/)
    rmSync(join(tiny.workspace, 'pipelines', 'mark.yaml'))
    expect((await tiny.nacre(['plan', 'own'])).code).not.toBe(0)
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
