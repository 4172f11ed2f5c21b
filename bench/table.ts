import type { ScenarioResult, Spread, TargetResult } from './measure.ts'

/** The results for people: medians, and least to most in brackets. */
export function table(results: readonly ScenarioResult[]): string {
  return results.map(one).join('\n\n')
}

function one(result: ScenarioResult): string {
  const rows = [
    ['', 'runs', 'wall ms', 'cpu ms', 'peak MB'],
    ...result.ways.map(({ way, runs, wall, cpu, peak }) => [way, String(runs), shown(wall, 1), shown(cpu, 1), peak === undefined ? '' : shown(peak, 1e6)]),
  ]
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length))) ?? []
  const lines = rows.map((row) => `  ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ')}`.trimEnd())
  return [`${result.scenario}: ${result.about}`, ...lines, ...result.targets.map((target) => `  ${told(target)}`), ...result.recorded.map((text) => `  recorded elsewhere: ${text}`)].join('\n')
}

function shown({ median, least, most }: Spread, unit: number): string {
  const digits = (value: number): string => (value / unit).toFixed(value / unit < 10 ? 2 : 0)
  return `${digits(median)} (${digits(least)} to ${digits(most)})`
}

function told({ way, figure, against, most, actual, met }: TargetResult): string {
  const unit = figure === 'peak' ? 1e6 : 1
  const name = figure === 'peak' ? 'MB' : 'ms'
  const text = against === undefined ? `${way} ${figure}: ${(actual / unit).toFixed(0)} ${name}, target ${most / unit} ${name}` : `${way} / ${against} ${figure}: ${actual.toFixed(3)}, target ${most}`
  return `${met ? 'met    ' : 'NOT MET'} ${text}`
}
