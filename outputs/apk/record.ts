/**
 * What a package says of itself: the content of .PKGINFO and of its APKINDEX entry, one shape for both.
 * Source: apk-tools doc/apk-package.5 and src/package.c; facts/formats of the design.
 */
export interface PackageRecord {
  readonly name: string
  /** With the release: `1.2.13-r0`. */
  readonly version: string
  /** apk's architecture names: x86_64, aarch64, noarch. */
  readonly arch: string
  readonly description: string
  readonly url: string
  /** SPDX expression as written, terms joined by AND. */
  readonly license: string
  /** Source package; may overwrite files of packages with the same origin. */
  readonly origin: string
  readonly maintainer: string
  /** Commit of the recipe's repository, or empty. */
  readonly commit: string
  /** Seconds since the epoch. */
  readonly buildDate: number
  /** Bytes when installed. */
  readonly installedSize: number
  /** Each in apk's dependency syntax, in the order of the package. */
  readonly depends: readonly string[]
  readonly provides: readonly string[]
  readonly replaces: readonly string[]
  readonly installIf: readonly string[]
  readonly triggers: readonly string[]
  readonly providerPriority?: number
  readonly replacesPriority?: number
  /** Known once the package is packed: bytes of the .apk file, and `Q1` + base64 of the SHA-1 of its control member. */
  readonly fileSize?: number
  readonly checksum?: string
}
