import type { Digest } from '../../base/ids.ts'
import type { ApkEntry } from '../../outputs/apk/read.ts'
import type { PackageRecord } from '../../outputs/apk/record.ts'
import type { GzipBody } from '../../outputs/archive/gzip.ts'
import type { PackageFiles } from '../../outputs/rootfs/install-packages.ts'
import type { Scripts } from '../plan/planned.ts'

/** What is known of a packed apk besides its bytes. */
export interface PackFacts {
  readonly record: PackageRecord
  readonly scripts: Scripts
  /** What it puts where, in the order of the archive, with where the bytes of its files are. */
  readonly entries: readonly PackedEntry[]
  /** Bytes before the data member. */
  readonly controlSize: number
  /** Bytes of the unpacked data tar. */
  readonly tarSize: number
  /** The part of the data member that can stand in another gzip member; offsets count from the data member's start. */
  readonly body: GzipBody
  /** Of the tar of an image layer that holds this package alone, where that is its data and a database. */
  readonly loneDiffId?: Digest
}

/** An entry of the apk and the digest of a file's bytes. */
export type PackedEntry = ApkEntry & { readonly content?: Digest }

/** The package as an image installs it: no apk is unpacked for that. */
export function packageFilesOf({ record, scripts, entries }: Pick<PackFacts, 'record' | 'scripts' | 'entries'>): PackageFiles {
  const contents = new Map(entries.flatMap(({ path, content }) => (content === undefined ? [] : [[path, { kind: 'blob', digest: content } as const] as const])))
  return { record, scripts, entries, contents }
}
