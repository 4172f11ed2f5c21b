import { canonical } from '../base/canonical.ts'
import { byBytes } from '../base/bytes.ts'
import { digestText } from '../base/digest.ts'
import { type ActionKey, actionKey, parseDigest } from '../base/ids.ts'
import { isJsonObject, type Json } from '../base/json.ts'
import type { Action, ActionKind, Manifest, ManifestInput } from './action.ts'
import type { Output } from '../cache/cache.ts'

/** What is told about a manifest, in this order. The key and the explanation are two writers of one walk, so they can't drift apart. */
export interface ManifestWriter {
  input(name: string, input: ManifestInput): void
  kind(name: string): void
  spec(spec: Json): void
  version(version: number): void
}

export function walk(manifest: Manifest, writer: ManifestWriter): void {
  for (const name of Object.keys(manifest.inputs).sort(byBytes)) {
    const input = manifest.inputs[name]
    if (input !== undefined) writer.input(name, input)
  }
  writer.kind(manifest.kind)
  writer.spec(manifest.spec)
  writer.version(manifest.version)
}

/** The manifest of an action whose inputs are known. */
export function manifestOf(action: Action, kind: ActionKind, inputs: Readonly<Record<string, Output>>): Manifest {
  const seen = Object.entries(inputs).map(([name, output]) => [name, { digest: output.digest, shape: shapeOf(output) }] as const)
  return { kind: kind.name, version: kind.version, spec: action.spec, inputs: Object.fromEntries(seen) }
}

/** The bytes that are hashed into the key and stored under it: `{"inputs":…,"kind":…,"spec":…,"version":…}`, canonical. */
export function encodeManifest(manifest: Manifest): string {
  const writer = new KeyWriter()
  walk(manifest, writer)
  return writer.text()
}

export function keyOf(encoded: string): ActionKey {
  return actionKey(digestText(encoded))
}

/** Undefined for bytes that no manifest has: a key of another format, or another engine's action. */
export function decodeManifest(bytes: Uint8Array): Manifest | undefined {
  const value = parseJson(Buffer.from(bytes).toString())
  if (value === undefined || !isJsonObject(value)) return undefined
  const { kind, version, spec, inputs } = value
  if (typeof kind !== 'string' || typeof version !== 'number' || spec === undefined || inputs === undefined || !isJsonObject(inputs)) return undefined
  const decoded: [string, ManifestInput][] = []
  for (const [name, input] of Object.entries(inputs)) {
    const known = decodeInput(input)
    if (known === undefined) return undefined
    decoded.push([name, known])
  }
  return { kind, version, spec, inputs: Object.fromEntries(decoded) }
}

class KeyWriter implements ManifestWriter {
  readonly #facts: [string, Json][] = []
  readonly #inputs: [string, Json][] = []

  input(name: string, { digest, shape }: ManifestInput): void {
    this.#inputs.push([name, { digest, shape }])
  }

  kind(name: string): void {
    this.#facts.push(['kind', name])
  }

  spec(spec: Json): void {
    this.#facts.push(['spec', spec])
  }

  version(version: number): void {
    this.#facts.push(['version', version])
  }

  text(): string {
    return canonical(Object.fromEntries([...this.#facts, ['inputs', Object.fromEntries(this.#inputs)]]))
  }
}

function shapeOf(output: Output): ManifestInput['shape'] {
  if (output.kind === 'tree') return 'tree'
  return output.executable === true ? 'executable' : 'blob'
}

function decodeInput(value: Json): ManifestInput | undefined {
  if (!isJsonObject(value) || typeof value['digest'] !== 'string') return undefined
  const digest = parseDigest(value['digest'])
  const shape = value['shape']
  return digest !== undefined && (shape === 'blob' || shape === 'executable' || shape === 'tree') ? { digest, shape } : undefined
}

function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
