import { systemClock } from '../base/ports.ts'
import type { Arguments } from './arguments.ts'
import { previousBuild } from './previous-build.ts'
import type { machineFor } from './session.ts'
import type { taskBench } from './task-bench.ts'
import { unchanged } from './unchanged.ts'

/** What builds are made with; those of this machine when left out. */
export interface Makers {
  readonly bench?: typeof taskBench
  readonly machine?: typeof machineFor
}

/** The three ways of `nacre build`, each a shortcut of the next. What a way needs is loaded when it is taken. */
export async function decide(from: Arguments, makers: Makers = {}): Promise<number> {
  const start = systemClock.monotonic()
  using previous = previousBuild(from)
  if (previous !== undefined) {
    const code = unchanged(from, previous, start) ?? (await (await import('./delta-build.ts')).deltaBuild(from, previous, { bench: makers.bench }))
    if (code !== undefined) return code
  }
  return (await import('./commands/build.ts')).buildCommand(from, makers.machine)
}
