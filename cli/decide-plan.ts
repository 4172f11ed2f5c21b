import type { Arguments } from './arguments.ts'
import { exitCodes } from './exit.ts'
import { knownPlan } from './known-plan.ts'

/** The two ways of `nacre plan`. What looking ahead needs is loaded when it is taken. */
export async function decidePlan(from: Arguments): Promise<number> {
  const known = knownPlan(from)
  if (known === undefined) return (await import('./commands/plan.ts')).planCommand(from)
  process.stdout.write(known)
  return exitCodes.done
}
