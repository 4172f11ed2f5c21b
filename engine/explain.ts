import { digestHash, type NodeId } from '../base/ids.ts'
import type { Json } from '../base/json.ts'
import { unreachable } from '../base/result.ts'
import type { ManifestInput } from './action.ts'
import type { Change, FileChange, InputChange, Origin } from './difference.ts'
import type { ActionGraph } from './graph.ts'

/** Characters told of a value. */
const jsonTold = 200

/** Why a node ran, or why it did not have to. */
export type Reason =
  /** Never seen under this name. */
  | { readonly kind: 'first' }
  | { readonly kind: 'changed'; readonly changes: readonly Change[] }
  /** The result is known, but these outputs are not in the store any more. */
  | { readonly kind: 'lost'; readonly outputs: readonly string[] }
  | { readonly kind: 'forced' }
  /** Nothing changed since it last came out well, and yet no result has this key: it was collected, or belongs to another store. */
  | { readonly kind: 'forgotten' }
  /** A result of the same key is in the store. */
  | { readonly kind: 'known' }

/** In words, one line a cause, nearest first. */
export function tellReason(reason: Reason): readonly string[] {
  switch (reason.kind) {
    case 'first':
      return ['it has never been built before']
    case 'changed':
      return reason.changes.length === 0 ? ['it changed; what it was is no longer known'] : reason.changes.flatMap(tellChange)
    case 'lost':
      return reason.outputs.map((output) => `its output "${output}" is no longer in the store`)
    case 'forced':
      return ['it was forced']
    case 'forgotten':
      return ['nothing changed, but its result is no longer in the store']
    case 'known':
      return ['nothing changed: its result is in the store']
    default:
      return unreachable(reason)
  }
}

/** The nearest cause in one line: of a tree that another action made, the first file that changed in it. */
export function tellNearest(reason: Reason): string {
  const [change] = reason.kind === 'changed' ? reason.changes : []
  if (change?.kind !== 'input' || change.origin?.kind === 'workspace') return tellReason(reason)[0] ?? ''
  const [file, ...others] = change.files ?? []
  if (file === undefined) return tellReason(reason)[0] ?? ''
  const more = others.length + (change.more ?? 0)
  return `${inputName(change.name, change.origin)}: ${tellFile(file)}${more === 0 ? '' : `, and ${more} more`}`
}

/** Of a run that is over. */
export function tellPastReason(reason: Reason): readonly string[] {
  switch (reason.kind) {
    case 'first':
      return ['it had never been built before']
    case 'lost':
      return reason.outputs.map((output) => `its output "${output}" was no longer in the store`)
    case 'forgotten':
      return ['nothing had changed, but its result was no longer in the store']
    case 'changed':
    case 'forced':
    case 'known':
      return tellReason(reason)
    default:
      return unreachable(reason)
  }
}

export function tellChange(change: Change): readonly string[] {
  switch (change.kind) {
    case 'kind':
      return [`it is now of kind "${change.to}", not "${change.from}"`]
    case 'version':
      return [`nacre's way to make it has version ${change.to}, not ${change.from}`]
    case 'spec':
      return [tellField(change)]
    case 'input':
      return tellInputChange(change)
    default:
      return unreachable(change)
  }
}

/** Of two texts of several lines or of many characters, a script's say, the first line in which they differ: their beginnings are often the same. */
function tellField({ path, from, to }: Extract<Change, { readonly kind: 'spec' }>): string {
  const name = fieldName(path)
  if (typeof from !== 'string' || typeof to !== 'string' || (!`${from}${to}`.includes('\n') && Math.max(from.length, to.length) <= jsonTold)) return `${name} ${fromTo(from, to, tellJson)}`
  const [before, after] = [from.split('\n'), to.split('\n')]
  const line = before.findIndex((text, i) => text !== after[i])
  const at = line === -1 ? before.length : line
  return `${name}, line ${at + 1}, ${fromTo(before[at], after[at], tellJson)}`
}

/** Files of the workspace speak for themselves; what is in any other tree is told below it. */
function tellInputChange({ name, from, to, files = [], more = 0, origin }: InputChange): readonly string[] {
  const told = [...files.map(tellFile), ...(more > 0 ? [`and ${more} more`] : [])]
  if (origin?.kind === 'workspace' && told.length > 0) return told
  const bits = from?.shape !== to?.shape
  return [`${inputName(name, origin)} ${fromTo(from, to, (input) => tellInput(input, bits))}`, ...told.map((line) => `  ${line}`)]
}

function inputName(name: string, origin: Origin | undefined): string {
  switch (origin?.kind) {
    case 'tool':
      return `tool ${origin.path}`
    case 'file':
      return origin.path
    case 'workspace':
    case 'node':
    case undefined:
      return `input "${name}"`
  }
}

/** What is known of reasons. */
export interface Known {
  reasonOf(id: NodeId): Reason | undefined
  /** Whether the run of `by` that the reason is of is what changed that input of `id`; it is when left out. */
  led?(by: NodeId, id: NodeId, change: InputChange & { readonly output: string }): boolean
}

/** The node and, through inputs that changed, the nodes that made it run: nearest cause first, each once. */
export function causes(id: NodeId, graph: ActionGraph, known: Known): readonly { readonly id: NodeId; readonly reason: Reason }[] {
  const told: { readonly id: NodeId; readonly reason: Reason }[] = []
  const seen = new Set([id])
  for (const next of seen) {
    const reason = known.reasonOf(next)
    if (reason === undefined || (reason.kind === 'known' && next !== id)) continue
    told.push({ id: next, reason })
    if (reason.kind !== 'changed') continue
    const inputs = graph.inputs(next)
    for (const change of reason.changes) {
      const input = change.kind === 'input' ? inputs[change.name] : undefined
      if (change.kind !== 'input' || input?.kind !== 'output') continue
      if (known.led?.(input.node, next, { ...change, output: input.output }) !== false) seen.add(input.node)
    }
  }
  return told
}

function fromTo<T>(from: T | undefined, to: T | undefined, tell: (value: T) => string): string {
  if (from === undefined) return to === undefined ? 'is the same' : `is new: ${tell(to)}`
  return to === undefined ? `is gone: it was ${tell(from)}` : `changed from ${tell(from)} to ${tell(to)}`
}

/** `["environment", "CC"]` is told as `environment.CC`, a place in a list as `packages[2]`. */
function fieldName(path: readonly string[]): string {
  if (path.length === 0) return 'the spec'
  return path.map((part, i) => (/^\d+$/.test(part) && i > 0 ? `[${part}]` : i === 0 ? part : `.${part}`)).join('')
}

function tellJson(value: Json): string {
  const text = JSON.stringify(value)
  return text.length <= jsonTold ? text : `${text.slice(0, jsonTold)}…`
}

function tellInput({ digest, shape }: ManifestInput, bits: boolean): string {
  const short = digestHash(digest).slice(0, 12)
  return bits && shape === 'executable' ? `${short} (executable)` : short
}

function tellFile({ path, from, to }: FileChange): string {
  return `${path} ${fromTo(from, to, (text) => text)}`
}
