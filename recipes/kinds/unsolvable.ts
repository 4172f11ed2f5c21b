import type { Diagnostic } from '../../base/diagnostic.ts'
import { describeStep, type ConflictStep } from '../../outputs/apk/solver-conflict.ts'

/** A world that no set of packages satisfies, with the shortest chain of reasons. */
export function unsolvable(what: string, chain: readonly ConflictStep[]): Diagnostic {
  return {
    code: 'plan/unsolvable',
    severity: 'error',
    message: `No set of packages satisfies ${what}`,
    facts: chain.map((step, i) => [i === 0 ? 'because' : 'and', describeStep(step)] as const),
  }
}
