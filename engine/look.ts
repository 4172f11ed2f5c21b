import type { Diagnostic } from '../base/diagnostic.ts'
import type { ActionKey, NodeId } from '../base/ids.ts'
import { Fault } from '../base/result.ts'
import type { ActionResult, Output } from '../cache/cache.ts'
import { MissingBlob } from '../cache/missing-blob.ts'
import type { Action, ActionKind, Failure, Input, Manifest } from './action.ts'
import type { Reason } from './explain.ts'
import type { ActionGraph } from './graph.ts'
import type { FileInput, Found, Inputs } from './inputs.ts'
import { encodeManifest, keyOf, manifestOf } from './manifest.ts'
import type { BuildPorts, HistoryEntry } from './ports.ts'
import type { Presence } from './presence.ts'
import { reasonToRun } from './reasons.ts'
import type { States } from './state.ts'

/** A node whose inputs are all known, and so its key. */
export interface Keyed {
  readonly id: NodeId
  readonly action: Action
  readonly kind: ActionKind
  readonly key: ActionKey
  /** The bytes that the key is the digest of. */
  readonly encoded: string
  readonly manifest: Manifest
  readonly inputs: Readonly<Record<string, Output>>
  readonly files: readonly { readonly input: FileInput; readonly found: Found }[]
  readonly forced: boolean
  /** What it was the last time it came out well, as this build found it: another process may write it anew meanwhile. */
  readonly last: HistoryEntry | undefined
}

/** What looking at a ready node found. */
export type Look =
  /** Its kind wants further inputs first. */
  | { readonly kind: 'ask'; readonly inputs: Readonly<Record<string, Input>>; readonly actions: readonly Action[] }
  | { readonly kind: 'hit'; readonly keyed: Keyed; readonly result: ActionResult }
  | { readonly kind: 'miss'; readonly keyed: Keyed; readonly reason: Reason }
  /** Its kind wanted to read content of an input, and it is not there. */
  | { readonly kind: 'missing'; readonly inputs: Readonly<Record<string, Output>> }
  | { readonly kind: 'failed'; readonly failure: Failure }

/** What is known under a key. */
export type Known =
  | { readonly kind: 'hit'; readonly result: ActionResult }
  | { readonly kind: 'lost'; readonly result: ActionResult; readonly outputs: readonly string[] }
  | { readonly kind: 'none' }

/** What everything that serves one build shares. */
export interface Site {
  readonly ports: BuildPorts
  readonly graph: ActionGraph
  readonly states: States
  readonly inputs: Inputs
  readonly presence: Presence
  readonly signal: AbortSignal
  /** Nodes that run whatever is known of them. */
  readonly forced: ReadonlySet<NodeId>
}

/** From ready to hit or miss: the inputs' content, what the kind asks for on top, the key, and what is known under it. Changes no state. */
export class Looker {
  readonly #site: Site
  /** Nodes whose results are believed only when every file is there: the wanted, and those that were sent back. */
  readonly #careful: Set<NodeId>

  constructor(site: Site, wants: Iterable<NodeId>) {
    this.#site = site
    this.#careful = new Set(wants)
  }

  /** An output of the node was lost although its root is there. */
  distrust(id: NodeId): void {
    this.#careful.add(id)
  }

  async look(id: NodeId): Promise<Look> {
    const { diagnostics, ...content } = await this.#content(id)
    if (diagnostics.length > 0) return { kind: 'failed', failure: { kind: 'refused', diagnostics } }
    const { ports, graph, forced } = this.#site
    const action = graph.action(id)
    const kind = ports.kinds.get(action?.kind ?? '')
    if (action === undefined || kind === undefined) throw new Fault('internal', `"${id}" is of a kind that nobody registered: "${action?.kind}"`)
    const asked = await this.#expand(action, kind, content.inputs)
    if (asked !== undefined) return asked
    const manifest = manifestOf(action, kind, content.inputs)
    const encoded = encodeManifest(manifest)
    const keyed: Keyed = { id, action, kind, key: keyOf(encoded), encoded, manifest, ...content, forced: forced.has(id), last: ports.history.get(id) }
    const known = await this.find(keyed)
    if (known.kind === 'hit') return { kind: 'hit', keyed, result: known.result }
    return { kind: 'miss', keyed, reason: await reasonToRun(ports.cas, { ...keyed, ...(known.kind === 'lost' && { lost: known }) }) }
  }

  /** A usable result of the key, here or at the remote. A result of which a blob is missing is none. */
  async find(keyed: Keyed): Promise<Known> {
    const { ports, presence, signal } = this.#site
    if (keyed.forced) return { kind: 'none' }
    const missingOf = (result: ActionResult) => (this.#careful.has(keyed.id) ? presence.whole(result.outputs) : presence.roots(result.outputs))
    const here = ports.results.get(keyed.key)
    const lost = here === undefined ? [] : await missingOf(here)
    if (here !== undefined && lost.length === 0) return { kind: 'hit', result: here }
    const there = await ports.remote?.find(keyed.key, signal)
    if (there !== undefined && (await missingOf(there)).length === 0) {
      await ports.cas.put(Buffer.from(keyed.encoded), 'many')
      await ports.results.put(keyed.key, there)
      return { kind: 'hit', result: there }
    }
    return here === undefined ? { kind: 'none' } : { kind: 'lost', result: here, outputs: lost }
  }

  /** Content is used only when there are no complaints: some of it may lack. */
  async #content(id: NodeId): Promise<Pick<Keyed, 'inputs' | 'files'> & { readonly diagnostics: readonly Diagnostic[] }> {
    const inputs: [string, Output][] = []
    const files: { input: FileInput; found: Found }[] = []
    const diagnostics: Diagnostic[] = []
    for (const [name, input] of Object.entries(this.#site.graph.inputs(id))) {
      if (input.kind === 'content') inputs.push([name, input.output])
      else if (input.kind === 'output') inputs.push([name, this.#output(id, input.node, input.output)])
      else {
        const found = await this.#site.inputs.resolve(input)
        if (found.kind === 'complaints') diagnostics.push(...found.diagnostics)
        else {
          inputs.push([name, found.value.output])
          files.push({ input, found: found.value })
        }
      }
    }
    return { diagnostics, inputs: Object.fromEntries(inputs), files }
  }

  #output(id: NodeId, node: NodeId, name: string): Output {
    const output = this.#site.states.done(node)?.outputs[name]
    if (output === undefined) throw new Fault('internal', `"${id}" needs output "${name}" of "${node}", which has none of that name`)
    return output
  }

  /** An answer that names nothing new is as good as none: the kind has all it asked for. */
  async #expand(action: Action, kind: ActionKind, inputs: Readonly<Record<string, Output>>): Promise<Look | undefined> {
    if (kind.expand === undefined) return undefined
    try {
      const answer = await kind.expand({ action, inputs, cas: this.#site.ports.cas })
      if (answer.kind === 'closed') return undefined
      if (answer.kind === 'failed') return answer
      return Object.keys(answer.inputs).every((name) => name in inputs) ? undefined : answer
    } catch (error) {
      if (error instanceof MissingBlob) return { kind: 'missing', inputs }
      throw error
    }
  }
}
