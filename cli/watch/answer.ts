import type { Clock } from '../../base/ports.ts'
import { has } from '../arguments.ts'
import { deltaBuild } from '../delta-build.ts'
import { exitCodes } from '../exit.ts'
import { nothingChanged } from '../unchanged.ts'
import { clientTerminal } from './client-terminal.ts'
import { type ClientRequest, clientRequest, type Here } from './request.ts'
import type { ResidentBench } from './resident-bench.ts'
import type { Answer, Asked } from './server.ts'
import type { WatchView } from './view.ts'
import type { WatchLoop } from './watch-loop.ts'
import type { Found, WatchedBuilds } from './watched-builds.ts'

/** Milliseconds that a client waits for a build that runs already. Then it starts its own, which shows what goes on and shares the work. */
const patience = 1000

export interface AnswerParts {
  readonly here: Here
  readonly builds: WatchedBuilds
  readonly loop: WatchLoop
  readonly view: WatchView
  readonly clock: Clock
  /** Of this process. */
  readonly signal: AbortSignal
  readonly bench: ResidentBench['make']
}

/** Answers `nacre build` of other terminals: at once when there is nothing to do, by a build of a part, or not at all. */
export function answerClients(parts: AnswerParts): Answer {
  return (asked) => {
    const start = parts.clock.monotonic()
    const { building } = parts.loop
    if (building === undefined) return answerNow(parts, asked, start)
    return settled(building).then((done) => (done ? answerNow(parts, asked, start) : undefined))
  }
}

function answerNow(parts: AnswerParts, asked: Asked, start: number): Promise<number | undefined> | number | undefined {
  const { here, builds, view, clock } = parts
  const wanted = clientRequest(asked.requester, here)
  if (wanted === undefined) return undefined
  const found = builds.ask(wanted)
  if (found.kind === 'same') {
    asked.stdout(nothingChanged({ outcome: found.outcome, json: has(wanted.from, 'json'), ms: clock.monotonic() - start }))
    view({ kind: 'answered', argv: asked.requester.argv })
    return exitCodes.done
  }
  if (found.kind === 'changed' && wanted.alike) return buildPart(parts, { asked, wanted }, found)
  return leave(parts, asked, wanted)
}

async function buildPart(parts: AnswerParts, { asked, wanted }: { readonly asked: Asked; readonly wanted: ClientRequest }, { previous, delta }: Extract<Found, { kind: 'changed' }>): Promise<number | undefined> {
  const { loop, builds, view, signal, bench } = parts
  if (delta === undefined) return leave(parts, asked, wanted)
  using terminal = clientTerminal(asked, signal)
  const code = await loop.exclusively(() => deltaBuild(wanted.from, previous, { terminal, delta, bench, amended: (amendment) => builds.amended(previous, amendment) }))
  if (code === undefined) return leave(parts, asked, wanted)
  loop.lookSoon()
  view({ kind: 'answered', argv: asked.requester.argv })
  return code
}

/** What it leaves is taken up when it has ended, so that the next question finds it in memory. */
function leave({ loop, builds }: AnswerParts, { ended }: Asked, wanted: ClientRequest): undefined {
  void loop.leaveTo(ended.then(() => void builds.ask(wanted)))
}

/** False when it takes longer than a client waits. */
async function settled(building: Promise<unknown>): Promise<boolean> {
  let late: NodeJS.Timeout | undefined
  const waited = new Promise<false>((resolve) => (late = setTimeout(() => resolve(false), patience)))
  const done = await Promise.race([building.then(() => true as const), waited])
  clearTimeout(late)
  return done
}
