import { type Digest, digestHash, type NodeId } from '../base/ids.ts'
import type { ActionResult, Output } from '../cache/cache.ts'
import type { Failure, Input } from './action.ts'
import { blobVanished } from './complaints.ts'
import type { Reason } from './explain.ts'
import type { Keyed, Look, Looker, Site } from './look.ts'
import { type Processors, type Ran, runOnce } from './run.ts'

/** How it went with a node that was not in the store. */
export type Executed =
  /** `unlike`: outputs that differ from those of the same key before. */
  | { readonly kind: 'ran'; readonly result: ActionResult; readonly unlike: readonly string[] }
  /** While it waited, another node or another process made the same. */
  | { readonly kind: 'hit'; readonly result: ActionResult }
  | { readonly kind: 'failed'; readonly failure: Failure; readonly log?: Digest; readonly ms: number }
  /** Inputs whose content is not in the store. */
  | { readonly kind: 'lost'; readonly inputs: readonly Input[] }
  /** Workspace files that changed since they were read: what was made is not recorded. */
  | { readonly kind: 'changed'; readonly files: readonly string[] }
  | { readonly kind: 'stopped' }

type Miss = Omit<Extract<Look, { kind: 'miss' }>, 'kind'>

export interface Listener {
  started(keyed: Keyed, reason: Reason): void
  log(id: NodeId, text: string): void
}

/** Runs what is not in the store. Equal work in flight, in this process or another, runs once. */
export class Executor {
  readonly #site: Site
  readonly #looker: Looker
  readonly #tell: Listener

  constructor(site: Site, looker: Looker, tell: Listener) {
    this.#site = site
    this.#looker = looker
    this.#tell = tell
  }

  /**
   * Precondition: the caller holds a slot, or the kind waits for one by `processors`. It is held while another node or process has the lock: other
   * processes run on the same processors. Equal actions are of one kind, so who waits for a slot with a lock is waited for by none that holds a slot,
   * and nobody waits in a circle.
   */
  async execute({ keyed, reason }: Miss, processors: Processors): Promise<Executed> {
    const { ports, signal } = this.#site
    if (signal.aborted) return { kind: 'stopped' }
    try {
      await using _lock = await ports.locks.acquire(`action-${digestHash(keyed.key)}`, signal)
      const known = await this.#looker.find(keyed)
      return known.kind === 'hit' ? known : await this.#run({ keyed, reason }, processors)
    } catch (error) {
      if (signal.aborted && signal.reason === error) return { kind: 'stopped' }
      throw error
    }
  }

  async #run({ keyed, reason }: Miss, processors: Processors): Promise<Executed> {
    const { ports, signal } = this.#site
    const lacking = await this.#gather(keyed)
    if (lacking !== undefined) return lacking
    // The manifest is in the store before anything is known under its digest.
    await ports.cas.put(Buffer.from(keyed.encoded), 'many')
    const ran = await runOnce({ ...keyed, ports, signal, processors, started: () => this.#tell.started(keyed, reason), log: (text) => this.#tell.log(keyed.id, text) })
    if (ran.kind === 'stopped') return ran
    if (ran.kind === 'done') return this.#record(keyed, ran)
    // It may have failed for want of a blob that went away meanwhile: then that is what must be mended.
    const lost = await this.lostInputs(keyed)
    if (lost.length > 0) return { kind: 'lost', inputs: lost }
    return ran.kind === 'failed' ? ran : { kind: 'failed', failure: blobVanished(keyed.id), ms: 0 }
  }

  /** Everything that the action will read is put into the store, or told. */
  async #gather(keyed: Keyed): Promise<Executed | undefined> {
    const files: string[] = []
    for (const { input, found } of keyed.files) files.push(...(await this.#site.inputs.store(input, found)))
    if (files.length > 0) return { kind: 'changed', files }
    const lost = this.#inputsOf(keyed.id, await this.#site.presence.whole(keyed.inputs))
    return lost.length > 0 ? { kind: 'lost', inputs: lost } : undefined
  }

  /** Inputs of which a blob is not in the store, looked at afresh. */
  async lostInputs({ id, inputs }: Pick<Keyed, 'id' | 'inputs'>): Promise<readonly Input[]> {
    this.#site.presence.doubt()
    return this.#inputsOf(id, await this.#site.presence.whole(inputs))
  }

  #inputsOf(id: NodeId, names: readonly string[]): Input[] {
    const inputs = this.#site.graph.inputs(id)
    return names.flatMap((name) => inputs[name] ?? []).filter((input) => input.kind !== 'file' || input.witness !== true)
  }

  /** The result comes after its blobs, and only if what it was made from is still what the key says. */
  async #record(keyed: Keyed, ran: Extract<Ran, { kind: 'done' }>): Promise<Executed> {
    const { ports, inputs } = this.#site
    const changed = keyed.files.flatMap(({ input, found }) => inputs.changed(input, found))
    if (changed.length > 0) return { kind: 'changed', files: changed }
    const before = ports.results.get(keyed.key)
    const result: ActionResult = { outputs: ran.outputs, duration: ran.ms, ...(ran.log !== undefined && { log: ran.log }) }
    await ports.results.put(keyed.key, result)
    await ports.remote?.offer(keyed.key, result)
    return { kind: 'ran', result, unlike: before === undefined ? [] : Object.keys(ran.outputs).filter((name) => !sameOutput(before.outputs[name], ran.outputs[name])) }
  }
}

export function sameOutputs(a: Readonly<Record<string, Output>>, b: Readonly<Record<string, Output>>): boolean {
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => sameOutput(a[name], b[name]))
}

function sameOutput(a: Output | undefined, b: Output | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  const executable = (output: Output) => output.kind === 'blob' && output.executable === true
  return a.kind === b.kind && a.digest === b.digest && executable(a) === executable(b)
}
