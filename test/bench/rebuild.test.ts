import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { launch } from '../../bench/rebuild/launch.ts'
import { enginesWith } from '../../bench/rebuild/engines/engines.ts'
import { distribution, edgesOf, graphOf, leafOf, reachOf, rootOf, shapes } from '../../bench/rebuild/graph.ts'
import { writeBetween } from '../../bench/rebuild/marks.ts'
import { plots } from '../../bench/rebuild/plot.ts'
import { runGraph, type GraphResult } from '../../bench/rebuild/run-graph.ts'
import { landmarksOf, scenarios } from '../../bench/rebuild/scenarios.ts'
import type { Cell } from '../../bench/rebuild/tally.ts'
import { targetTable } from '../../bench/rebuild/table.ts'
import { verdicts } from '../../bench/rebuild/targets.ts'

const size = 30
const folder = mkdtempSync(join(tmpdir(), 'rebuild-'))

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the graphs of the rebuild benchmark', () => {
  it.each(shapes)('%s is the same each time, and each node needs only earlier ones, none twice', (shape) => {
    const graph = graphOf(shape, 1000)
    expect(graphOf(shape, 1000)).toEqual(graph)
    expect(graph.needs).toHaveLength(1000)
    expect(graph.needs.every((needs, node) => new Set(needs).size === needs.length && needs.every((need) => need >= 0 && need < node))).toBe(true)
    expect(reachOf(graph, leafOf(graph))).toBe(1)
  })

  it('the distribution has as many needs as one that ships, a few packages that most need, and many that none needs', () => {
    const graph = graphOf('packages', distribution.packages)
    expect(edgesOf(graph)).toBe(distribution.needs)
    const asked = new Array<number>(graph.needs.length).fill(0)
    for (const need of graph.needs.flat()) asked[need] = (asked[need] ?? 0) + 1
    expect(Math.max(...asked)).toBeGreaterThan(300)
    expect(asked.filter((count) => count === 0).length).toBeGreaterThan(500)
  })

  it('a change of the root reaches most of a lattice and all of a chain', () => {
    const reach = (shape: 'lattice' | 'deep') => reachOf(graphOf(shape, 1000), rootOf(graphOf(shape, 1000)))
    expect(reach('lattice')).toBeGreaterThan(800)
    expect(reach('deep')).toBe(1000)
  })
})

// Those of the npm registry take seconds for each action, so they are left to the benchmark, which checks the same.
const engines = enginesWith(folder).filter(({ dear, shapes: own }) => dear !== true && own === undefined)

describe.each(engines.map((engine) => [engine.name, engine] as const))('%s', (_, engine) => {
  const found = engine.find()
  const wanted = scenarios.filter(({ name }) => ['plan', 'cold', 'no-op', 'leaf', 'equal', 'lost'].includes(name))

  it.skipIf('absent' in found).each(['wide', 'lattice'] as const)('runs the actions of a %s graph that the model says, and all outputs are right', { timeout: 240_000 }, async (shape) => {
    const order = { folder, jobs: 2, cap: 200_000, start: launch, engines: [engine], scenarios: wanted, rounds: 1, budget: 0, patience: 0, signal: new AbortController().signal, tell: () => {} }
    const { rows } = await runGraph(shape, size, order)
    const at = landmarksOf(graphOf(shape, size))
    for (const [i, { cells }] of rows.entries()) {
      const cell = cells[engine.name]
      if (cell?.kind === 'none' && (engine.cannot[wanted[i]?.name ?? 'cold'] !== undefined || engine.plan === undefined)) continue
      expect(cell).not.toHaveProperty('odd')
      expect(cell).toMatchObject({ kind: 'measured', samples: [{ ran: wanted[i]?.actions(at, engine.habits), wrong: 0 }] })
    }
  })
})

describe('the launcher', () => {
  it('kills a whole group of processes when a file has grown so far', async () => {
    const file = join(folder, 'counted')
    const done = await launch({ argv: ['sh', '-c', `while :; do echo >> ${file}; sleep 0.01; done`], cwd: folder, environment: { PATH: process.env['PATH'] ?? '' }, cap: 60_000, killAt: { file, bytes: 5 } })
    expect(done.end).toBe('killed')
    expect(readFileSync(file).length).toBeGreaterThanOrEqual(5)
  })

  it('ends what takes longer than its cap', async () => {
    expect((await launch({ argv: ['sleep', '60'], cwd: folder, environment: { PATH: process.env['PATH'] ?? '' }, cap: 50 })).end).toBe('too long')
  })
})

describe('what is made of the figures', () => {
  const sample = (wall: number) => ({ wall, cpu: 1, peak: 1, ran: 0, wrong: 0 })
  const cell = (...walls: readonly number[]): Cell => ({ kind: 'measured', samples: walls.map(sample), expected: 0 })
  const result = (size: number, cells: Readonly<Record<string, Cell>>): GraphResult => ({ shape: 'lattice', size, edges: 0, reach: 1, rows: [{ scenario: 'no-op', about: '', ideal: 0, quiet: { load: 0, busy: 0 }, cells }] })
  const results = [result(1000, { nacre: cell(30, 10, 20), ninja: cell(10, 10, 10) }), result(10_000, { nacre: cell(12, 14, 13), ninja: cell(10, 10, 20) })]

  it('a ratio is the median of the rounds, and a target says whether it is met', () => {
    const [first] = verdicts(results)
    expect(first).toMatchObject({ about: "nacre, no-op, 10,000 actions: share of ninja's time", most: 1.3, actual: 1.2 })
    expect(targetTable(verdicts(results))).toContain('| met ')
    expect(verdicts(results).filter(({ actual }) => actual !== undefined)).toHaveLength(1)
  })

  it('a plot has a line for each engine, higher where it took longer', () => {
    const [plot] = plots(results)
    expect(plot?.file).toBe('lattice-no-op.svg')
    const [nacre, ninja] = [...(plot?.svg ?? '').matchAll(/<polyline points="[0-9.]+,([0-9.]+) /g)].map(([, y]) => Number(y))
    expect(nacre).toBeLessThan(ninja ?? 0)
  })

  it('figures are put between the marks of a page, and the rest of it stays', () => {
    const page = join(folder, 'page.md')
    writeFileSync(page, 'before\n<!-- from npm run bench:rebuild -->\nold\n<!-- end -->\nafter\n')
    writeBetween(page, 'new')
    expect(readFileSync(page, 'utf8')).toBe('before\n<!-- from npm run bench:rebuild -->\nnew\n<!-- end -->\nafter\n')
  })
})
