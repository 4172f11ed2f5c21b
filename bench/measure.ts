import type { Figures, Scenario, Target, Way } from './scenario.ts'

export interface Spread {
  readonly median: number
  readonly least: number
  readonly most: number
}

export interface WayResult {
  readonly way: string
  readonly runs: number
  readonly wall: Spread
  readonly cpu: Spread
  readonly peak?: Spread
}

export interface TargetResult extends Target {
  readonly actual: number
  readonly met: boolean
}

export interface ScenarioResult {
  readonly scenario: string
  readonly about: string
  readonly ways: readonly WayResult[]
  readonly targets: readonly TargetResult[]
  readonly recorded: readonly string[]
}

/** Runs the ways in turn, A B A B, so that a machine whose speed drifts treats them alike. The first round is not counted. */
export async function measure(scenario: Scenario, rounds: number = scenario.rounds): Promise<ScenarioResult> {
  const runs = new Map<Way, Figures[]>(scenario.ways.map((way) => [way, []]))
  for (let round = 0; round <= rounds; round++) {
    for (const way of scenario.ways) {
      await way.prepare?.(round)
      const figures = await way.run(round)
      if (round > 0) runs.get(way)?.push(figures)
    }
  }
  const ways = scenario.ways.map((way) => summary(way.name, runs.get(way) ?? []))
  const byName = new Map(scenario.ways.map((way) => [way.name, runs.get(way) ?? []]))
  return { scenario: scenario.name, about: scenario.about, ways, targets: scenario.targets.map((target) => judge(target, byName)), recorded: scenario.recorded ?? [] }
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? 0
  const median = sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2
  return { median, least: sorted[0] ?? 0, most: sorted.at(-1) ?? 0 }
}

function summary(way: string, figures: readonly Figures[]): WayResult {
  const peaks = figures.flatMap(({ peak }) => (peak === undefined ? [] : [peak]))
  return {
    way,
    runs: figures.length,
    wall: spread(figures.map(({ wall }) => wall)),
    cpu: spread(figures.map(({ cpu }) => cpu)),
    ...(peaks.length === 0 ? {} : { peak: spread(peaks) }),
  }
}

function judge(target: Target, runs: ReadonlyMap<string, readonly Figures[]>): TargetResult {
  const mine = (runs.get(target.way) ?? []).map((one) => one[target.figure] ?? 0)
  const others = target.against === undefined ? undefined : (runs.get(target.against) ?? []).map((one) => one[target.figure] ?? 0)
  const actual = spread(others === undefined ? mine : mine.map((value, i) => value / (others[i] ?? 1))).median
  return { ...target, actual, met: actual <= target.most }
}
