import { Hasher } from '../../base/digest.ts'
import { type Digest, digestSize } from '../../base/ids.ts'
import { MissingBlob } from '../../cache/missing-blob.ts'
import type { Cas, Output } from '../../cache/cache.ts'
import type { PackedPackage } from '../../outputs/oci/layer-reuse.ts'
import type { PackageFiles } from '../../outputs/rootfs/install-packages.ts'
import { Fault } from '../../base/result.ts'
import { readJson } from './json-blob.ts'
import { packageFilesOf, type PackFacts } from './pack-facts.ts'

/** A packed apk as an image takes it: from the facts that packing left, so that no apk is unpacked again. */
export async function imagePackage(cas: Cas, facts: Output | undefined): Promise<PackageFiles> {
  return packageFilesOf(await readJson<PackFacts>(cas, facts))
}

/** The same with the apk's own packed data, of which a layer can take over what is compressed already. */
export async function packedPackage(cas: Cas, facts: Output | undefined, apk: Output | undefined): Promise<PackedPackage> {
  const known = await readJson<PackFacts>(cas, facts)
  const { controlSize, body, loneDiffId } = known
  if (apk === undefined) throw new Fault('internal', 'a layer was not given an apk that it is made of')
  return {
    ...packageFilesOf(known),
    stored: { blob: apk.digest, from: controlSize, to: digestSize(apk.digest) },
    data: () => withoutControl(checked(cas, apk.digest), controlSize),
    ...(loneDiffId === undefined ? {} : { lone: { diffId: loneDiffId, body } }),
  }
}

/** The layer's digest is found while it is written, so what goes into it must be seen to be what was packed. */
async function* checked(cas: Cas, apk: Digest): AsyncGenerator<Uint8Array, void, undefined> {
  const hasher = new Hasher()
  const stream = await cas.open(apk)
  if (stream === undefined) throw new MissingBlob(apk)
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    hasher.update(chunk)
    yield chunk
  }
  if (hasher.digest() === apk) return
  // Reading it whole puts it into quarantine, so that whoever packed it is asked again.
  await cas.read(apk)
  throw new MissingBlob(apk)
}

async function* withoutControl(apk: AsyncIterable<Uint8Array>, controlSize: number): AsyncGenerator<Uint8Array, void, undefined> {
  let left = controlSize
  for await (const chunk of apk) {
    if (left < chunk.length) yield chunk.subarray(left)
    left = Math.max(0, left - chunk.length)
  }
}
