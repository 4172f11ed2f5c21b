// npm run bench: measures what the project promises about speed and memory, and prints it. Fails only when something can't be run at all.
import { mkdirSync } from 'node:fs'
import { cpus, loadavg, tmpdir, totalmem } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { measure, type ScenarioResult } from './measure.ts'
import { peerScenario } from './peers.ts'
import type { Bench, Scenario } from './scenario.ts'
import { catalogue } from './scenarios/catalogue.ts'
import { environments } from './scenarios/environment.ts'
import { overhead } from './scenarios/overhead.ts'
import { packages } from './scenarios/package.ts'
import { packing } from './scenarios/packing.ts'
import { planning } from './scenarios/planning.ts'
import { ownWorkspace } from './scenarios/workspace.ts'
import { table } from './table.ts'

const usage = `usage: npm run bench -- [OPTION…] [PART OF A SCENARIO'S NAME…]
  --json            one JSON object instead of tables
  --list            only names
  --rounds N        measured rounds of each scenario
  --work SECONDS    length of the package that is built in the sandbox (30)
  --folder DIR      where corpora and stores are kept between runs
  --workspace DIR --store DIR   a built workspace of your own, as one more scenario
  --peer SCENARIO:NAME=COMMAND  a shell command that does the same, run in turn with nacre; may be given again
`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    ...{ json: { type: 'boolean' }, list: { type: 'boolean' }, help: { type: 'boolean' } },
    ...{ rounds: { type: 'string' }, work: { type: 'string' }, folder: { type: 'string' }, workspace: { type: 'string' }, store: { type: 'string' }, peer: { type: 'string', multiple: true } },
  } as const,
})

if (values.help === true) process.stdout.write(usage)
else await main()

async function main(): Promise<void> {
  const bench: Bench = { folder: resolve(values.folder ?? join(tmpdir(), `nacre-bench-${process.getuid?.() ?? 0}`)), work: Number(values.work ?? 30) }
  mkdirSync(bench.folder, { recursive: true })
  const chosen = scenarios(bench).filter(({ name }) => positionals.length === 0 || positionals.some((part) => name.includes(part)))
  if (values.list === true) return void process.stdout.write(chosen.map(({ name, about }) => `${name}: ${about}\n`).join(''))
  if (values.json !== true) process.stdout.write(`${machine()}\n`)
  const results: ScenarioResult[] = []
  for (const scenario of chosen) {
    const result = await measure(scenario, values.rounds === undefined ? undefined : Number(values.rounds))
    results.push(result)
    if (values.json !== true) process.stdout.write(`\n${table([result])}\n`)
  }
  if (values.json === true) process.stdout.write(`${JSON.stringify({ machine: machine(), results })}\n`)
  else process.stdout.write(`\nload at the end: ${load()}\n`)
}

function scenarios(bench: Bench): readonly Scenario[] {
  const own = values.workspace === undefined || values.store === undefined ? [] : [ownWorkspace({ workspace: resolve(values.workspace), store: resolve(values.store) }, ['--all'])]
  const all = [...own, ...[packages, catalogue, environments, packing, planning, overhead].flatMap((make) => make(bench))]
  return all.map((scenario) => peerScenario(scenario, values.peer ?? []))
}

function machine(): string {
  const [first] = cpus()
  return `Node ${process.versions.node}, ${cpus().length} x ${first?.model ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB; load ${load()}; medians (least to most)`
}

/** Runnable processes over the last minute: above the number of processors, times of the wall mean little, and pairs are what to look at. */
function load(): string {
  return (loadavg()[0] ?? 0).toFixed(1)
}
