// An OCI image layout: oci-layout, index.json and blobs (image-spec image-layout.md), as named contents; whoever has a store writes them.
import { digestBytes } from '../../base/digest.ts'
import { type Digest, digestHash } from '../../base/ids.ts'
import { type Content, textContent } from '../rootfs/content.ts'
import { describeImage, type Image, makeIndex } from './image.ts'
import { describe, type Descriptor, encodeDocument, mediaTypes } from './media.ts'

export interface LayoutOptions {
  /** What `skopeo … oci:DIR:NAME` asks for (org.opencontainers.image.ref.name). */
  readonly name: string
  /** Of the index of an image for several platforms. */
  readonly annotations: Readonly<Record<string, string>>
}

/** Paths in the layout to contents. One image stands in index.json itself; several stand in an index of their own under one name. */
export function layoutFiles(images: readonly Image[], options: LayoutOptions): ReadonlyMap<string, Content> {
  const files = new Map<string, Content>([['oci-layout', textContent('{"imageLayoutVersion":"1.0.0"}')]])
  const blobs = new Map<Digest, Content>()
  for (const image of images) {
    for (const layer of image.layers) blobs.set(layer.blob, { kind: 'blob', digest: layer.blob })
    for (const [digest, bytes] of image.documents) blobs.set(digest, { kind: 'bytes', bytes })
  }
  const named = topDescriptor(images, options, blobs)
  const annotations = { ...named?.annotations, 'org.opencontainers.image.ref.name': options.name }
  const index = encodeDocument({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: named === undefined ? [] : [{ ...named, annotations }] })
  files.set('index.json', { kind: 'bytes', bytes: index })
  for (const digest of [...blobs.keys()].sort()) files.set(blobPath(digest), blobs.get(digest) ?? { kind: 'blob', digest })
  return files
}

export function blobPath(digest: Digest): string {
  return `blobs/sha256/${digestHash(digest)}`
}

function topDescriptor(images: readonly Image[], options: LayoutOptions, blobs: Map<Digest, Content>): Descriptor | undefined {
  const [first, ...others] = images
  if (first === undefined) return undefined
  if (others.length === 0) return describeImage(first)
  const bytes = encodeDocument(makeIndex(images, options.annotations))
  blobs.set(digestBytes(bytes), { kind: 'bytes', bytes })
  return describe(mediaTypes.index, digestBytes(bytes))
}
