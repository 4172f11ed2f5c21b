import { type Checked, complaints, ok } from '../../base/result.ts'
import { type Arguments, flag, has } from '../arguments.ts'
import { exitCodes } from '../exit.ts'
import { nameOf, type Prospect, withProspect } from '../foresight.ts'
import { complain } from '../output.ts'
import { graphDot, graphJson, graphText } from '../render/graph-text.ts'
import { openSession } from '../session.ts'

const formats = ['text', 'dot', 'json', 'targets'] as const
type Format = (typeof formats)[number]

/** `nacre graph`: actions and what they need, as far as it is known without building. */
export async function graphCommand(from: Arguments): Promise<number> {
  const format = formatOf(from)
  if (format.kind === 'complaints') return complain(format.diagnostics, from)
  if (format.value === 'targets') return tellTargets(from)
  const told = await withProspect(from, async (prospect) => {
    process.stdout.write(rendered(prospect, format.value))
    return exitCodes.done
  })
  return told.kind === 'ok' ? told.value : complain(told.diagnostics, from)
}

function formatOf(from: Arguments): Checked<Format> {
  const given = flag(from, 'format') ?? (has(from, 'json') ? 'json' : 'text')
  const format = formats.find((one) => one === given)
  return format === undefined ? complaints([{ code: 'cli/bad-value', severity: 'error', message: `--format takes one of ${formats.join(', ')}, not "${given}"` }]) : ok(format)
}

function rendered({ foresight, wants }: Prospect, format: Format): string {
  const all = [...wants.values()].flat()
  if (format === 'dot') return graphDot(foresight)
  return format === 'json' ? `${JSON.stringify(graphJson(foresight, all))}\n` : graphText(foresight, all)
}

/** Needs no store: shells ask for it at every press of the tab key. */
function tellTargets(from: Arguments): number {
  const session = openSession(from)
  if (session.kind === 'complaints') return complain(session.diagnostics, from)
  const names = session.value.plan.names()
  const targets = (['package', 'image', 'task'] as const).flatMap((kind) => names[kind].map((name) => nameOf({ kind, name })))
  process.stdout.write(targets.map((target) => `${target}\n`).join(''))
  return exitCodes.done
}
