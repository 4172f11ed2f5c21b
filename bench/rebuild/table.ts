import { spread } from '../measure.ts'
import type { GraphResult, Row } from './run-graph.ts'
import type { Cell, Sample } from './tally.ts'
import type { Verdict } from './targets.ts'

/** One graph as a Markdown table: a row for each scenario and engine. Ratios are the medians of the rounds' own ratios to ninja. */
export function graphTable(result: GraphResult): string {
  const { shape, size, edges, reach } = result
  const head = ['scenario', 'engine', 'wall ms: median (least to most)', 'runs', 'to ninja', 'cpu ms', 'peak MB', 'actions', '']
  const rows = result.rows.flatMap((row) => Object.entries(row.cells).flatMap(([engine, cell], i) => (cell.kind === 'measured' ? [lineOf(row, { engine, cell, first: i === 0 })] : [])))
  const missing = result.rows.flatMap((row) => Object.entries(row.cells).flatMap(([engine, cell]) => (cell.kind === 'none' ? [`${row.scenario}, ${engine}: ${cell.reason}`] : [])))
  const loads = result.rows.map(({ quiet }) => quiet.load)
  return [
    `### ${shape}, ${size.toLocaleString('en')} actions, ${edges.toLocaleString('en')} needs`,
    '',
    `The root reaches ${reach.toLocaleString('en')} actions. Load ${Math.min(...loads).toFixed(1)} to ${Math.max(...loads).toFixed(1)}; others used ${Math.round(100 * spread(result.rows.map(({ quiet }) => quiet.busy)).median)} % of the processors.`,
    '',
    ...markdown([head, ...rows]),
    ...(missing.length === 0 ? [] : ['', `Not measured: ${missing.join('; ')}.`]),
  ].join('\n')
}

export function targetTable(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ about, most, actual, unit }) => [about, `${unit === 'at least' ? 'at least' : 'at most'} ${figure(most)}`, actual === undefined ? 'not measured' : figure(actual), mark(most, { actual, unit })])
  return ['### Targets', '', ...markdown([['what', 'target', 'here', ''], ...rows])].join('\n')
}

function mark(most: number, { actual, unit }: Pick<Verdict, 'actual' | 'unit'>): string {
  if (actual === undefined) return ''
  return (unit === 'at least' ? actual >= most : actual <= most) ? 'met' : '**missed**'
}

function lineOf(row: Row, at: { readonly engine: string; readonly cell: Extract<Cell, { kind: 'measured' }>; readonly first: boolean }): readonly string[] {
  const { samples, odd } = at.cell
  const wall = spread(samples.map(({ wall }) => wall))
  const last = samples.at(-1)
  return [
    at.first ? row.scenario : '',
    at.engine,
    `${figure(wall.median)} (${figure(wall.least)} to ${figure(wall.most)})`,
    String(samples.length),
    ratioText(ratioOf(row, at.engine, 'ninja')),
    figure(samples.reduce((sum, { cpu }) => sum + cpu, 0) / samples.length),
    peakOf(samples),
    actionsOf(last, row.ideal),
    odd === undefined ? '' : `**${odd}**`,
  ]
}

/** The median of the rounds' ratios of the wall; undefined when one of the two has none. */
export function ratioOf(row: Row, engine: string, to: string): number | undefined {
  const mine = row.cells[engine]
  const others = row.cells[to]
  if (mine?.kind !== 'measured' || others?.kind !== 'measured') return undefined
  return spread(mine.samples.flatMap(({ wall }, i) => (others.samples[i] === undefined ? [] : [wall / others.samples[i].wall]))).median
}

function ratioText(ratio: number | undefined): string {
  return ratio === undefined ? '' : ratio.toFixed(ratio < 0.1 ? 3 : 2)
}

/** What ended before it was looked at has none. */
function peakOf(samples: readonly Sample[]): string {
  const peak = Math.max(...samples.map(({ peak }) => peak))
  return peak === 0 ? '' : figure(peak / 1e6)
}

/** More than the least possible is told. */
function actionsOf(sample: Sample | undefined, ideal: number): string {
  if (sample === undefined) return ''
  if (sample.again !== undefined) return `${sample.ran}, ${sample.again} again`
  return sample.ran > ideal ? `${sample.ran} (least: ${ideal})` : String(sample.ran)
}

export function figure(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString('en')
  return value.toFixed(value < 1 ? 3 : value < 10 ? 2 : value < 100 ? 1 : 0)
}

export function markdown(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = rows[0]?.map((_, column) => Math.max(3, ...rows.map((row) => (row[column] ?? '').length))) ?? []
  const line = (row: readonly string[]) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  const [head = [], ...rest] = rows
  return [line(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rest.map(line)]
}
