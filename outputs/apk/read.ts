import { createHash } from 'node:crypto'
import type { Diagnostic } from '../../base/diagnostic.ts'
import { type Checked, complaints, ok } from '../../base/result.ts'
import { BadGzip, onlyMember } from '../archive/gzip-members.ts'
import { BadArchive, defaultLimits, readTar, type ReadEntry, type ReadLimits } from '../archive/tar-read.ts'
import { type ApkHead, badPackage, HEAD_LIMIT, readHead } from './control.ts'
import { checkSignatures, type Keyring, signatureProblem } from './sign.ts'

/** What an apk puts at a path. Source: apk-tools doc/apk-v2.5. */
export interface ApkEntry {
  readonly path: string
  readonly kind: 'file' | 'directory' | 'symlink' | 'hardlink' | 'character' | 'block' | 'fifo'
  /** Permission bits, 0o7777. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly uname: string
  readonly gname: string
  readonly size: number
  /** Seconds since the epoch. */
  readonly mtime: number
  readonly link?: string
  /** SHA-1 of a file's content or a symlink's target, in hex; a hard link has that of its target. */
  readonly sha1?: string
  readonly xattrs: Readonly<Record<string, string>>
}

export interface ReadApk {
  /** `record` has `fileSize` too. */
  readonly head: ApkHead
  readonly entries: readonly ApkEntry[]
}

export interface ReadOptions {
  /** When given, the apk must be signed by a key of it. */
  readonly keyring?: Keyring
  readonly limits?: ReadLimits
  /** Gets each file's content as it goes by; read it whole or not at all. What it got must not be believed before `readApk` has said that all is well. */
  file?(entry: ApkEntry, content: AsyncIterable<Uint8Array>): Promise<void>
}

/**
 * Reads an apk of format 2 as a stream, in bounded memory, and checks all of it: signature, that data is one gzip member with the hash that
 * the control member names, that each entry stays inside, stands after its directory, and has the SHA-1 that it says. `name` is for messages.
 * Complaints `apk/bad-package`, `apk/bad-signature`, `apk/untrusted`.
 */
export async function readApk(name: string, source: AsyncIterable<Uint8Array>, options: ReadOptions = {}): Promise<Checked<ReadApk>> {
  const input = source[Symbol.asyncIterator]()
  try {
    const opened = await open(name, input)
    if (opened.kind === 'complaints') return opened
    const { head, rest } = opened.value
    const verdict = options.keyring === undefined ? undefined : signatureProblem(`"${name}"`, checkSignatures(head.signatures, head.control, options.keyring))
    if (verdict !== undefined) return complaints([verdict])
    const hash = createHash('sha256')
    const counted = { size: head.dataFrom }
    const reading = new EntryReader(name, options)
    await reading.readAll(onlyMember(watch(following(rest, input), hash, counted), (options.limits ?? defaultLimits).bytes * 2))
    if (hash.digest('hex') !== head.dataHash) return complaints([badPackage(name, 'its data is not what its datahash says')])
    if (reading.problems.length > 0) return complaints(reading.problems)
    return ok({ head: { ...head, record: { ...head.record, fileSize: counted.size } }, entries: reading.entries })
  } catch (error) {
    if (error instanceof BadGzip || error instanceof BadArchive) return complaints([badPackage(name, `its data: ${error.message}`)])
    throw error
  } finally {
    await input.return?.()
  }
}

/** Reads only what stands before the data: enough for an index, and for a signature. Complaint `apk/bad-package`. */
export async function readApkHead(name: string, source: AsyncIterable<Uint8Array>): Promise<Checked<ApkHead>> {
  const input = source[Symbol.asyncIterator]()
  try {
    const opened = await open(name, input)
    return opened.kind === 'ok' ? ok(opened.value.head) : opened
  } finally {
    await input.return?.()
  }
}

/** Takes in a growing beginning until the head is whole. It doubles, so that the work stays linear. */
async function open(name: string, input: AsyncIterator<Uint8Array>): Promise<Checked<{ readonly head: ApkHead; readonly rest: Uint8Array }>> {
  let chunks: Uint8Array[] = []
  let size = 0
  for (let wanted = 16384, done = false; ; wanted *= 2) {
    while (size < wanted && !done) {
      const next = await input.next()
      if (next.done === true) done = true
      else {
        chunks.push(next.value)
        size += next.value.length
      }
    }
    const bytes = Buffer.concat(chunks)
    chunks = [bytes]
    const head = await readHead(name, bytes)
    if (head?.kind === 'complaints') return head
    if (head !== undefined) return ok({ head: head.value, rest: bytes.subarray(head.value.dataFrom) })
    if (done) return complaints([badPackage(name, 'it ends before its data')])
    if (size > HEAD_LIMIT) return complaints([badPackage(name, `more than ${HEAD_LIMIT} bytes stand before its data`)])
  }
}

async function* following(first: Uint8Array, input: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (first.length > 0) yield first
  for (let next = await input.next(); next.done !== true; next = await input.next()) yield next.value
}

async function* watch(source: AsyncIterable<Uint8Array>, hash: ReturnType<typeof createHash>, counted: { size: number }): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    hash.update(chunk)
    counted.size += chunk.length
    yield chunk
  }
}

class EntryReader {
  readonly entries: ApkEntry[] = []
  readonly problems: Diagnostic[] = []
  readonly #name: string
  readonly #options: ReadOptions
  readonly #seen = new Map<string, ApkEntry>()

  constructor(name: string, options: ReadOptions) {
    this.#name = name
    this.#options = options
  }

  async readAll(tar: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const [raw, content] of readTar(tar, this.#options.limits ?? defaultLimits)) {
      // apk itself passes over dot files at the top of the data.
      if (raw.path.startsWith('.')) continue
      const entry = this.#entry(raw)
      this.#check(entry)
      this.#seen.set(entry.path, entry)
      this.entries.push(entry)
      if (entry.kind === 'file') await this.#content(entry, content)
    }
  }

  #entry(raw: ReadEntry): ApkEntry {
    const xattrs = Object.entries(raw.pax).flatMap(([key, value]) => (key.startsWith('SCHILY.xattr.') ? [[key.slice(13), value] as const] : []))
    const { path, kind, mode, uid, gid, uname, gname, size, mtime, link } = raw
    const sha1 = kind === 'hardlink' ? this.#seen.get(link ?? '')?.sha1 : raw.pax['APK-TOOLS.checksum.SHA1']
    return { path, kind, mode, uid, gid, uname, gname, size, mtime, ...(link === undefined ? {} : { link }), ...(sha1 === undefined ? {} : { sha1 }), xattrs: Object.fromEntries(xattrs) }
  }

  #check(entry: ApkEntry): void {
    const parent = entry.path.slice(0, Math.max(0, entry.path.lastIndexOf('/')))
    if (parent !== '' && this.#seen.get(parent)?.kind !== 'directory') this.#complain(`no directory "${parent}" before "${entry.path}"`)
    const before = this.#seen.get(entry.path)
    if (before !== undefined && !(before.kind === 'directory' && entry.kind === 'directory')) this.#complain(`two entries for "${entry.path}"`)
    if (entry.kind === 'hardlink' && this.#seen.get(entry.link ?? '')?.kind !== 'file') this.#complain(`hard link "${entry.path}" points to ${JSON.stringify(entry.link)}, which is no file before it`)
    if ((entry.kind === 'file' || entry.kind === 'symlink') && entry.sha1 === undefined) this.#complain(`"${entry.path}" has no checksum`)
    if (entry.kind === 'symlink' && entry.sha1 !== undefined && createHash('sha1').update(entry.link ?? '').digest('hex') !== entry.sha1) this.#complain(`the checksum of "${entry.path}" is wrong`)
  }

  async #content(entry: ApkEntry, content: AsyncIterable<Uint8Array>): Promise<void> {
    const hash = createHash('sha1')
    const watched = watch(content, hash, { size: 0 })
    await this.#options.file?.(entry, watched)
    for await (const _ of watched);
    if (entry.sha1 !== undefined && hash.digest('hex') !== entry.sha1) this.#complain(`the content of "${entry.path}" is not what its checksum says`)
  }

  #complain(message: string): void {
    this.problems.push(badPackage(this.#name, message))
  }
}
