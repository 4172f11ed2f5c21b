import type { Engine } from './engine.ts'
import type { Landmarks, Scenario } from './scenarios.ts'
import type { Built, Session } from './session.ts'

export interface Sample {
  readonly wall: number
  readonly cpu: number
  readonly peak: number
  readonly ran: number
  /** Actions that had run before it was killed, and ran again. */
  readonly again?: number
  /** Outputs that are not what they must be. */
  readonly wrong: number
}

export type Cell =
  | { readonly kind: 'measured'; readonly samples: readonly Sample[]; /** What the engine had to run. */ readonly expected: number; /** The first thing that was not right. */ readonly odd?: string }
  | { readonly kind: 'none'; readonly reason: string }

/** What came of one scenario, engine by engine. */
export class Tally {
  readonly #scenario: Scenario
  readonly #at: Landmarks
  readonly #samples = new Map<string, Sample[]>()
  readonly #odd = new Map<string, string>()

  constructor(scenario: Scenario, at: Landmarks) {
    this.#scenario = scenario
    this.#at = at
  }

  /** Looks at every output, and says what was not right; a run that counts is a sample. */
  add(session: Session, { built, counts }: { readonly built: Built; readonly counts: boolean }): string | undefined {
    const { name } = session.engine
    const wrong = built.end === 'done' && this.#scenario.plans !== true ? session.checkout.wrong() : []
    const trouble = troubleOf(this.#scenario, { built, wrong, session, at: this.#at })
    if (trouble !== undefined && !this.#odd.has(name)) this.#odd.set(name, trouble)
    if (built.end === 'done' && counts) this.#samples.set(name, [...(this.#samples.get(name) ?? []), sampleOf(this.#scenario, { built, wrong, at: this.#at })])
    return trouble
  }

  cell({ name, habits }: Engine, reason: string | undefined): Cell {
    const samples = this.#samples.get(name)
    if (samples === undefined) return { kind: 'none', reason: reason ?? 'no round of it was run' }
    const odd = this.#odd.get(name)
    return { kind: 'measured', samples, expected: this.#scenario.actions(this.#at, habits), ...(odd === undefined ? {} : { odd }) }
  }
}

function troubleOf(scenario: Scenario, seen: { readonly built: Built; readonly wrong: readonly string[]; readonly session: Session; readonly at: Landmarks }): string | undefined {
  const { built, wrong, session, at } = seen
  if (built.end === 'too long') return 'it took longer than the cap'
  if (built.end !== 'done') return `it ${built.end}: ${built.told.trim().split('\n').slice(-3).join(' / ')}`
  if (wrong.length > 0) return `${wrong.length} outputs are wrong: ${wrong[0] ?? ''}`
  if (scenario.name === 'resume' && session.engine.habits.killed === 'flight') return lossOf(built.inAll - at.size, session.means.jobs)
  const expected = scenario.actions(at, session.engine.habits)
  return built.ran === expected ? undefined : `${built.ran} actions ran, not ${expected}`
}

/** What was in flight when it was killed may run again. */
function lossOf(again: number, flight: number): string | undefined {
  return again < 0 || again > flight ? `${again} actions ran again, not at most the ${flight} in flight` : undefined
}

function sampleOf(scenario: Scenario, { built, wrong, at }: { readonly built: Built; readonly wrong: readonly string[]; readonly at: Landmarks }): Sample {
  const { wall, cpu, peak, ran, inAll } = built
  return { wall, cpu, peak, ran, wrong: wrong.length, ...(scenario.name === 'resume' ? { again: inAll - at.size } : {}) }
}
