import type { NodeId } from '../../base/ids.ts'
import { errno, Fault } from '../../base/result.ts'
import type { Foreseen } from '../../engine/foresee.ts'
import { tellNearest, tellReason } from '../../engine/explain.ts'
import { type Arguments, has } from '../arguments.ts'
import { exitCodes } from '../exit.ts'
import { type Prospect, withProspect } from '../foresight.ts'
import { leavePlan } from '../leave-plan.ts'
import { complain } from '../output.ts'
import { tellFailure } from '../render/build-lines.ts'

/** `nacre plan`: what a build would run. */
export async function planCommand(from: Arguments): Promise<number> {
  const told = await withProspect(from, (prospect) => {
    const { text, code } = tell(prospect, has(from, 'json'))
    process.stdout.write(text)
    if (code === exitCodes.done) tryTo(() => leavePlan(prospect, from, text))
    return Promise.resolve(code)
  })
  return told.kind === 'ok' ? told.value : complain(told.diagnostics, from)
}

function tell({ foresight }: Prospect, json: boolean): { readonly text: string; readonly code: number } {
  const { graph, nodes } = foresight
  const label = (id: NodeId): string => graph.action(id)?.label ?? id
  const all = [...nodes].map(([id, seen]) => ({ id, label: label(id), seen }))
  const count = (kind: Foreseen['kind']): number => all.filter(({ seen }) => seen.kind === kind).length
  const counts = { runs: count('runs'), waits: count('waits'), known: count('known'), fails: count('fails') }
  const code = counts.fails > 0 ? exitCodes.wrong : exitCodes.done
  if (json) return { code, text: `${JSON.stringify({ ...counts, nodes: all.filter(({ seen }) => seen.kind !== 'known').map(({ id, label: name, seen }) => ({ id, label: name, ...plain(seen) })) })}\n` }
  const lines = all.flatMap(({ label: name, seen }) => line(name, seen, label))
  return { code, text: [...lines, `${counts.runs} would run, ${counts.waits} depend on what they give, ${counts.known} are known`].map((text) => `${text}\n`).join('') }
}

/** On a full or write-protected disk the answer is as good; the next one just takes as long. */
function tryTo(remember: () => void): void {
  try {
    remember()
  } catch (error) {
    if (errno(error) === undefined && !(error instanceof Fault && error.kind === 'machine')) throw error
  }
}

function line(name: string, seen: Foreseen, label: (id: NodeId) => string): readonly string[] {
  switch (seen.kind) {
    case 'known':
      return []
    case 'runs':
      return [`run    ${name}: ${tellNearest(seen.reason)}`]
    case 'waits':
      return [`maybe  ${name}: depends on ${seen.on.map(label).join(', ')}`]
    case 'fails':
      return [`fail   ${name}`, ...tellFailure(seen.failure).map((text) => `  ${text}`)]
  }
}

function plain(seen: Foreseen): object {
  switch (seen.kind) {
    case 'known':
      return { state: 'known' }
    case 'runs':
      return { state: 'runs', why: tellReason(seen.reason) }
    case 'waits':
      return { state: 'waits', on: seen.on }
    case 'fails':
      return { state: 'fails', why: tellFailure(seen.failure) }
  }
}
