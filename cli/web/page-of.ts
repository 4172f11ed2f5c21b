import { digestHash } from '../../base/ids.ts'
import type { ActionCache, Cas } from '../../cache/cache.ts'
import { tellNearest, tellPastReason } from '../../engine/explain.ts'
import type { BuildRecord, RecordedAction } from '../../engine/record.ts'
import { tellFailure } from '../render/build-lines.ts'
import { overviewOf } from './overview.ts'
import { type Details, hows, type PageData } from './page-data.ts'

/** Where content of actions is read. */
export interface PageSources {
  readonly cas: Pick<Cas, 'read'>
  readonly results: Pick<ActionCache, 'get'>
}

/** Actions of which more is told than the columns hold, and those of which the log is. What ran comes first, the longest first. */
const detailsTold = 5000
const logsTold = 300
/** Characters of a log that are told, from its end. */
const logTold = 3000

export async function pageOf(record: BuildRecord, workspace: { readonly name: string; readonly targets: readonly string[] }, sources: PageSources): Promise<PageData> {
  const { actions, summary } = record
  const kinds = [...new Set(actions.map(({ kind }) => kind))]
  const places = new Map(actions.map(({ id }, i) => [id, i]))
  const edges = actions.flatMap(({ inputs }, to) => [...new Set(inputs.flatMap((input) => ('action' in input ? [input.action] : [])))].flatMap((from) => [from, to]))
  const columns = {
    id: actions.map(({ id }) => id),
    label: actions.map(({ label }) => label),
    kind: actions.map(({ kind }) => kinds.indexOf(kind)),
    how: actions.map(howOf),
    ms: actions.map(({ ms }) => ms),
    queued: actions.map(({ queued }) => queued ?? -1),
    began: actions.map(({ began }) => began ?? -1),
    ended: actions.map(({ ended }) => ended ?? -1),
    row: actions.map(({ row }) => row ?? -1),
    why: actions.map(nearestOf),
    edges,
  }
  return {
    workspace: workspace.name,
    targets: workspace.targets,
    at: record.at,
    outcome: record.outcome,
    counts: hows.map((name, how) => columns.how.filter((one) => one === how).length + (name === 'hit' ? record.omitted : 0)),
    ms: summary.ms,
    saved: record.omitted > 0 ? summary.saved : actions.reduce((sum, { how, ms }) => sum + (how === 'hit' ? ms : 0), 0),
    criticalMs: summary.criticalMs,
    omitted: record.omitted,
    kinds,
    actions: columns,
    critical: summary.criticalPath.flatMap(({ id }) => places.get(id) ?? []),
    details: await detailsOf(actions, sources),
    overview: overviewOf(columns.id, columns.label, edges),
  }
}

function howOf({ how }: RecordedAction): number {
  return hows.indexOf(how === 'cutOff' ? 'cut off' : how)
}

/** A failed action tells what it failed of. */
function nearestOf({ reason, failure }: RecordedAction): string {
  if (failure !== undefined) return tellFailure(failure)[0] ?? ''
  return reason === undefined ? '' : tellNearest(reason)
}

async function detailsOf(actions: readonly RecordedAction[], sources: PageSources): Promise<Readonly<Record<string, Details>>> {
  const order = actions.map((_, i) => i).sort((a, b) => urgency(actions[b]) - urgency(actions[a]) || a - b)
  const details: Record<string, Details> = {}
  let logs = 0
  for (const place of order.slice(0, detailsTold)) {
    const action = actions[place]
    if (action === undefined) continue
    const result = action.key === undefined ? undefined : sources.results.get(action.key)
    const log = action.how === 'hit' || logs >= logsTold ? undefined : (action.log ?? result?.log)
    if (log !== undefined) logs++
    const bytes = log === undefined ? undefined : await sources.cas.read(log)
    details[place] = {
      ...(action.key !== undefined && { key: digestHash(action.key) }),
      inputs: action.inputs.map((input) => [input.name, 'action' in input ? input.action : input.from]),
      outputs: Object.entries(action.outputs ?? result?.outputs ?? {}).map(([name, { digest }]) => [name, digestHash(digest)]),
      why: action.reason === undefined ? [] : tellPastReason(action.reason),
      failure: action.failure === undefined ? [] : tellFailure(action.failure),
      log: bytes === undefined ? '' : endOf(Buffer.from(bytes).toString()),
    }
  }
  return details
}

/** Failures first, then what ran longest, hits last. */
function urgency(action: RecordedAction | undefined): number {
  if (action === undefined || action.how === 'hit') return -1
  return action.how === 'failed' ? Infinity : action.ms
}

function endOf(text: string): string {
  const plain = text.trimEnd()
  if (plain.length <= logTold) return plain
  const cut = plain.slice(-logTold)
  return `…\n${cut.slice(cut.indexOf('\n') + 1)}`
}
