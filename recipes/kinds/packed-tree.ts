import { type Digest, relPath } from '../../base/ids.ts'
import type { Cas } from '../../cache/cache.ts'
import { buildTree } from '../../cache/tree-builder.ts'
import { mergeTrees } from '../../cache/tree-merge.ts'
import type { PackageRecord } from '../../outputs/apk/record.ts'

/** Where a package's own SBOM lies: melange's place, in which scanners look. */
export function sbomPath(record: PackageRecord): string {
  return `var/lib/db/sbom/${record.name}-${record.version}.spdx.json`
}

/** The tree that the apk unpacks to: the package's files and its SBOM. */
export async function packedTree(cas: Cas, parts: { readonly record: PackageRecord; readonly tree: Digest; readonly sbom: Digest }): Promise<Digest> {
  const sbom = await buildTree(cas, new Map([[relPath(sbomPath(parts.record)), { kind: 'file', digest: parts.sbom, mode: 0o644 }]]))
  return (await mergeTrees(cas, [sbom, parts.tree], { conflict: 'later wins' })).digest
}
