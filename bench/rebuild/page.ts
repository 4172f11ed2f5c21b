import { spread } from '../measure.ts'
import type { GraphResult } from './run-graph.ts'
import { figure, graphTable, markdown, targetTable } from './table.ts'
import type { Verdict } from './targets.ts'

/** All that one run of the benchmark found. */
export interface Run {
  readonly machine: string
  /** Versions by name. */
  readonly engines: Readonly<Record<string, string>>
  readonly results: readonly GraphResult[]
  readonly targets: readonly Verdict[]
}

/** A run as Markdown: everything. */
export function page(run: Run): string {
  return [told(run), targetTable(run.targets), ...run.results.map(graphTable)].join('\n\n')
}

/** The same in few lines: targets, and medians of the lattice, with 1,000 actions and with most. */
export function shortPage(run: Run): string {
  const lattices = run.results.filter(({ shape }) => shape === 'lattice')
  const largest = Math.max(...lattices.map(({ size }) => size))
  const shown = lattices.filter(({ size }) => size === 1000 || size === largest)
  return [told(run), targetTable(run.targets), ...shown.map(shortTable)].join('\n\n')
}

function told(run: Run): string {
  const versions = Object.entries(run.engines).map(([name, version]) => `${name} ${version}`)
  const loads = run.results.flatMap(({ rows }) => rows.map(({ quiet }) => quiet.load))
  return `${run.machine}. ${versions.join(', ')}. Load while it ran: ${Math.min(...loads).toFixed(1)} to ${Math.max(...loads).toFixed(1)}.`
}

/** A row for each scenario, a column for each engine that took part. What was not right is marked, and told in the long tables. */
function shortTable({ shape, size, rows }: GraphResult): string {
  const names = Object.keys(rows[0]?.cells ?? {}).filter((name) => rows.some(({ cells }) => cells[name]?.kind === 'measured'))
  const lines = rows.map(({ scenario, cells }) => [
    scenario,
    ...names.map((name) => {
      const cell = cells[name]
      return cell?.kind === 'measured' ? `${figure(spread(cell.samples.map(({ wall }) => wall)).median)}${cell.odd === undefined ? '' : ' (!)'}` : ''
    }),
  ])
  return [`### ${shape}, ${size.toLocaleString('en')} actions: median ms of the wall`, '', ...markdown([['', ...names], ...lines])].join('\n')
}
