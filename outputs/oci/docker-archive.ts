// One tar that `docker load` and every OCI tool read: an OCI layout with docker's manifest.json beside it, which names the same blobs.
import { tarEnd, type TarHeader, tarHeader, tarPadding } from '../archive/tar-write.ts'
import { type Content, contentSize, openContent, type ReadBlob, textContent } from '../rootfs/content.ts'
import type { Image } from './image.ts'
import { blobPath, layoutFiles, type LayoutOptions } from './layout.ts'

/**
 * The archive's bytes as they come. docker's format (image/tarexport of moby) holds one platform; for several, manifest.json names the first
 * and the layout holds all. Layers stay compressed: docker, podman and skopeo unpack them. `tag` is `name:version`.
 */
export async function* dockerArchive(images: readonly Image[], options: LayoutOptions & { readonly tag: string }, read: ReadBlob): AsyncGenerator<Uint8Array, void, undefined> {
  const files = new Map<string, Content>(layoutFiles(images, options))
  const [first] = images
  if (first !== undefined) files.set('manifest.json', textContent(dockerManifest(first, options.tag)))
  yield tarHeader({ ...plain, path: 'blobs', kind: 'directory', mode: 0o755 })
  yield tarHeader({ ...plain, path: 'blobs/sha256', kind: 'directory', mode: 0o755 })
  for (const [path, content] of files) {
    const size = contentSize(content)
    yield tarHeader({ ...plain, path, kind: 'file', mode: 0o644, size })
    yield* openContent(content, read)
    yield tarPadding(size)
  }
  yield tarEnd
}

const plain: Pick<TarHeader, 'mtime' | 'uid' | 'gid'> = { mtime: 0, uid: 0, gid: 0 }

function dockerManifest(image: Image, tag: string): string {
  return JSON.stringify([{ Config: blobPath(image.config), RepoTags: [tag], Layers: image.layers.map((layer) => blobPath(layer.blob)) }])
}
