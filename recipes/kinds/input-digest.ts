import type { Digest } from '../../base/ids.ts'
import { Fault } from '../../base/result.ts'
import type { RunContext } from '../../engine/action.ts'

/** The content of an input that the action was made with. */
export function inputDigest({ action, inputs }: Pick<RunContext, 'action' | 'inputs'>, name: string): Digest {
  const input = inputs[name]
  if (input === undefined) throw new Fault('internal', `${action.id} has no input ${name}`)
  return input.digest
}
