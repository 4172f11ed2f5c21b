import { digestHash } from '../../base/ids.ts'
import type { PackageRecord } from '../../outputs/apk/record.ts'
import { packageSbom } from '../../outputs/attest/package-sbom.ts'
import type { Distribution, SbomFile, SbomSource } from '../../outputs/attest/sbom.ts'
import { spdxBytes } from '../../outputs/attest/spdx.ts'
import type { Source } from '../plan/planned.ts'
import type { SummedFile } from './summed-files.ts'

/** Whose packages these are, in package URLs and as supplier; the ID of the catalogue's os-release. */
export const distribution: Distribution = { id: 'nacre', supplier: 'nacre' }

/** The SPDX document that lies inside the package. */
export async function sbomBytes(record: PackageRecord, sources: readonly Source[], files: readonly SummedFile[]): Promise<Uint8Array> {
  const listed: SbomFile[] = []
  for (const file of files) {
    if (file.kind !== 'file' || file.digest === undefined) continue
    listed.push({ path: file.path, sha1: await file.sha1(), sha256: digestHash(file.digest) })
  }
  return spdxBytes(packageSbom({ record, distribution, sources: sources.flatMap((source) => sbomSource(record, source)), files: listed }))
}

function sbomSource(record: PackageRecord, source: Source): readonly SbomSource[] {
  const name = record.origin
  const version = record.version.replace(/-r[0-9]+$/, '')
  switch (source.kind) {
    case 'file':
      return [{ name, version, url: source.uris[0] ?? '', checksum: { algorithm: source.hash.algorithm === 'sha256' ? 'SHA256' : 'SHA512', hex: source.hash.hex } }]
    case 'git':
      return [{ name, version, url: source.repository, commit: source.commit }]
    case 'debs':
      return []
  }
}
