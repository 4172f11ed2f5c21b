import type { ImageConfiguration } from '../../outputs/oci/image-config.ts'

/** One command run in the image's own root, and what must come of it. */
export interface ImageCheck {
  readonly run: readonly string[]
  /** Exit code, 0 unless it says otherwise. */
  readonly exit: number
  /** Regular expression that what it prints must match. */
  readonly expect?: string
  readonly environment?: Readonly<Record<string, string>>
}

export interface PlannedImage {
  readonly kind: 'image'
  readonly name: string
  readonly path: string
  readonly arch: string
  readonly config: ImageConfiguration
  readonly checks: readonly ImageCheck[]
  /** Packages that lie under the root for the checks alone. */
  readonly checkedWith: readonly string[]
  /** Seconds since the epoch: `created` of the image. */
  readonly sourceDateEpoch: number
}
