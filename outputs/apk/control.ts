import type { Diagnostic } from '../../base/diagnostic.ts'
import { type Checked, complaints, ok } from '../../base/result.ts'
import { BadGzip, firstMember } from '../archive/gzip-members.ts'
import { BadArchive, readTar } from '../archive/tar-read.ts'
import { parsePkginfo } from './pkginfo.ts'
import type { PackageRecord } from './record.ts'
import type { Signature } from './sign.ts'
import { controlChecksum, type ScriptName, scriptNames } from './write.ts'

/** All that stands before the data of an apk. */
export interface ApkHead {
  /** Complete but for `fileSize`. */
  readonly record: PackageRecord
  /** Sha256 hex of the packed data member. */
  readonly dataHash: string
  readonly scripts: Readonly<Partial<Record<ScriptName, string>>>
  readonly signatures: readonly Signature[]
  /** The packed control member: what signatures are over. */
  readonly control: Uint8Array
  /** Where the control member begins and where the data member does, in bytes from the start of the file. */
  readonly controlFrom: number
  readonly dataFrom: number
}

/** Most bytes that the members before the data may have, packed or not: scripts are at most 256 KiB each. */
export const HEAD_LIMIT = 16 << 20

/** Reads the members before the data. `undefined` when more than `bytes` are needed. Complaint `apk/bad-package`. */
export async function readHead(name: string, bytes: Uint8Array): Promise<Checked<ApkHead> | undefined> {
  const signatures: Signature[] = []
  try {
    for (let at = 0; ; ) {
      const member = firstMember(bytes.subarray(at), HEAD_LIMIT)
      if (member === undefined) return undefined
      const packed = bytes.subarray(at, at + member.length)
      const entries = await headEntries(member.content)
      if (entries.length > 0 && entries.every(([entry]) => entry.startsWith('.SIGN.'))) {
        signatures.push(...entries.map(([entry, content]) => ({ entry, bytes: content })))
        at += member.length
        continue
      }
      return controlHead(name, entries, { signatures, control: packed, controlFrom: at, dataFrom: at + member.length })
    }
  } catch (error) {
    if (error instanceof BadGzip || error instanceof BadArchive) return complaints([badPackage(name, error.message)])
    throw error
  }
}

export function badPackage(name: string, message: string): Diagnostic {
  return { code: 'apk/bad-package', severity: 'error', message: `"${name}" is not a sound apk: ${message}` }
}

function controlHead(name: string, entries: readonly (readonly [string, Uint8Array])[], rest: Pick<ApkHead, 'signatures' | 'control' | 'controlFrom' | 'dataFrom'>): Checked<ApkHead> {
  const texts = new Map(entries.map(([entry, content]) => [entry, Buffer.from(content).toString('utf8')]))
  const info = texts.get('.PKGINFO')
  if (info === undefined) return complaints([badPackage(name, 'its control member has no .PKGINFO')])
  if (texts.has('.INSTALL')) return complaints([badPackage(name, 'it has a .INSTALL, which apk refuses')])
  const { record, dataHash } = parsePkginfo(info)
  if (dataHash === undefined || !/^[0-9a-f]{64}$/.test(dataHash)) return complaints([badPackage(name, 'its .PKGINFO has no datahash')])
  if (record.name === '' || record.version === '') return complaints([badPackage(name, 'its .PKGINFO has no pkgname or no pkgver')])
  const scripts = scriptNames.flatMap((script) => {
    const text = texts.get(`.${script}`)
    return text === undefined ? [] : [[script, text] as const]
  })
  return ok({ ...rest, record: { ...record, checksum: controlChecksum(rest.control) }, dataHash, scripts: Object.fromEntries(scripts) })
}

/** Attack: an end of archive here would hide from other readers what apk reads after it; apk refuses it, and so does this. */
async function headEntries(tar: Uint8Array): Promise<(readonly [name: string, content: Uint8Array])[]> {
  const entries: (readonly [string, Uint8Array])[] = []
  for await (const [entry, content] of readTar(once(tar), { entries: 64, bytes: HEAD_LIMIT })) {
    const chunks: Uint8Array[] = []
    for await (const chunk of content) chunks.push(chunk)
    if (entry.kind !== 'file' || !entry.path.startsWith('.') || entry.path.includes('/')) throw new BadArchive('archive/unreadable', `"${entry.path}" stands before its data`)
    entries.push([entry.path, Buffer.concat(chunks)])
  }
  if (endsArchive(tar)) throw new BadArchive('archive/unreadable', 'a member before its data has an end of archive')
  return entries
}

/** Walks the headers: a zero block in the place of one is an end of archive, one inside of a file is not. */
function endsArchive(tar: Uint8Array): boolean {
  for (let at = 0; at < tar.length; ) {
    if (tar[at] === 0) return true
    const size = Number.parseInt(Buffer.from(tar.subarray(at + 124, at + 135)).toString('latin1'), 8)
    at += 512 + Math.ceil((Number.isNaN(size) ? 0 : size) / 512) * 512
  }
  return false
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
