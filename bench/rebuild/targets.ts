import { spread } from '../measure.ts'
import type { ScenarioName } from './engine.ts'
import type { GraphResult, Row } from './run-graph.ts'
import { ratioOf } from './table.ts'

/** A figure that the project holds itself against, and what it came to in this run. */
export interface Verdict {
  readonly about: string
  readonly most: number
  readonly unit: 'at most' | 'at least'
  /** Undefined where the run did not measure it. */
  readonly actual: number | undefined
}

interface RatioTarget {
  readonly engine: string
  readonly scenario: ScenarioName
  readonly size: number
  readonly to: string
  readonly most: number
}

const npmPeers = ['turbo', 'nx', 'wireit']

/** Shares of a peer's time, on the lattice. */
const ratios: readonly RatioTarget[] = [
  { engine: 'nacre', scenario: 'no-op', size: 10_000, to: 'ninja', most: 1.3 },
  { engine: 'nacre', scenario: 'no-op', size: 100_000, to: 'ninja', most: 0.35 },
  { engine: 'nacre watch', scenario: 'no-op', size: 1000, to: 'ninja', most: 0.5 },
  { engine: 'nacre watch', scenario: 'no-op', size: 100_000, to: 'ninja', most: 0.01 },
  ...npmPeers.map((to): RatioTarget => ({ engine: 'nacre', scenario: 'no-op', size: 1000, to, most: 0.15 })),
  ...npmPeers.map((to): RatioTarget => ({ engine: 'nacre watch', scenario: 'no-op', size: 1000, to, most: 0.02 })),
  { engine: 'nacre', scenario: 'leaf', size: 10_000, to: 'ninja', most: 1.3 },
  { engine: 'nacre watch', scenario: 'leaf', size: 10_000, to: 'ninja', most: 0.2 },
  { engine: 'nacre', scenario: 'cold', size: 10_000, to: 'ninja', most: 1.5 },
]

export function verdicts(results: readonly GraphResult[]): readonly Verdict[] {
  const lattice = (size: number) => results.find((result) => result.shape === 'lattice' && result.size === size)
  const row = (size: number, scenario: ScenarioName) => lattice(size)?.rows.find((one) => one.scenario === scenario)
  const compared = ratios.map(({ engine, scenario, size, to, most }): Verdict => {
    const found = row(size, scenario)
    return { about: `${engine}, ${scenario}, ${size.toLocaleString('en')} actions: share of ${to}'s time`, most, unit: 'at most', actual: found === undefined ? undefined : ratioOf(found, engine, to) }
  })
  const cold = median(row(10_000, 'cold'))
  const restore = median(row(10_000, 'restore'))
  return [
    ...compared,
    { about: 'nacre, equal, 10,000 actions: actions that ran', most: 1, unit: 'at most', actual: ran(row(10_000, 'equal')) },
    { about: 'nacre, restore, 10,000 actions: files a second', most: 30_000, unit: 'at least', actual: restore === undefined ? undefined : 10_000 / (restore / 1000) },
    { about: 'nacre, restore, 10,000 actions: times faster than cold', most: 5, unit: 'at least', actual: cold === undefined || restore === undefined ? undefined : cold / restore },
    ...recipes(results),
    ...millions(results),
  ]
}

function millions(results: readonly GraphResult[]): readonly Verdict[] {
  const found = results.find(({ size }) => size === 1_000_000)
  const peaks = found?.rows.flatMap(({ cells }) => (cells['nacre']?.kind === 'measured' ? cells['nacre'].samples.map(({ peak }) => peak) : []))
  return [{ about: 'nacre, 1,000,000 actions: peak memory in MB', most: 2000, unit: 'at most', actual: peaks === undefined || peaks.length === 0 ? undefined : Math.max(...peaks) / 1e6 }]
}

function recipes(results: readonly GraphResult[]): readonly Verdict[] {
  const found = results.find(({ shape }) => shape === 'packages')?.rows
  const wall = (scenario: ScenarioName) => median(found?.find((row) => row.scenario === scenario), 'nacre recipes')
  return [
    { about: 'nacre, 3,400 package recipes: ms to plan, nothing known', most: 2000, unit: 'at most', actual: wall('plan') },
    { about: 'nacre, 3,400 package recipes: ms to plan again', most: 100, unit: 'at most', actual: wall('replan') },
  ]
}

function median(row: Row | undefined, engine = 'nacre'): number | undefined {
  const cell = row?.cells[engine]
  return cell?.kind === 'measured' ? spread(cell.samples.map(({ wall }) => wall)).median : undefined
}

function ran(row: Row | undefined): number | undefined {
  const cell = row?.cells['nacre']
  return cell?.kind === 'measured' ? Math.max(...cell.samples.map(({ ran }) => ran)) : undefined
}
