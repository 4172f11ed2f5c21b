import { errno, Fault } from '../base/result.ts'
import { systemClock } from '../base/ports.ts'
import { type Arguments, has } from './arguments.ts'
import { exitCodes } from './exit.ts'
import { type PreviousBuild, rememberLook } from './previous-build.ts'
import { tally } from './render/words.ts'

/** The way of a build that has nothing to do: one receipt, one stat for each leaf, and no recipe is parsed. Undefined when there may be something to do. */
export function unchanged(from: Arguments, previous: PreviousBuild, start: number): number | undefined {
  if (!previous.whole || previous.verdict.changed.length > 0) return undefined
  process.stdout.write(nothingChanged({ outcome: previous.known.receipt.head.outcome, json: has(from, 'json'), ms: systemClock.monotonic() - start }))
  tryToRemember(previous)
  return exitCodes.done
}

/** What such a build says on stdout. `outcome`: of the build that did something last. */
export function nothingChanged({ outcome, json, ms }: { readonly outcome: string; readonly json: boolean; readonly ms: number }): string {
  const nothing = { ran: 0, hit: 0, cutOff: 0, failed: 0 }
  if (json) return `${JSON.stringify({ ...nothing, seconds: ms / 1000 })}\n`
  return `${outcome === '' ? '' : `${outcome}\n`}nothing changed\n${tally(nothing, ms)}\n`
}

/** On a full or write-protected disk the answer is as good; the next look just takes as long as this one. */
function tryToRemember(previous: PreviousBuild): void {
  try {
    rememberLook(previous)
  } catch (error) {
    if (errno(error) === undefined && !(error instanceof Fault && error.kind === 'machine')) throw error
  }
}
