import type { NodeId } from '../base/ids.ts'
import { type Checked, complaints, ok } from '../base/result.ts'
import { resultsStamp } from '../cache/stamp.ts'
import { foresee, type Foresight } from '../engine/foresee.ts'
import { ActionGraph } from '../engine/graph.ts'
import type { Target } from '../recipes/workspace/workspace.ts'
import type { Arguments } from './arguments.ts'
import { interrupts } from './interrupt.ts'
import { machineFor, openSession, type Session, targetsOf } from './session.ts'
import type { Machine } from './wire.ts'

/** What a command sees that looks at a build without doing it. */
export interface Prospect {
  readonly session: Session
  readonly machine: Machine
  readonly targets: readonly Target[]
  /** The nodes of each target, in the order of the targets. */
  readonly wants: ReadonlyMap<string, readonly NodeId[]>
  readonly foresight: Foresight
  /** Of the store, before anything was looked up in it; empty when there was none yet. */
  readonly stamp: string
}

/** Opens the session, looks ahead at its targets, and lets `use` tell what was seen while the store is open. */
export async function withProspect(from: Arguments, use: (prospect: Prospect) => Promise<number>): Promise<Checked<number>> {
  const session = openSession(from)
  if (session.kind === 'complaints') return session
  const targets = targetsOf(session.value, from)
  if (targets.kind === 'complaints') return targets
  const machine = machineFor(session.value, from)
  if (machine.kind === 'complaints') return machine
  await using made = machine.value
  using interrupt = interrupts()
  made.store.settle()
  const stamp = resultsStamp(made.store.layout)
  const graph = new ActionGraph()
  const wants = new Map<string, readonly NodeId[]>()
  for (const [target, request] of session.value.plan.requestEach(targets.value, 'build')) {
    for (const action of request.actions) graph.add(action)
    wants.set(nameOf(target), request.wants)
  }
  const foresight = await foresee(graph, [...wants.values()].flat(), { ...made.ports, files: { digest: (path) => made.store.statMemo.peek(path) } }, { signal: interrupt.signal, leaves: session.value.leaves })
  if (foresight.diagnostics.length > 0) return complaints(foresight.diagnostics)
  return ok(await use({ session: session.value, machine: made, targets: targets.value, wants, foresight, stamp }))
}

export function nameOf(target: Target): string {
  return `${target.kind}:${target.name}`
}
