import type { Diagnostic } from '../../base/diagnostic.ts'
import { byBytes } from '../../base/bytes.ts'
import { type Checked, complaints, ok } from '../../base/result.ts'
import { gzip } from '../archive/gzip.ts'
import { BadGzip, firstMember } from '../archive/gzip-members.ts'
import { BadArchive, readTar } from '../archive/tar-read.ts'
import { tarBytes } from '../archive/tar-write.ts'
import { oneLine } from './pkginfo.ts'
import type { PackageRecord } from './record.ts'
import { checkSignatures, type Keyring, type Signature, signatureMember, signatureProblem, type SigningKey } from './sign.ts'
import { compareVersions } from './version.ts'

/**
 * The lines of one package, without the blank line after it: as apk writes them, `C P V A S I T U L o m t c k D p i`
 * (apk-tools src/package.c). Also the head of an entry of the installed database. Precondition: `recordProblems` finds nothing.
 */
export function indexLines(record: PackageRecord): string {
  const list = (key: string, values: readonly string[]): string => (values.length === 0 ? '' : `${key}:${values.join(' ')}\n`)
  const some = (key: string, value: string | number | undefined): string => (value === undefined || value === '' || value === 0 ? '' : `${key}:${value}\n`)
  return [
    `C:${record.checksum ?? ''}\nP:${record.name}\nV:${record.version}\n`,
    some('A', record.arch),
    `S:${record.fileSize ?? 0}\nI:${record.installedSize}\nT:${oneLine(record.description)}\nU:${record.url}\nL:${record.license}\n`,
    some('o', record.origin) + some('m', record.maintainer) + some('t', record.buildDate) + some('c', record.commit) + some('k', record.providerPriority),
    list('D', record.depends) + list('p', record.provides) + list('i', record.installIf),
  ].join('')
}

export function indexText(records: readonly PackageRecord[]): string {
  return records.map((record) => `${indexLines(record)}\n`).join('')
}

/** Reads the text of an APKINDEX. Unknown lower-case keys are left alone; an unknown upper-case key makes a package uninstallable, so it is left out. */
export function parseIndex(text: string): PackageRecord[] {
  return text.split(/\n\n+/).flatMap((block) => parseIndexEntry(block) ?? [])
}

/** Both together, each name and version once: `fresh` replaces what `old` has. Sorted by name, then version. */
export function mergeIndex(old: readonly PackageRecord[], fresh: readonly PackageRecord[]): PackageRecord[] {
  const all = new Map([...old, ...fresh].map((record) => [`${record.name} ${record.version}`, record]))
  return [...all.values()].sort((a, b) => byBytes(a.name, b.name) || compareVersions(a.version, b.version) || byBytes(a.version, b.version))
}

/** APKINDEX.tar.gz: DESCRIPTION and APKINDEX in one member, after a signature member when a key is given. The description is cut at the 160 bytes that apk reads. */
export async function packIndex(records: readonly PackageRecord[], options: { readonly description: string; readonly mtime?: number; readonly key?: SigningKey }): Promise<Uint8Array> {
  const common = { kind: 'file', mode: 0o644, mtime: options.mtime ?? 0, uname: 'root', gname: 'root' } as const
  const description = Buffer.from(oneLine(options.description)).subarray(0, 160)
  const index = await gzip(
    tarBytes(
      [
        { ...common, path: 'DESCRIPTION', content: description },
        { ...common, path: 'APKINDEX', content: Buffer.from(indexText(records)) },
      ],
      true,
    ),
  )
  return options.key === undefined ? index : Buffer.concat([await signatureMember(index, options.key, options.mtime), index])
}

export interface ReadIndex {
  readonly description: string
  readonly records: readonly PackageRecord[]
}

/** Reads an APKINDEX.tar.gz; with a keyring it must be signed by a key of it. Complaints `apk/bad-index`, `apk/bad-signature`, `apk/untrusted`. */
export async function readIndex(name: string, bytes: Uint8Array, ring?: Keyring): Promise<Checked<ReadIndex>> {
  const signatures: Signature[] = []
  try {
    for (let at = 0; at < bytes.length; ) {
      const member = firstMember(bytes.subarray(at), INDEX_LIMIT)
      if (member === undefined) return complaints([badIndex(name, 'it ends early')])
      const entries = await contents(member.content)
      if ([...entries.keys()].every((entry) => entry.startsWith('.SIGN.'))) {
        signatures.push(...[...entries].map(([entry, content]) => ({ entry, bytes: content })))
        at += member.length
        continue
      }
      if (at + member.length !== bytes.length) return complaints([badIndex(name, 'something follows its index')])
      const problem = ring === undefined ? undefined : signatureProblem(`"${name}"`, checkSignatures(signatures, bytes.subarray(at), ring))
      return problem === undefined ? indexOf(name, entries) : complaints([problem])
    }
    return complaints([badIndex(name, 'it holds no index')])
  } catch (error) {
    if (error instanceof BadGzip || error instanceof BadArchive) return complaints([badIndex(name, error.message)])
    throw error
  }
}

/** Unpacked: room for about a million packages. */
const INDEX_LIMIT = 1 << 30

function indexOf(name: string, entries: ReadonlyMap<string, Uint8Array>): Checked<ReadIndex> {
  const text = entries.get('APKINDEX')
  if (text === undefined) return complaints([badIndex(name, 'it has no APKINDEX')])
  return ok({ description: Buffer.from(entries.get('DESCRIPTION') ?? []).toString('utf8'), records: parseIndex(Buffer.from(text).toString('utf8')) })
}

async function contents(tar: Uint8Array): Promise<Map<string, Uint8Array>> {
  const entries = new Map<string, Uint8Array>()
  for await (const [entry, content] of readTar(once(tar), { entries: 64, bytes: INDEX_LIMIT })) {
    const chunks: Uint8Array[] = []
    for await (const chunk of content) chunks.push(chunk)
    entries.set(entry.path, Buffer.concat(chunks))
  }
  return entries
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

function parseIndexEntry(block: string): PackageRecord | undefined {
  const values = new Map<string, string>()
  for (const line of block.split('\n')) {
    if (!/^[A-Za-z]:/.test(line)) continue
    const key = line.charAt(0)
    if (/[A-Z]/.test(key) && !'CPVASITULDFMRZ'.includes(key)) return undefined
    // apko writes an empty list of install_if as the two characters [].
    values.set(key, key === 'i' ? line.slice(2).replace(/^\[(.*)\]$/, '$1') : line.slice(2))
  }
  const text = (key: string): string => values.get(key) ?? ''
  const words = (key: string): string[] => text(key).split(' ').filter((word) => word !== '')
  const count = (key: string): number => (/^[0-9]{1,15}$/.test(text(key)) ? Number(text(key)) : 0)
  if (text('P') === '' || text('V') === '') return undefined
  return {
    name: text('P'),
    version: text('V'),
    arch: text('A'),
    description: text('T'),
    url: text('U'),
    license: text('L'),
    origin: text('o'),
    maintainer: text('m'),
    commit: text('c'),
    buildDate: count('t'),
    installedSize: count('I'),
    depends: words('D'),
    provides: words('p'),
    replaces: words('r'),
    installIf: words('i'),
    triggers: [],
    ...(count('k') === 0 ? {} : { providerPriority: count('k') }),
    ...(count('q') === 0 ? {} : { replacesPriority: count('q') }),
    fileSize: count('S'),
    ...(text('C') === '' ? {} : { checksum: text('C') }),
  }
}

function badIndex(name: string, message: string): Diagnostic {
  return { code: 'apk/bad-index', severity: 'error', message: `"${name}" is not a sound index: ${message}` }
}
