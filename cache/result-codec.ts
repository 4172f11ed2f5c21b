import { canonical } from '../base/canonical.ts'
import { parseDigest } from '../base/ids.ts'
import type { JsonObject } from '../base/json.ts'
import type { ActionResult, Output } from './cache.ts'

/** A result as canonical JSON: `{"duration":…,"log":…,"outputs":{NAME:{"digest":…,"executable":…,"kind":…}}}`. */
export function encodeResult(result: ActionResult): JsonObject {
  const outputs: Record<string, JsonObject> = {}
  for (const [name, output] of Object.entries(result.outputs)) outputs[name] = encodeOutput(output)
  const log = result.log === undefined ? {} : { log: result.log }
  return { duration: Math.round(result.duration), outputs, ...log }
}

export function encodeOutputs(outputs: Readonly<Record<string, Output>>): JsonObject {
  return Object.fromEntries(Object.entries(outputs).map(([name, output]) => [name, encodeOutput(output)]))
}

/** Undefined for anything that `encodeResult` can't have made. */
export function decodeResult(value: unknown): ActionResult | undefined {
  if (!isRecord(value) || typeof value['duration'] !== 'number') return undefined
  const outputs = decodeOutputs(value['outputs'])
  const log = typeof value['log'] === 'string' ? parseDigest(value['log']) : undefined
  if (outputs === undefined || (log === undefined && value['log'] !== undefined)) return undefined
  return log === undefined ? { outputs, duration: value['duration'] } : { outputs, duration: value['duration'], log }
}

export function decodeOutputs(value: unknown): Readonly<Record<string, Output>> | undefined {
  if (!isRecord(value)) return undefined
  const outputs: Record<string, Output> = {}
  for (const [name, entry] of Object.entries(value)) {
    const output = decodeOutput(entry)
    if (output === undefined) return undefined
    // Plain assignment would change the prototype for an output named so.
    Object.defineProperty(outputs, name, { value: output, enumerable: true, writable: true, configurable: true })
  }
  return outputs
}

/** Text of any record of the index: canonical, so that equal records are equal bytes. */
export function encodeText(value: JsonObject): string {
  return canonical(value)
}

/** The record in a text, or undefined for a text that is not a JSON object: a damaged record is a missing record. */
export function decodeText(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  if (text === undefined) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

function encodeOutput(output: Output): JsonObject {
  if (output.kind === 'tree') return { digest: output.digest, kind: 'tree' }
  return output.executable === undefined ? { digest: output.digest, kind: 'blob' } : { digest: output.digest, executable: output.executable, kind: 'blob' }
}

function decodeOutput(value: unknown): Output | undefined {
  if (!isRecord(value) || typeof value['digest'] !== 'string') return undefined
  const digest = parseDigest(value['digest'])
  if (digest === undefined) return undefined
  if (value['kind'] === 'tree') return { kind: 'tree', digest }
  if (value['kind'] !== 'blob') return undefined
  return typeof value['executable'] === 'boolean' ? { kind: 'blob', digest, executable: value['executable'] } : { kind: 'blob', digest }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
