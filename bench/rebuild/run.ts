// npm run bench:rebuild: one graph, many engines, in turn; prints what each change cost. Fails only when something can't be run at all.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, tmpdir, totalmem } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { awk } from './action.ts'
import type { Engine } from './engine.ts'
import { enginesWith } from './engines/engines.ts'
import { otherNacre } from './engines/nacre.ts'
import { fetchPeers } from './engines/npm-folder.ts'
import { distribution, shapes, type Shape } from './graph.ts'
import { Launcher } from './launcher.ts'
import { writeBetween } from './marks.ts'
import { page, shortPage, type Run } from './page.ts'
import { plots } from './plot.ts'
import { runGraph, type GraphResult } from './run-graph.ts'
import { scenarios, type Scenario } from './scenarios.ts'
import { graphTable } from './table.ts'
import { verdicts } from './targets.ts'

const usage = `usage: npm run bench:rebuild -- [OPTION…]
  --sizes N,…          actions of a graph (100,1000,10000); above 10,000 it takes long, and above 100,000 only nacre takes part
  --shapes NAME,…      wide, deep, lattice, packages; a shape that is named runs every scenario at every size
  --engines NAME,…     only these
  --scenarios NAME,…   only these; cold runs too, unless only plans are wanted: it makes what the others start from
  --rounds N           measured rounds (5)
  --budget SECONDS     a scenario begins no further round after so long (30)
  --cap SECONDS        one run may take so long (120); an engine that takes longer is out of that graph
  --quiet SECONDS      how long to wait for a quiet machine before each scenario (0)
  --jobs N             actions at once (all processors)
  --nacre NAME=FILE    another nacre (its bin/nacre or bin/nacre.js) beside this one; may be given again
  --folder DIR         where it works; removed afterwards
  --peers DIR          where turbo, nx, wireit and moon are, outside of the checkout
  --fetch-peers        gets them there from the npm registry first
  --json               one JSON object instead of tables
  --write FILE         also writes that object to a file
  --from FILE          runs nothing, and shows what --write wrote; may be given again
  --plots DIR          also writes SVG plots of time against size
  --write-docs         also puts the figures into docs/benchmarks-rebuild.md and bench/rebuild/figures.md of the checkout it is run in
`

const { values } = parseArgs({
  options: {
    ...{ sizes: { type: 'string' }, shapes: { type: 'string' }, engines: { type: 'string' }, scenarios: { type: 'string' }, rounds: { type: 'string' } },
    ...{ budget: { type: 'string' }, cap: { type: 'string' }, quiet: { type: 'string' }, jobs: { type: 'string' }, nacre: { type: 'string', multiple: true } },
    ...{ folder: { type: 'string' }, json: { type: 'boolean' }, write: { type: 'string' }, peers: { type: 'string' }, from: { type: 'string', multiple: true }, plots: { type: 'string' }, 'write-docs': { type: 'boolean' }, 'fetch-peers': { type: 'boolean' }, help: { type: 'boolean' } },
  } as const,
})

const peersFolder = resolve(values.peers ?? join(tmpdir(), 'nacre-rebuild-peers'))

/** The first Ctrl-C ends it after the current run, with resident processes and folders; the second one at once. */
const interrupt = new AbortController()

if (values.help === true) process.stdout.write(usage)
else await interruptible(main)

async function interruptible(work: () => Promise<void>): Promise<void> {
  process.once('SIGINT', () => interrupt.abort()).once('SIGTERM', () => interrupt.abort())
  await work().catch((fault: unknown) => {
    if (!interrupt.signal.aborted) throw fault
    process.exitCode = 130
  })
}

async function main(): Promise<void> {
  const run = values.from === undefined ? await measured() : recorded(values.from)
  if (values.write !== undefined) writeFileSync(values.write, `${JSON.stringify(run)}\n`)
  if (values.plots !== undefined) writePlots(values.plots, run)
  if (values['write-docs'] === true) {
    writeBetween('docs/benchmarks-rebuild.md', shortPage(run))
    writeBetween('bench/rebuild/figures.md', page(run))
  }
  process.stdout.write(values.json === true ? `${JSON.stringify(run)}\n` : `${page(run)}\n`)
}

/** Several runs, on graphs of different sizes, as one. */
function recorded(files: readonly string[]): Run {
  const runs = files.map((file): Omit<Run, 'targets'> => JSON.parse(readFileSync(file, 'utf8')))
  const results = runs.flatMap((run) => run.results)
  return { machine: runs.map((run) => run.machine).join('; '), engines: Object.assign({}, ...runs.map((run) => run.engines)), results, targets: verdicts(results) }
}

async function measured(): Promise<Run> {
  const folder = resolve(values.folder ?? join(tmpdir(), `nacre-rebuild-${process.pid}`))
  mkdirSync(folder, { recursive: true })
  if (values['fetch-peers'] === true) fetchPeers(peersFolder)
  const taking = chosenEngines()
  const began = machine()
  const results: GraphResult[] = []
  using launcher = new Launcher()
  try {
    for (const [shape, size] of graphs()) {
      const result = await runGraph(shape, size, {
        ...{ folder, start: (order) => launcher.start(order), engines: taking.map(({ engine }) => engine).filter((engine) => takesPart(engine, shape, size)), scenarios: chosenScenarios(shape, size) },
        ...{ rounds: number('rounds', 5), budget: number('budget', 30) * 1000, cap: number('cap', 120) * 1000, patience: number('quiet', 0) * 1000, jobs: number('jobs', availableParallelism()) },
        signal: interrupt.signal,
        tell: (line) => void process.stderr.write(`${line}\n`),
      })
      results.push(result)
      // A long run is not lost with its last graph.
      if (values.json !== true) process.stderr.write(`\n${graphTable(result)}\n\n`)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  return { machine: began, engines: Object.fromEntries(taking.map(({ engine, version }) => [engine.name, version])), results, targets: verdicts(results) }
}

function writePlots(folder: string, run: Run): void {
  mkdirSync(folder, { recursive: true })
  for (const { file, svg } of plots(run.results)) writeFileSync(join(folder, file), svg)
}

/** The distribution has its own size; the others are made at each. */
function graphs(): readonly (readonly [Shape, number])[] {
  const wanted = list('shapes') ?? shapes
  const sizes = (list('sizes') ?? ['100', '1000', '10000']).map(Number)
  const chosen = shapes.filter((shape) => wanted.includes(shape))
  const made = chosen.filter((shape) => shape !== 'packages')
  const pairs = sizes.flatMap((size) => made.map((shape): readonly [Shape, number] => [shape, size]))
  return chosen.includes('packages') ? [...pairs, ['packages', distribution.packages]] : pairs
}

/** What runs every action takes minutes for 10,000 of them: of its own accord, only the lattice does all of it there. */
function chosenScenarios(shape: Shape, size: number): readonly Scenario[] {
  const named = list('scenarios')
  if (named !== undefined) return scenarios.filter(({ name }) => named.includes(name) || (name === 'cold' && named.some((one) => !one.endsWith('plan'))))
  const all = list('shapes') !== undefined || shape === 'lattice' || size < 10_000
  return scenarios.filter(({ name, heavy }) => all || name === 'cold' || !heavy)
}

function takesPart({ dear, shapes: own }: Engine, shape: Shape, size: number): boolean {
  return (own?.includes(shape) ?? true) && (dear !== true || list('shapes') !== undefined || shape === 'lattice' || size <= 100)
}

function chosenEngines(): readonly { readonly engine: Engine; readonly version: string }[] {
  const named = list('engines')
  const others = (values.nacre ?? []).flatMap(otherNacre)
  return [...enginesWith(peersFolder).filter(({ name }) => named === undefined || named.includes(name)), ...others].flatMap((engine) => {
    const found = engine.find()
    if ('version' in found) return [{ engine, version: found.version }]
    process.stderr.write(`${engine.name} is left out: ${found.absent}\n`)
    return []
  })
}

function list(name: 'sizes' | 'shapes' | 'engines' | 'scenarios'): readonly string[] | undefined {
  return values[name]?.split(',').map((word) => word.trim())
}

function number(name: 'rounds' | 'budget' | 'cap' | 'quiet' | 'jobs', usual: number): number {
  return values[name] === undefined ? usual : Number(values[name])
}

function machine(): string {
  const [first] = cpus()
  return `Node ${process.versions.node}, ${cpus().length} x ${first?.model ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB; action: sh and ${awk}; load ${(loadavg()[0] ?? 0).toFixed(1)}`
}
