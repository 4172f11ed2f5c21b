import { byBytes } from '../base/bytes.ts'
import { canonical } from '../base/canonical.ts'
import type { AbsPath, NodeId } from '../base/ids.ts'
import { isJsonObject, type Json } from '../base/json.ts'
import type { Manifest, ManifestInput } from './action.ts'
import { type ManifestWriter, walk } from './manifest.ts'

/** One difference between two manifests of a node. Absent `from` or `to`: added or removed. */
export type Change =
  | { readonly kind: 'kind'; readonly from: string; readonly to: string }
  | { readonly kind: 'version'; readonly from: number; readonly to: number }
  | { readonly kind: 'spec'; readonly path: readonly string[]; readonly from?: Json; readonly to?: Json }
  | InputChange

export interface InputChange {
  readonly kind: 'input'
  readonly name: string
  readonly from?: ManifestInput
  readonly to?: ManifestInput
  /** Of a tree: the first of the files that changed in it. */
  readonly files?: readonly FileChange[]
  /** How many more changed. */
  readonly more?: number
  /** Where its content comes from now, as far as that is known. Not in the key: for people. */
  readonly origin?: Origin
}

/** `tool`: a program of the host. */
export type Origin = { readonly kind: 'workspace' } | { readonly kind: 'file' | 'tool'; readonly path: AbsPath } | { readonly kind: 'node'; readonly id: NodeId }

/** A file inside an input tree: how it was and how it is, as `<digest>`, `<digest> (executable)` or `symlink to X`. */
export interface FileChange {
  readonly path: string
  readonly from?: string
  readonly to?: string
}

/** Nearest cause first: the kind, its version, the node's own spec, then its inputs by name. */
export function difference(before: Manifest, after: Manifest): Change[] {
  const old = factsOf(before)
  const now = factsOf(after)
  const changes: Change[] = []
  if (old.name !== now.name) changes.push({ kind: 'kind', from: old.name, to: now.name })
  if (old.versionNumber !== now.versionNumber) changes.push({ kind: 'version', from: old.versionNumber, to: now.versionNumber })
  changes.push(...specChanges([], old.specValue, now.specValue))
  for (const name of [...new Set([...old.inputs.keys(), ...now.inputs.keys()])].sort(byBytes)) {
    const from = old.inputs.get(name)
    const to = now.inputs.get(name)
    if (from?.digest === to?.digest && from?.shape === to?.shape) continue
    changes.push({ kind: 'input', name, ...(from && { from }), ...(to && { to }) })
  }
  return changes
}

function factsOf(manifest: Manifest): Facts {
  const facts = new Facts()
  walk(manifest, facts)
  return facts
}

/** The other writer of the manifest's walk: keeps what the key hashes apart, so that it can be compared piece by piece. */
class Facts implements ManifestWriter {
  readonly inputs = new Map<string, ManifestInput>()
  name = ''
  specValue: Json = null
  versionNumber = 0

  input(name: string, input: ManifestInput): void {
    this.inputs.set(name, input)
  }

  kind(name: string): void {
    this.name = name
  }

  spec(spec: Json): void {
    this.specValue = spec
  }

  version(version: number): void {
    this.versionNumber = version
  }
}

function specChanges(path: readonly string[], from: Json | undefined, to: Json | undefined): Change[] {
  if (from !== undefined && to !== undefined) {
    if (canonical(from) === canonical(to)) return []
    const keys = commonKeys(from, to)
    if (keys !== undefined) return keys.flatMap((key) => specChanges([...path, key], member(from, key), member(to, key)))
  }
  return [{ kind: 'spec', path, ...(from !== undefined && { from }), ...(to !== undefined && { to }) }]
}

/** What to descend by: the keys of two objects, or the places of two lists. */
function commonKeys(a: Json, b: Json): string[] | undefined {
  const lists = Array.isArray(a) && Array.isArray(b)
  if (!lists && !(isJsonObject(a) && isJsonObject(b))) return undefined
  const keys = [...new Set([...Object.keys(Object(a)), ...Object.keys(Object(b))])]
  return lists ? keys : keys.sort(byBytes)
}

function member(value: Json, key: string): Json | undefined {
  return Object.hasOwn(Object(value), key) ? Object(value)[key] : undefined
}
