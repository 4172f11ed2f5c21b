// A kind whose runs the test holds open and finishes by hand, and a small world in memory to build in.
import type { AbsPath, Digest, NodeId } from '../../base/ids.ts'
import { absPath, nodeId } from '../../base/ids.ts'
import type { JsonObject } from '../../base/json.ts'
import { systemClock, systemRandom } from '../../base/ports.ts'
import type { Output } from '../../cache/cache.ts'
import { MemoryActionCache, MemoryCas } from '../../cache/memory-cas.ts'
import type { Action, ActionKind, ExpandContext, Expansion, Failure, Input, Outcome, RunContext } from '../../engine/action.ts'
import { build } from '../../engine/engine.ts'
import type { BuildEvent } from '../../engine/events.ts'
import { ActionGraph } from '../../engine/graph.ts'
import type { BuildPorts, HistoryEntry } from '../../engine/ports.ts'
import type { BuildOptions, BuildReport } from '../../engine/report.ts'
import { mkdtempSync, rmSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { digestBytes } from '../../base/digest.ts'

/** One run that is going on: the test decides how it ends. */
export interface Held {
  readonly context: RunContext
  /** Ends well, with this text as the output `out`. */
  done(text: string): Promise<void>
  give(outputs: Readonly<Record<string, Output>>): void
  fail(failure?: Failure): void
  throws(error: unknown): void
}

/** Runs stay open until the test ends them. `automatic` ends each run at once with the text that it makes of the context. */
export class Puppet implements ActionKind {
  readonly name: string
  version = 1
  /** Ids in the order in which runs began. */
  readonly invocations: string[] = []
  automatic: ((context: RunContext) => Promise<Outcome> | Outcome) | undefined
  onExpand: ((context: ExpandContext) => Promise<Expansion> | Expansion) | undefined
  readonly #held = new Map<string, Held[]>()
  readonly #waiting = new Map<string, (() => void)[]>()

  constructor(name = 'puppet') {
    this.name = name
  }

  outputs(action: Action): readonly string[] {
    const names = action.spec['outputs']
    return Array.isArray(names) ? names.map(String) : ['out']
  }

  async expand(context: ExpandContext): Promise<Expansion> {
    return (await this.onExpand?.(context)) ?? { kind: 'closed' }
  }

  async run(context: RunContext): Promise<Outcome> {
    const { id } = context.action
    this.invocations.push(id)
    if (this.automatic !== undefined) return this.automatic(context)
    return new Promise<Outcome>((resolve, reject) => {
      const give = (outputs: Readonly<Record<string, Output>>): void => resolve({ kind: 'done', outputs })
      const held: Held = {
        context,
        give,
        done: async (text) => give({ out: { kind: 'blob', digest: await context.cas.put(Buffer.from(text)) } }),
        fail: (failure = { kind: 'exit', code: 1 }) => resolve({ kind: 'failed', failure }),
        throws: reject,
      }
      this.#held.set(id, [...(this.#held.get(id) ?? []), held])
      for (const wake of this.#waiting.get(id)?.splice(0) ?? []) wake()
    })
  }

  /** The next run of this node, when it has begun. */
  async started(id: string): Promise<Held> {
    for (;;) {
      const held = this.#held.get(id)?.shift()
      if (held !== undefined) return held
      await new Promise<void>((resolve) => this.#waiting.set(id, [...(this.#waiting.get(id) ?? []), resolve]))
    }
  }

  /** Begun, and not taken by `started` yet. */
  get open(): string[] {
    return [...this.#held].flatMap(([id, held]) => held.map(() => id))
  }
}

/** Ends a run with the text of its spec and of its inputs: an ordinary, pure action. */
export async function pure({ action, inputs, cas }: RunContext): Promise<Outcome> {
  const parts = await Promise.all(Object.entries(inputs).map(async ([name, { digest }]) => `${name}=${Buffer.from((await cas.read(digest)) ?? []).toString('latin1')}`))
  return { kind: 'done', outputs: { out: { kind: 'blob', digest: await cas.put(Buffer.from(`${String(action.spec['text'])}(${parts.sort().join(',')})`)) } } }
}

export function puppet(id: string, needs: readonly string[] = [], more: Partial<Omit<Action, 'id'>> = {}): Action {
  const inputs = Object.fromEntries(needs.map((need) => [need, { kind: 'output', node: nodeId(need), output: 'out' } satisfies Input]))
  return { id: nodeId(id), kind: 'puppet', spec: { text: id }, label: `make ${id}`, ...more, inputs: { ...inputs, ...more.inputs } }
}

export function spec(text: string): { spec: JsonObject } {
  return { spec: { text } }
}

/** First come, first served, within this process. */
class MemoryLocks {
  readonly #tails = new Map<string, Promise<void>>()

  async acquire(name: string, signal: AbortSignal): Promise<AsyncDisposable> {
    const before = this.#tails.get(name) ?? Promise.resolve()
    const mine = deferred()
    this.#tails.set(name, before.then(() => mine.promise))
    await before
    signal.throwIfAborted()
    return { [Symbol.asyncDispose]: async () => mine.resolve() }
  }
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined
  const promise = new Promise<void>((done) => (resolve = done))
  return { promise, resolve }
}

/** A store in memory, a folder on disk, one puppet kind. Several builds may share it, one after the other or at once. */
export class World implements Disposable {
  readonly results = new MemoryActionCache()
  readonly puppet = new Puppet()
  readonly history = new Map<NodeId, HistoryEntry>()
  readonly durations = new Map<string, number>()
  readonly events: BuildEvent[] = []
  readonly folder: AbsPath = absPath(mkdtempSync(join(tmpdir(), 'nacre-engine-')))
  readonly cas = new MemoryCas(absPath(join(this.folder, 'cas')))
  readonly kinds = new Map<string, ActionKind>([['puppet', this.puppet]])
  readonly kept: AbsPath[] = []
  /** Files that the stat memo was asked for. */
  readonly digested: string[] = []
  readonly ports: BuildPorts

  constructor(more: Partial<BuildPorts> = {}) {
    this.ports = {
      cas: this.cas,
      results: this.results,
      kinds: this.kinds,
      files: {
        digest: async (path) => {
          this.digested.push(path)
          return digestBytes(readFileSync(path))
        },
      },
      history: { get: (id) => this.history.get(id), put: (id, entry) => void this.history.set(id, entry) },
      durations: { get: (name) => this.durations.get(name), put: (name, ms) => void this.durations.set(name, ms) },
      locks: new MemoryLocks(),
      temp: () => this.#temp(),
      clock: systemClock,
      random: systemRandom,
      ...more,
    }
  }

  /** Builds the actions from their own graph; all of them are wanted unless `wants` says otherwise. */
  build(actions: readonly Action[], options: BuildOptions & { readonly wants?: readonly string[] } = {}): Promise<BuildReport> {
    const graph = graphOf(actions)
    const wants = options.wants?.map(nodeId) ?? actions.map(({ id }) => id)
    return build(graph, wants, this.ports, { jobs: 4, onEvent: (event) => this.events.push(event), ...options })
  }

  /** The digest of what a node made. */
  digest(report: BuildReport, id: string): Digest {
    const state = report.nodes.get(nodeId(id))
    const digest = state?.kind === 'done' ? state.outputs['out']?.digest : undefined
    if (digest === undefined) throw new Error(`${id} is not done`)
    return digest
  }

  /** The text that a node made. */
  async text(report: BuildReport, id: string): Promise<string> {
    return Buffer.from((await this.cas.read(this.digest(report, id))) ?? []).toString()
  }

  told(kind: BuildEvent['kind']): string[] {
    return this.events.flatMap((event) => (event.kind === kind && 'id' in event ? [String(event.id)] : []))
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  #temp(): { path: AbsPath; keep(): void; [Symbol.asyncDispose](): Promise<void> } {
    const path = absPath(mkdtempSync(join(this.folder, 'scratch-')))
    let kept = false
    return {
      path,
      keep: () => {
        kept = true
        this.kept.push(path)
      },
      [Symbol.asyncDispose]: async () => (kept ? undefined : rmSync(path, { recursive: true, force: true })),
    }
  }
}

export function graphOf(actions: readonly Action[]): ActionGraph {
  const graph = new ActionGraph()
  for (const action of actions) graph.add(action)
  return graph
}

/** `a: ran` for every node, in the order of the ids. */
export function states(report: BuildReport): string[] {
  return [...report.nodes].map(([id, state]) => `${id}: ${state.kind === 'done' ? state.how : state.kind}`).sort()
}

/** A clock that the test moves. */
export function handClock(): { clock: { now(): number; monotonic(): number }; tick(ms: number): void } {
  let time = 0
  return { clock: { now: () => 1e12 + time, monotonic: () => time }, tick: (ms) => void (time += ms) }
}
