import { cpSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { nodeId } from '../../base/ids.ts'
import { closure, evaluateAll, type Files, type ModelTask } from './model.ts'
import { Random } from '../seeded-random.ts'
import { Killed, Side, type Told } from './side.ts'
import { Twins } from './twins.ts'

// Of two equal workspaces the one is always built by the shortest way, the other always by a plan of the whole. After each of 10,000 edits, with
// failures and kills among them, both must give the same answer, and what a pure evaluation gives; some are compared with a build from empty.
// The seed is in each test's name: NACRE_SEED=7 runs that one alone.
const seeds = process.env['NACRE_SEED'] === undefined ? Array.from({ length: 40 }, (_, i) => i + 1) : [Number(process.env['NACRE_SEED'])]
const steps = 250
const fromEmpty = 50

/** The comparison for the seeds that `mine` says yes to: the suite lies in two files, for two workers. */
export function compareWays(mine: (seed: number) => boolean): void {
  describe('every way to decide what runs', () => {
    it.each(seeds.filter((seed) => seeds.length === 1 || mine(seed)))('gives the answer of a build from empty, for edits of seed %i', { timeout: 600_000 }, async (seed) => {
      const folder = realpathSync(mkdtempSync(join(tmpdir(), 'nacre-twins-')))
      const random = new Random(seed)
      await using shortest = new Side(join(folder, 'shortest'))
      await using whole = new Side(join(folder, 'whole'))
      const twins = new Twins(random, [shortest.workspace, whole.workspace])
      let outputs: Files = new Map()
      const log: string[] = []
      let failing = false
      for (let step = 0; step < steps; step++) {
        const edits = Array.from({ length: step === 0 || random.chance(8) ? 0 : random.chance(80) ? 1 : 2 }, () => twins.edit(outputs))
        if (failing && random.chance(40)) twins.heal()
        const target = random.chance(85) ? undefined : random.pick(twins.tasks)?.name
        const kill = random.chance(6) ? random.below(12) : undefined
        log.push(`${step}: ${edits.join(', ')}${target === undefined ? '' : ` -> ${target}`}${kill === undefined ? '' : ` killed in ${kill}`}`)
        const words = [target === undefined ? '--all' : `task:${target}`, '--keep-going']
        // Nothing of a failure may be taken for done, whether or not others went on.
        const twice = random.chance(10)
        if (twice) await shortest.build(words.slice(0, 1), 'shortest')
        if (kill !== undefined) await buildAndKill(shortest, words, kill)
        const [a, b] = [await shortest.build(words, 'shortest'), await whole.build(words, 'whole')]
        const told = log.slice(-6).join('\n')
        expect(a.code, `${told}\n${a.stdout}\n${b.stdout}`).toBe(b.code)
        failing = b.code !== 0
        outputs = failing ? new Map() : expected(twins, target)
        if (!failing) {
          const files = shortest.files()
          expect(sorted(files), told).toEqual(sorted(whole.files()))
          for (const [path, entry] of outputs) expect(files.get(path), `${path} after\n${told}`).toEqual(entry)
          for (const { name } of twins.tasks) expect(keyOf(shortest, name), `key of ${name} after\n${told}`).toBe(keyOf(whole, name))
          if (!twice && kill === undefined) expect(counted(a), `${told}\n${a.stdout}`).toBe(counted(a, b))
        }
        if (!failing && step % fromEmpty === 0) await compareWithEmpty(join(folder, `empty-${step}`), shortest, { twins, words })
      }
      // A way that is hardly ever taken would prove nothing.
      expect(Math.min(...Object.values(shortest.ways)), JSON.stringify(shortest.ways)).toBeGreaterThan(steps / 50)
      rmSync(folder, { recursive: true, force: true })
    })
  })
}

/** What the wanted tasks make by a pure evaluation. */
function expected({ tasks, files }: Twins, target: string | undefined): Files {
  const wanted = closure(tasks, target === undefined ? tasks.map(({ name }) => name) : [target])
  const made = evaluateAll(tasks, files)
  return new Map([...made].flatMap(([name, outputs]) => (wanted.has(name) && outputs !== undefined ? [...outputs] : [])))
}

async function buildAndKill(side: Side, words: readonly string[], after: number): Promise<void> {
  side.killIn = after
  try {
    await side.build(words, 'shortest')
  } catch (error) {
    if (!(error instanceof Killed)) throw error
  } finally {
    side.killIn = Number.POSITIVE_INFINITY
  }
}

/** A build that found nothing to do counts nothing, where the whole way counts hits. */
function counted(told: Told, by = told): string | undefined {
  return told.stdout.includes('nothing changed') ? by.counts?.replace(/\d+ hit/, 'all hit').replace(/^0 ran, 0 hit/, '0 ran, all hit') : by.counts
}

function keyOf({ store }: Side, task: string): string | undefined {
  return store.history.get(nodeId(`task:${task}`))?.key
}

function sorted(files: Files): readonly (readonly [string, unknown])[] {
  return [...files].sort(([a], [b]) => (a < b ? -1 : 1))
}

async function compareWithEmpty(folder: string, side: Side, { twins, words }: { readonly twins: Twins; readonly words: readonly string[] }): Promise<void> {
  await using empty = new Side(folder)
  for (const path of ['nacre.yaml', 'tasks.yaml', ...twins.files.keys()]) cpSync(join(side.workspace, path), join(empty.workspace, path), { recursive: true, verbatimSymlinks: true })
  const told = await empty.build(words, 'shortest')
  expect(told.code).toBe(0)
  for (const { name } of wantedOf(twins.tasks, words)) expect(keyOf(empty, name)).toBe(keyOf(side, name))
  const files = empty.files()
  for (const [path, entry] of expected(twins, words[0]?.replace(/^task:/, '') === '--all' ? undefined : words[0]?.slice(5))) expect(files.get(path)).toEqual(entry)
}

function wantedOf(tasks: readonly ModelTask[], [word = '']: readonly string[]): readonly ModelTask[] {
  const names = closure(tasks, word === '--all' ? tasks.map(({ name }) => name) : [word.slice(5)])
  return tasks.filter(({ name }) => names.has(name))
}
