// Names and shapes of the OCI image format (image-spec v1.1: descriptor.md, manifest.md, config.md, image-index.md).
import { type Digest, digestHash, digestSize } from '../../base/ids.ts'
import type { Platform } from './platform.ts'

export const mediaTypes = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
} as const

export interface Descriptor {
  readonly mediaType: string
  /** `sha256:HEX`. */
  readonly digest: string
  readonly size: number
  readonly platform?: Platform
  readonly annotations?: Readonly<Record<string, string>>
}

export interface Manifest {
  readonly schemaVersion: 2
  readonly mediaType: typeof mediaTypes.manifest
  readonly config: Descriptor
  readonly layers: readonly Descriptor[]
  readonly annotations?: Readonly<Record<string, string>>
}

export interface Index {
  readonly schemaVersion: 2
  readonly mediaType: typeof mediaTypes.index
  readonly manifests: readonly Descriptor[]
  readonly annotations?: Readonly<Record<string, string>>
}

/** `config` of an image's configuration: how a container of it runs. */
export interface RunConfig {
  readonly User?: string
  readonly Env?: readonly string[]
  readonly Entrypoint?: readonly string[]
  readonly Cmd?: readonly string[]
  readonly Volumes?: Readonly<Record<string, Readonly<Record<string, never>>>>
  readonly WorkingDir?: string
  readonly Labels?: Readonly<Record<string, string>>
  readonly StopSignal?: string
}

export interface History {
  readonly author: string
  readonly created: string
  readonly created_by: string
  readonly comment?: string
}

export interface ImageFile {
  readonly architecture: string
  readonly variant?: string
  readonly author: string
  readonly created: string
  readonly history: readonly History[]
  readonly os: 'linux'
  readonly rootfs: { readonly type: 'layers'; readonly diff_ids: readonly string[] }
  readonly config: RunConfig
}

export function describe(mediaType: string, digest: Digest, annotations?: Readonly<Record<string, string>>): Descriptor {
  return { mediaType, digest: ociDigest(digest), size: digestSize(digest), ...(annotations === undefined ? {} : { annotations }) }
}

export function ociDigest(digest: Digest): string {
  return `sha256:${digestHash(digest)}`
}

/** The bytes of a document: keys in the order that they were given, no white space. */
export function encodeDocument(document: Manifest | Index | ImageFile): Uint8Array {
  return Buffer.from(JSON.stringify(document))
}

/** RFC 3339 in UTC, whole seconds. */
export function rfc3339(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')
}
