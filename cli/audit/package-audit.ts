import type { Cas } from '../../cache/cache.ts'
import type { Digest } from '../../base/ids.ts'
import { auditHardening, type HardeningResult } from '../../outputs/audit/hardening.ts'
import { isElf, parseElf } from '../../outputs/elf/elf.ts'
import { packageFiles } from '../../recipes/kinds/package-files.ts'
import type { HardeningException } from '../../recipes/plan/planned.ts'
import { pathPattern } from './path-pattern.ts'

/** A check of a file that did not pass in full; `reason` is the exception that its recipe states. */
export interface Finding extends HardeningResult {
  readonly path: string
  readonly reason?: string
}

export interface PackageAudit {
  readonly name: string
  readonly files: readonly { readonly path: string; readonly results: readonly HardeningResult[] }[]
  readonly findings: readonly Finding[]
  /** Files that claim to be ELF and can't be read. */
  readonly malformed: readonly { readonly path: string; readonly reason: string }[]
  readonly used: ReadonlySet<HardeningException>
}

/** Looks at every ELF file of a package's tree. */
export async function auditPackage(cas: Cas, order: { readonly name: string; readonly tree: Digest; readonly exceptions: readonly HardeningException[] }): Promise<PackageAudit> {
  const files: PackageAudit['files'][number][] = []
  const findings: Finding[] = []
  const malformed: PackageAudit['malformed'][number][] = []
  const used = new Set<HardeningException>()
  for (const file of (await packageFiles(cas, order.tree)).files) {
    const bytes = file.kind === 'file' && file.size > 4 ? await file.read() : new Uint8Array()
    if (!isElf(bytes)) continue
    const elf = parseElf(bytes)
    if (elf.kind === 'malformed') malformed.push({ path: file.path, reason: elf.reason })
    if (elf.kind !== 'elf') continue
    const results = auditHardening(elf)
    files.push({ path: file.path, results })
    for (const result of results) {
      if (result.verdict === 'pass' || result.verdict === 'not-applicable') continue
      const exception = order.exceptions.find((one) => one.checks.includes(result.check) && one.paths.some((glob) => pathPattern(glob).test(file.path)))
      if (exception !== undefined) used.add(exception)
      findings.push({ path: file.path, ...result, ...(exception === undefined ? {} : { reason: exception.reason }) })
    }
  }
  return { name: order.name, files, findings, malformed, used }
}
