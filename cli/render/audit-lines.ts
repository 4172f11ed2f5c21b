import type { Finding, PackageAudit } from '../audit/package-audit.ts'
import type { Verdict } from '../../outputs/audit/hardening.ts'

/** What is told of images: their names and what they lack. */
interface Images {
  readonly packages: readonly PackageAudit[]
  readonly images: readonly { readonly name: string; readonly findings: readonly { readonly path: string; readonly problem: string }[] }[]
}

const marks: Readonly<Record<Verdict, string>> = { pass: 'yes', fail: 'NO', partial: 'part', 'not-applicable': '-' }

/** A table of the checks of every ELF file, then what did not pass, then what images lack, then a sum. */
export function auditLines({ packages, images }: Images): readonly string[] {
  const findings = packages.flatMap(({ name, findings: all }) => all.map((finding) => ({ name, finding })))
  const open = findings.filter(({ finding }) => finding.reason === undefined)
  const excused = findings.filter(({ finding }) => finding.reason !== undefined)
  const files = packages.reduce((sum, one) => sum + one.files.length, 0)
  const lacking = images.reduce((sum, image) => sum + image.findings.length, 0)
  return [
    ...table(packages),
    ...excused.map(({ name, finding }) => `excused  ${tell(name, finding)}: ${finding.reason ?? ''}`),
    ...open.map(({ name, finding }) => `weak     ${tell(name, finding)}`),
    ...packages.flatMap(({ name, malformed }) => malformed.map(({ path, reason }) => `odd      package:${name} ${path}: not an ELF file that can be read: ${reason}`)),
    ...images.flatMap(({ name, findings: all }) => all.map(({ path, problem }) => `lacking  image:${name} ${path}: ${problem}`)),
    ...images.filter(({ findings: all }) => all.length === 0).map(({ name }) => `closed   image:${name}: every interpreter, library and symbol version is inside`),
    `${files} ELF files in ${packages.length} packages: ${open.length} weak, ${excused.length} excused${images.length > 0 ? `; ${images.length} images: ${lacking} lacking` : ''}`,
  ]
}

function table(packages: readonly PackageAudit[]): readonly string[] {
  const rows = packages.flatMap(({ name, files }) => files.map(({ path, results }) => [`${name}  ${path}`, results] as const))
  const first = rows[0]
  if (first === undefined) return []
  const width = Math.min(60, Math.max(...rows.map(([label]) => label.length)))
  const head = `${''.padEnd(width)}  ${first[1].map(({ check }) => check.padEnd(7)).join(' ')}`.trimEnd()
  return [head, ...rows.map(([label, results]) => `${label.padEnd(width)}  ${results.map(({ verdict, check }) => marks[verdict].padEnd(Math.max(7, check.length))).join(' ')}`.trimEnd())]
}

function tell(name: string, { path, check, verdict, detail }: Finding): string {
  return `package:${name} ${path}: ${check}${verdict === 'partial' ? ' in part' : ''}: ${detail}`
}
