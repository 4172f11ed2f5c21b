import type { PackageRecord } from '../apk/record.ts'
import { apkComponent, type Distribution, type Sbom, type SbomFile, type SbomSource, sourceComponent } from './sbom.ts'

export interface PackageSbomOrder {
  readonly record: PackageRecord
  readonly distribution: Distribution
  readonly sources: readonly SbomSource[]
  /** Every regular file of the package but the document itself. */
  readonly files: readonly SbomFile[]
}

/** Where a package keeps its own document: scanners and image builders look there (melange's place). */
export function packageSbomPath(record: Pick<PackageRecord, 'name' | 'version'>): string {
  return `var/lib/db/sbom/${record.name}-${record.version}.spdx.json`
}

/** What a package is, holds and was generated from. */
export function packageSbom({ record, distribution, sources, files }: PackageSbomOrder): Sbom {
  const subject = { ...apkComponent(record, distribution), files }
  const upstream = sources.map(sourceComponent)
  return {
    name: `${record.name}-${record.version}`,
    subject: subject.key,
    created: record.buildDate,
    author: distribution.supplier,
    components: [subject, ...upstream],
    relations: upstream.map(({ key }) => ({ from: subject.key, kind: 'generated-from', to: key })),
  }
}
