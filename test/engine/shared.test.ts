import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AbsPath, absPath } from '../../base/ids.ts'
import { type Child, startChild } from '../cache/compiled.ts'
import { puppet, pure, World } from './puppet.ts'

const top = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
let folder: AbsPath
let script = ''

beforeAll(() => {
  folder = absPath(mkdtempSync(join(tmpdir(), 'nacre-shared-')))
  const out = join(folder, 'js')
  mkdirSync(out)
  symlinkSync(join(top, 'node_modules'), join(out, 'node_modules'))
  writeFileSync(join(out, 'package.json'), '{"type":"module"}')
  const compilerOptions = { noEmit: false, allowImportingTsExtensions: false, rewriteRelativeImportExtensions: true, rootDir: top, outDir: out, typeRoots: [join(top, 'node_modules/@types')] }
  writeFileSync(join(out, 'tsconfig.json'), JSON.stringify({ extends: join(top, 'tsconfig.json'), compilerOptions, include: [], files: [join(top, 'test/engine/child.ts')] }))
  const compiled = spawnSync(process.execPath, [join(top, 'node_modules/typescript/bin/tsc'), '-p', out], { encoding: 'utf8' })
  if (compiled.status !== 0) throw new Error(compiled.stdout + compiled.stderr)
  script = join(out, 'test/engine/child.js')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const answer = async (child: Child): Promise<{ ran: number; hit: number; failed: number; last: string }> => JSON.parse((await child.line()) ?? 'null')
const runs = (log: string): string[] => readFileSync(log, 'utf8').trim().split('\n')

describe('two builds at once', () => {
  it('of one process run equal work once', async () => {
    using world = new World()
    const actions = [puppet('a'), puppet('b', ['a'])]
    const one = world.build(actions)
    const two = world.build(actions)
    const a = await world.puppet.started('a')
    await new Promise((resolve) => setImmediate(resolve))
    expect(world.puppet.open).toEqual([])
    await a.done('a')
    await (await world.puppet.started('b')).done('b')
    const counts = [(await one).counts, (await two).counts]
    expect(counts.map(({ ran, hit }) => ran + hit)).toEqual([2, 2])
    expect(world.puppet.invocations).toEqual(['a', 'b'])
    expect((await one).outputs).toEqual((await two).outputs)
  })

  it('go on when the one that runs the work fails', async () => {
    using world = new World()
    const one = world.build([puppet('a')])
    const two = world.build([puppet('a')])
    ;(await world.puppet.started('a')).fail()
    await (await world.puppet.started('a')).done('a')
    expect([(await one).outcome, (await two).outcome].sort()).toEqual(['done', 'failed'])
  })

  it('are stopped while they wait for each other', async () => {
    using world = new World()
    const stop = new AbortController()
    const one = world.build([puppet('a')])
    const a = await world.puppet.started('a')
    const two = world.build([puppet('a')], { signal: stop.signal })
    await new Promise((resolve) => setImmediate(resolve))
    stop.abort()
    await a.done('a')
    await one
    expect(['done', 'stopped']).toContain((await two).outcome)
    expect(world.puppet.invocations).toEqual(['a'])
  })

  it('of two processes run equal work once', async () => {
    const [root, log] = [absPath(join(folder, 'store1')), join(folder, 'log1')]
    const children = ['1', '2'].map((seed) => startChild(script, root, log, seed))
    const counts = await Promise.all(children.map(answer))
    expect(runs(log).sort()).toEqual(Array.from({ length: 40 }, (_, i) => `n${i}`).sort())
    expect(counts.reduce((sum, { ran }) => sum + ran, 0)).toBe(40)
    expect(counts.map(({ ran, hit, failed }) => [ran + hit, failed])).toEqual([[40, 0], [40, 0]])
    expect(counts[0]?.last).toBe(counts[1]?.last)
  })

  it('cost no more than what was in flight when one is killed', async () => {
    const [root, log] = [absPath(join(folder, 'store2')), join(folder, 'log2')]
    writeFileSync(log, '')
    const first = startChild(script, root, log, '1')
    const second = startChild(script, root, log, '2')
    while (runs(log).length < 12) await new Promise((resolve) => setTimeout(resolve, 2))
    await first.kill()
    const counts = await answer(second)
    expect([counts.ran + counts.hit, counts.failed]).toEqual([40, 0])
    const again = await answer(startChild(script, root, log, '3'))
    expect(again).toMatchObject({ ran: 0, hit: 40, last: counts.last })
    // Each of the four slots of the killed process may have had one run.
    expect(runs(log).length).toBeLessThanOrEqual(44)
  })
})

describe('the order in which things finish', () => {
  it('has no part in any key', async () => {
    const actions = [puppet('a'), puppet('b'), puppet('c'), puppet('d', ['c', 'a']), puppet('e', ['b', 'd']), puppet('f', ['e', 'a'])]
    const keys = new Set<string>()
    for (const order of [['a', 'b', 'c'], ['c', 'b', 'a'], ['b', 'c', 'a'], ['c', 'a', 'b']]) {
      using world = new World()
      const building = world.build(order[0] === 'c' ? [...actions].reverse() : actions, { seed: order.length })
      const held = new Map<string, Awaited<ReturnType<typeof world.puppet.started>>>()
      for (const id of order) held.set(id, await world.puppet.started(id))
      world.puppet.automatic = pure
      for (const id of order) await held.get(id)?.done(`${id}()`)
      const report = await building
      keys.add(JSON.stringify([...report.nodes].map(([id, state]) => [id, state.kind === 'done' && state.key]).sort()))
    }
    expect(keys.size).toBe(1)
  })
})
