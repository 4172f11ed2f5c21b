import { createHash, type Hash } from 'node:crypto'
import type { Diagnostic } from '../../base/diagnostic.ts'
import { nodeId, type NodeId } from '../../base/ids.ts'
import { errno, Fault } from '../../base/result.ts'
import type { Action, ActionKind, Input, Outcome, RunContext } from '../../engine/action.ts'
import type { SourceHash } from '../plan/planned.ts'

/** Where bytes may come from. `resolve` turns a `mirror://debian/pool/…` into URLs of this machine's own mirrors. */
export interface FetchPorts {
  readonly offline: boolean
  resolve(uri: string): readonly string[]
}

export function fetchNode(hash: SourceHash): NodeId {
  return nodeId(`source:${hash.algorithm}:${hash.hex}`)
}

/** A file known by its hash. Any place may serve it, so the places are not part of the key. */
export function fetchAction(source: { readonly hash: SourceHash; readonly uris: readonly string[]; readonly label: string }): Action {
  return {
    id: fetchNode(source.hash),
    kind: 'fetch',
    spec: { algorithm: source.hash.algorithm, hash: source.hash.hex },
    inputs: {},
    aside: { uris: source.uris },
    label: `fetch ${source.label}`,
    resources: { cpu: 0, network: true },
  }
}

export function fetchedFile(hash: SourceHash): Input {
  return { kind: 'output', node: fetchNode(hash), output: 'file' }
}

/** Downloads from the first place that has the promised bytes. What arrives is hashed before it is believed. */
export function fetchKind(ports: FetchPorts): ActionKind {
  const unreachable = new Set<string>()
  return {
    name: 'fetch',
    version: 1,
    outputs: () => ['file'],
    run: (context) => download(context, ports, unreachable),
  }
}

async function download(context: RunContext, ports: FetchPorts, unreachable: Set<string>): Promise<Outcome> {
  const { algorithm, hash } = hashOf(context.action)
  const uris = urisOf(context.action)
  const tried: (readonly [string, string])[] = []
  let wrong: string | undefined
  for (const uri of ports.offline ? [] : uris.flatMap((u) => ports.resolve(u))) {
    const host = hostOf(uri)
    if (unreachable.has(host)) {
      tried.push([uri, 'host was unreachable before'])
      continue
    }
    const got = await attempt(context, { uri, algorithm, hash })
    if (got.kind === 'done') return got.outcome
    if (got.kind === 'wrong') wrong = got.actual
    if (got.kind === 'unreachable') unreachable.add(host)
    tried.push([uri, got.why])
    context.signal.throwIfAborted()
  }
  return { kind: 'failed', failure: { kind: 'refused', diagnostics: [refusal({ context, uris, tried, wrong, offline: ports.offline })] } }
}

type Attempt =
  | { readonly kind: 'done'; readonly outcome: Outcome }
  | { readonly kind: 'unreachable' | 'refused'; readonly why: string }
  | { readonly kind: 'wrong'; readonly actual: string; readonly why: string }

/** Bytes above this are refused: a server must not be able to fill the disk. */
const largestSource = 4 * 1024 ** 3
const connectSeconds = 20
/** A server that has begun to answer and then says nothing for so long is given up. */
const silentSeconds = 60

async function attempt(context: RunContext, wanted: { readonly uri: string; readonly algorithm: string; readonly hash: string }): Promise<Attempt> {
  using patience = new Patience()
  try {
    const response = await fetch(wanted.uri, { signal: AbortSignal.any([context.signal, patience.signal]), redirect: 'follow' })
    if (!response.ok || response.body === null) {
      await response.body?.cancel()
      return { kind: 'refused', why: `HTTP ${response.status}` }
    }
    const hash = createHash(wanted.algorithm)
    const digest = await context.cas.putStream(hashed(response.body, hash, patience))
    const actual = hash.digest('hex')
    if (actual !== wanted.hash) return { kind: 'wrong', actual, why: `has ${wanted.algorithm} ${actual}` }
    context.log(`${wanted.uri}\n`)
    return { kind: 'done', outcome: { kind: 'done', outputs: { file: { kind: 'blob', digest } } } }
  } catch (error) {
    // A full disk is no fault of the server, and the next one can't mend it.
    if (context.signal.aborted || error instanceof Fault) throw error
    const why = reason(error)
    return { kind: patience.signal.aborted || nobodyThere.has(why) ? 'unreachable' : 'refused', why }
  }
}

/** Errors that the next file of the same host would meet as well; a connection that broke may be another's fault. */
const nobodyThere = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT'])

async function* hashed(body: AsyncIterable<Uint8Array>, hash: Hash, patience: Patience): AsyncGenerator<Uint8Array, void, undefined> {
  let size = 0
  patience.renew()
  for await (const chunk of body) {
    patience.renew()
    size += chunk.byteLength
    if (size > largestSource) throw new Error(`larger than ${largestSource} bytes`)
    hash.update(chunk)
    yield chunk
  }
}

/** How long a server may say nothing. */
class Patience implements Disposable {
  readonly #controller = new AbortController()
  #timer = this.#limit(connectSeconds)

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  renew(): void {
    clearTimeout(this.#timer)
    this.#timer = this.#limit(silentSeconds)
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
  }

  #limit(seconds: number): NodeJS.Timeout {
    return setTimeout(() => this.#controller.abort(new Error(`silent for ${seconds} s`)), seconds * 1000)
  }
}

function reason(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined
  const told = cause instanceof Error ? cause : error
  return errno(told) ?? (told instanceof Error ? told.message : String(told))
}

function hostOf(uri: string): string {
  return URL.canParse(uri) ? new URL(uri).host : uri
}

function hashOf(action: Action): { readonly algorithm: string; readonly hash: string } {
  return { algorithm: String(action.spec['algorithm']), hash: String(action.spec['hash']) }
}

function urisOf(action: Action): readonly string[] {
  const uris = action.aside?.['uris']
  return Array.isArray(uris) ? uris.map(String) : []
}

interface Refusal {
  readonly context: RunContext
  readonly uris: readonly string[]
  readonly tried: readonly (readonly [string, string])[]
  readonly wrong: string | undefined
  readonly offline: boolean
}

function refusal({ context, uris, tried, wrong, offline }: Refusal): Diagnostic {
  const { algorithm, hash } = hashOf(context.action)
  if (offline) {
    return { code: 'source/offline', severity: 'error', message: `"${uris[0] ?? hash}" is not in the store, and --offline forbids fetching it`, facts: [[algorithm, hash]], hint: 'run once without --offline' }
  }
  if (wrong !== undefined) {
    return {
      code: 'source/digest-mismatch',
      severity: 'error',
      message: `No place has "${uris[0] ?? ''}" with the expected digest`,
      facts: [['expected', `${algorithm} ${hash}`], ...tried],
      hint: `if upstream replaced the file and you trust the new one, set expected-${algorithm}: ${wrong}`,
    }
  }
  return { code: 'source/unreachable', severity: 'error', message: `No place answers with "${uris[0] ?? hash}"`, facts: tried, hint: 'check the network, or add a mirror to the step or to nacre.yaml' }
}
