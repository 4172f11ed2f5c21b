// What an image should be: apko's image configuration as plain data, after YAML. Source: apko pkg/build/types.
import type { Accounts } from '../rootfs/accounts.ts'
import type { Certificates } from '../rootfs/certificates.ts'
import type { PathMutation } from '../rootfs/paths.ts'

export interface ImageContents {
  /** Used at build time and written to etc/apk/repositories. `@tag URL` pins. */
  readonly repositories?: readonly string[]
  /** Used at build time only. */
  readonly build_repositories?: readonly string[]
  /** Written to etc/apk/repositories only. */
  readonly runtime_repositories?: readonly string[]
  readonly keyring?: readonly string[]
  /** apk dependency syntax. */
  readonly packages?: readonly string[]
}

export interface Entrypoint {
  /** Runs `services` under s6. */
  readonly type?: 'service-bundle'
  /** Split into words as a shell does, without expansion. */
  readonly command?: string
  /** Run by /bin/sh -c. */
  readonly 'shell-fragment'?: string
  /** Service names to command lines. */
  readonly services?: Readonly<Record<string, string>>
}

export interface Layering {
  /** `origin`: a layer for each source package. `single`: one layer. */
  readonly strategy: 'origin' | 'single'
  /** Most layers of packages; one more holds what no package owns. */
  readonly budget?: number
}

export interface ImageConfiguration {
  readonly contents?: ImageContents
  readonly entrypoint?: Entrypoint
  readonly cmd?: string
  readonly 'stop-signal'?: string
  readonly 'work-dir'?: string
  readonly accounts?: Accounts
  /** apk or Go architecture names. */
  readonly archs?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly paths?: readonly PathMutation[]
  /** `URL@REVISION` of the configuration itself. */
  readonly 'vcs-url'?: string
  readonly annotations?: Readonly<Record<string, string>>
  readonly volumes?: readonly string[]
  readonly layering?: Layering
  readonly certificates?: Certificates
}

/** nacre's own choice when a configuration says nothing: every runtime takes 127 layers, and registries stay quick at 100. */
export const defaultLayering: Layering = { strategy: 'origin', budget: 100 }
