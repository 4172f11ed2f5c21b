import type { Json } from '../../base/json.ts'
import { canonical } from '../../base/canonical.ts'
import type { Digest } from '../../base/ids.ts'
import { Fault } from '../../base/result.ts'
import { MissingBlob } from '../../cache/missing-blob.ts'
import type { Cas, Output } from '../../cache/cache.ts'

/** Stores a value as a blob of canonical JSON: equal values give equal digests, so what depends on them is cut off. */
export async function putJson(cas: Cas, value: Json): Promise<Output> {
  return { kind: 'blob', digest: await cas.put(Buffer.from(canonical(value))) }
}

/** Reads what `putJson` of the same kind stored. The shape is that kind's promise, so T is not checked again. Rejects with MissingBlob. */
export async function readJson<T>(cas: Cas, output: Output | undefined): Promise<T> {
  if (output === undefined) throw new Fault('internal', 'an action was not given the value that it reads')
  const bytes = await cas.read(output.digest)
  if (bytes === undefined) throw new MissingBlob(output.digest)
  return JSON.parse(Buffer.from(bytes).toString('utf8')) as T
}

/** Values that many actions of one build read, each decoded once. A digest never stands for another value, so nothing gets stale. */
export class JsonMemo<T> {
  readonly #values = new Map<Digest, Promise<T>>()

  read(cas: Cas, output: Output | undefined): Promise<T> {
    if (output === undefined) return readJson(cas, output)
    const known = this.#values.get(output.digest)
    if (known !== undefined) return known
    const value = readJson<T>(cas, output)
    this.#values.set(output.digest, value)
    // A blob that is missing now may be made again.
    value.catch(() => this.#values.delete(output.digest))
    return value
  }
}
