import type { Digest } from '../../base/ids.ts'
import { Fault } from '../../base/result.ts'
import type { Cas } from '../../cache/cache.ts'
import { readTreeFile } from '../../cache/tree-walk.ts'
import { relPath } from '../../base/ids.ts'
import { dockerArchive } from '../../outputs/oci/docker-archive.ts'
import { blobPath } from '../../outputs/oci/layout.ts'
import { platformOf } from '../../outputs/oci/platform.ts'
import { reader } from '../../recipes/kinds/environment-glue.ts'
import type { ImageResult } from '../../recipes/kinds/image.ts'
import { writeWhole } from './write-file.ts'

/** Writes an image as one tar for `docker load`, `podman load` and skopeo. Its tag is `NAME:latest`. */
export async function exportDockerArchive(cas: Cas, image: { readonly name: string; readonly arch: string; readonly layout: Digest; readonly facts: ImageResult }, file: string): Promise<void> {
  const { name, arch, layout, facts } = image
  const documents = new Map<Digest, Uint8Array>()
  for (const digest of [facts.config, facts.manifest]) {
    const bytes = await readTreeFile(cas, layout, relPath(blobPath(digest)))
    if (bytes === undefined) throw new Fault('internal', `the layout of image "${name}" has no ${digest}`)
    documents.set(digest, bytes)
  }
  const whole = { platform: platformOf(arch), manifest: facts.manifest, config: facts.config, layers: facts.layers, documents }
  await writeWhole(file, dockerArchive([whole], { name, annotations: {}, tag: `${name}:latest` }, reader(cas)))
}
