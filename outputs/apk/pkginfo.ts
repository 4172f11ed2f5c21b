import type { Diagnostic } from '../../base/diagnostic.ts'
import type { PackageRecord } from './record.ts'

/**
 * The text of .PKGINFO (apk-package.5), in melange's order of lines; what is empty is left out, but for the description and the URL. `dataHash` is the sha256 of the packed data
 * member, in hex, on the last line. The description becomes one line. Precondition: `recordProblems` finds nothing.
 */
export function pkginfoText(record: PackageRecord, dataHash: string): string {
  const lines: [key: string, value: string | number | undefined][] = [
    ['pkgname', record.name],
    ['pkgver', record.version],
    ['arch', record.arch],
    ['size', record.installedSize],
    ['origin', record.origin],
    ['pkgdesc', oneLine(record.description)],
    ['url', record.url],
    ['commit', record.commit],
    ['maintainer', record.maintainer],
    ['builddate', record.buildDate === 0 ? undefined : record.buildDate],
    ['license', record.license],
  ]
  for (const value of record.depends) lines.push(['depend', value])
  for (const value of record.provides) lines.push(['provides', value])
  for (const value of record.replaces) lines.push(['replaces', value])
  for (const value of record.installIf) lines.push(['install_if', value])
  lines.push(['provider_priority', record.providerPriority], ['replaces_priority', record.replacesPriority])
  lines.push(['triggers', record.triggers.join(' ')], ['datahash', dataHash])
  return lines.map(([key, value]) => (value === undefined || (value === '' && key !== 'pkgdesc' && key !== 'url') ? '' : `${key} = ${value}\n`)).join('')
}

export interface Pkginfo {
  readonly record: PackageRecord
  /** Sha256 hex of the packed data member, or undefined in a package older than the format's second version. */
  readonly dataHash: string | undefined
}

/** Reads .PKGINFO as apk does: ` = ` separates, `#` comments, unknown keys are left alone, lists may stand on one line or on several. */
export function parsePkginfo(text: string): Pkginfo {
  const values = new Map<string, string[]>()
  for (const line of text.split('\n')) {
    const separator = line.indexOf(' = ')
    if (line.startsWith('#') || separator === -1) continue
    const key = line.slice(0, separator)
    values.set(key, [...(values.get(key) ?? []), line.slice(separator + 3)])
  }
  const last = (key: string): string => values.get(key)?.at(-1) ?? ''
  const words = (key: string): string[] => (values.get(key) ?? []).flatMap((value) => value.split(/\s+/).filter((word) => word !== ''))
  const record: PackageRecord = {
    name: last('pkgname'),
    version: last('pkgver'),
    arch: last('arch'),
    description: last('pkgdesc'),
    url: last('url'),
    license: (values.get('license') ?? []).join(' AND '),
    origin: last('origin'),
    maintainer: last('maintainer'),
    commit: last('commit'),
    buildDate: count(last('builddate')) ?? 0,
    installedSize: count(last('size')) ?? 0,
    depends: words('depend'),
    provides: words('provides'),
    replaces: words('replaces'),
    installIf: words('install_if'),
    triggers: words('triggers'),
    ...optionally('providerPriority', count(last('provider_priority'))),
    ...optionally('replacesPriority', count(last('replaces_priority'))),
  }
  return { record, dataHash: values.get('datahash')?.at(-1)?.trim() }
}

/**
 * Why a record can't be written down: a line break in a field would forge further lines (`depend = …`) of .PKGINFO, APKINDEX and the installed
 * database, white space in a dependency would make two of it, and apk builds the head of an index entry in a buffer of 2,048 bytes.
 */
export function recordProblems(record: PackageRecord): Diagnostic[] {
  const problems: Diagnostic[] = []
  const complain = (message: string): void => void problems.push({ code: 'apk/bad-field', severity: 'error', message: `Package "${record.name}": ${message}` })
  if (!/^[A-Za-z0-9._+-]+$/.test(record.name)) complain('a name is letters, digits, and any of "._+-"')
  if (!/^[0-9][^\s/]*$/.test(record.version)) complain(`"${record.version}" is not a version`)
  for (const field of ['arch', 'url', 'license', 'origin', 'maintainer', 'commit'] as const) {
    if (/[\u0000-\u001f\u007f]/.test(record[field])) complain(`a control character in its ${field} would forge other fields`)
  }
  for (const field of ['depends', 'provides', 'replaces', 'installIf', 'triggers'] as const) {
    for (const value of record[field]) if (value === '' || /[\s\u0000-\u001f\u007f]/.test(value)) complain(`${JSON.stringify(value)} in its ${field} is empty or holds white space`)
  }
  for (const field of ['buildDate', 'installedSize', 'providerPriority', 'replacesPriority'] as const) {
    const value = record[field] ?? 0
    if (!Number.isSafeInteger(value) || value < 0) complain(`${field} ${value} is not a whole number from 0 up`)
  }
  const head = [record.name, record.version, record.arch, oneLine(record.description), record.url, record.license, record.origin, record.maintainer, record.commit]
  if (Buffer.byteLength(head.join('')) > 1850) complain('its description, url, license and other texts together are over the 1,850 bytes that apk can read')
  return problems
}

/** A text as one line: runs of white space and control characters become one blank. */
export function oneLine(text: string): string {
  return text.replace(/[\s\u0000-\u001f\u007f]+/g, ' ').trim()
}

function count(text: string): number | undefined {
  return /^[0-9]{1,15}$/.test(text.trim()) ? Number(text) : undefined
}

function optionally<K extends string>(key: K, value: number | undefined): { readonly [P in K]?: number } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]: number })
}
