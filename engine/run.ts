import type { AbsPath, Digest } from '../base/ids.ts'
import { Fault } from '../base/result.ts'
import type { Output } from '../cache/cache.ts'
import { MissingBlob } from '../cache/missing-blob.ts'
import { type Action, type ActionKind, type Failure, NotStarted, type Outcome } from './action.ts'
import type { BuildPorts, Scratch } from './ports.ts'

/** How one run of a kind ended, whatever it was that ended it. */
export type Ran =
  | { readonly kind: 'done'; readonly outputs: Readonly<Record<string, Output>>; readonly log?: Digest; readonly ms: number }
  | { readonly kind: 'failed'; readonly failure: Failure; readonly log?: Digest; readonly ms: number }
  /** Content that it was promised is not in the store. */
  | { readonly kind: 'missing' }
  /** The build was stopped. */
  | { readonly kind: 'stopped' }

export interface Run {
  readonly action: Action
  readonly kind: ActionKind
  readonly inputs: Readonly<Record<string, Output>>
  readonly ports: Pick<BuildPorts, 'cas' | 'temp' | 'clock'>
  readonly signal: AbortSignal
  readonly processors: Processors
  /** Called once, before the action does anything that it needs its processors for. */
  started(): void
  log(text: string): void
}

/** Waits for an action's processors; what it returns gives them back. Rejects with NotStarted when nothing may start any more. */
export type Processors = () => Promise<() => void>

/** Runs an action once: a folder of its own, a log, its time limit, and a look at whether it made what it promised. */
export async function runOnce(run: Run): Promise<Ran> {
  const { action, kind, ports, signal } = run
  await using scratch = new LazyScratch(() => ports.temp(action.id))
  using limit = timeLimit(action.timeout)
  const log = new Log((text) => run.log(text))
  const begin = (): number => {
    run.started()
    return ports.clock.monotonic()
  }
  let began = kind.prepares === true ? undefined : begin()
  const outcome = await attempt(() =>
    kind.run({
      action,
      inputs: run.inputs,
      cas: ports.cas,
      get scratch() {
        return scratch.path
      },
      signal: action.timeout === undefined ? signal : AbortSignal.any([signal, limit.signal]),
      processors: async () => {
        const release = await run.processors()
        began = begin()
        return release
      },
      log: (chunk) => log.add(chunk),
      keep: () => scratch.keep(),
    }),
  )
  if (outcome.kind === 'missing' || outcome.kind === 'stopped') return outcome
  const ms = Math.round(ports.clock.monotonic() - (began ?? begin()))
  if (outcome.kind === 'threw' && !signal.aborted && !limit.signal.aborted) throw outcome.error
  // What came to its end before the signal reached it counts like every other.
  if (signal.aborted && outcome.kind !== 'done') return { kind: 'stopped' }
  const bytes = log.bytes()
  const stored = bytes.length === 0 ? {} : { log: await ports.cas.put(bytes, 'many') }
  if (limit.signal.aborted) return { kind: 'failed', failure: timedOut(action.timeout ?? 0, outcome), ms, ...stored }
  if (outcome.kind === 'threw') throw outcome.error
  if (outcome.kind === 'failed') return { kind: 'failed', failure: outcome.failure, ms, ...stored }
  const missing = undelivered(run, outcome.outputs)
  if (missing !== undefined) return { kind: 'failed', failure: { kind: 'no-output', output: missing }, ms, ...stored }
  return { kind: 'done', outputs: outcome.outputs, ms, ...stored }
}

type Attempt = Outcome | { readonly kind: 'missing' } | { readonly kind: 'stopped' } | { readonly kind: 'threw'; readonly error: unknown }

async function attempt(run: () => Promise<Outcome>): Promise<Attempt> {
  try {
    return await run()
  } catch (error) {
    if (error instanceof NotStarted) return { kind: 'stopped' }
    return error instanceof MissingBlob ? { kind: 'missing' } : { kind: 'threw', error }
  }
}

/** The first promised output that was not made, or whose content never reached the store. */
function undelivered({ action, kind, ports }: Run, outputs: Readonly<Record<string, Output>>): string | undefined {
  const promised = kind.outputs(action)
  const extra = Object.keys(outputs).find((name) => !promised.includes(name))
  if (extra !== undefined) throw new Fault('internal', `"${action.id}" gave an output "${extra}" that its kind "${kind.name}" doesn't name`)
  return promised.find((name) => {
    const output = outputs[name]
    return output === undefined || !ports.cas.has(output.digest)
  })
}

/** What an exit said of the sandbox that was kept is still true. */
function timedOut(seconds: number, outcome: Attempt): Failure {
  const failure = outcome.kind === 'failed' ? outcome.failure : undefined
  if (failure?.kind !== 'exit' && failure?.kind !== 'signal' && failure?.kind !== 'timeout') return { kind: 'timeout', seconds }
  const { step, kept, enter } = failure
  return { kind: 'timeout', seconds, ...(step !== undefined && { step }), ...(kept !== undefined && { kept }), ...(enter !== undefined && { enter }) }
}

function timeLimit(seconds: number | undefined): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController()
  const timer = seconds === undefined ? undefined : setTimeout(() => controller.abort(), seconds * 1000)
  return { signal: controller.signal, [Symbol.dispose]: () => clearTimeout(timer) }
}

/** A folder that is made when somebody first asks where it is: making and removing one takes longer than many a run. */
class LazyScratch implements AsyncDisposable {
  readonly #make: () => Scratch
  #made: Scratch | undefined
  #over = false

  constructor(make: () => Scratch) {
    this.#make = make
  }

  /** Nobody would remove what is made after the end. */
  get path(): AbsPath {
    if (this.#over && this.#made === undefined) throw new Fault('internal', 'an action asked for its folder after its run')
    return (this.#made ??= this.#make()).path
  }

  keep(): void {
    this.#made?.keep()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over = true
    await this.#made?.[Symbol.asyncDispose]()
  }
}

/** Keeps what was printed, and passes it on as text: a character that is cut between two chunks is shown when it is whole. */
class Log {
  readonly #chunks: Uint8Array[] = []
  readonly #decoder = new TextDecoder()
  readonly #show: (text: string) => void

  constructor(show: (text: string) => void) {
    this.#show = show
  }

  add(chunk: Uint8Array | string): void {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk)
    this.#chunks.push(bytes)
    const text = this.#decoder.decode(bytes, { stream: true })
    if (text !== '') this.#show(text)
  }

  bytes(): Buffer {
    return Buffer.concat(this.#chunks)
  }
}
