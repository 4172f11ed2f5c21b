import { createHash } from 'node:crypto'
import { byPath } from '../../base/bytes.ts'
import type { Diagnostic } from '../../base/diagnostic.ts'
import { parseRelPath } from '../../base/ids.ts'
import { type Checked, complaints, Fault, ok } from '../../base/result.ts'
import type { DeflatePool } from '../archive/deflate-pool.ts'
import { type GzipBody, gzip, GzipEncoder } from '../archive/gzip.ts'
import { tarBytes, tarEnd, tarHeader, tarPadding } from '../archive/tar-write.ts'
import { pkginfoText, recordProblems } from './pkginfo.ts'
import type { PackageRecord } from './record.ts'

/** What stands at a path of a package. The SHA-1 of a file (hex) stands before its content: without it `open` may be called twice. */
export type PackNode =
  | { readonly kind: 'file'; readonly size: number; readonly sha1?: string; open(): AsyncIterable<Uint8Array> | Iterable<Uint8Array> }
  | { readonly kind: 'symlink'; readonly target: string }
  | { readonly kind: 'directory' }

export interface PackEntry {
  /** Relative, without a slash at the end. */
  readonly path: string
  readonly node: PackNode
  /** Permission bits, 0o7777. */
  readonly mode: number
  /** 0 when left out. Names are `root` for 0 and numbers otherwise: apk prefers a name to a number, and looks it up in the target. */
  readonly uid?: number
  readonly gid?: number
  readonly uname?: string
  readonly gname?: string
  readonly xattrs?: Readonly<Record<string, Uint8Array>>
}

export const scriptNames = ['pre-install', 'post-install', 'pre-deinstall', 'post-deinstall', 'pre-upgrade', 'post-upgrade', 'trigger'] as const
export type ScriptName = (typeof scriptNames)[number]

export interface PackOrder {
  /** `installedSize`, `fileSize` and `checksum` are found while packing, whatever they say here. */
  readonly record: PackageRecord
  /** Parents before what is in them, each path once; the order is kept (`comparePaths` gives melange's). */
  readonly entries: AsyncIterable<PackEntry> | Iterable<PackEntry>
  readonly scripts?: Readonly<Partial<Record<ScriptName, string>>>
  /** Takes the packed data member as it comes; called once. */
  sink(data: AsyncIterable<Uint8Array>): Promise<void>
  /** Sees the data tar as it goes by, but for its end. */
  tar?(chunk: Uint8Array): void
  readonly pool?: DeflatePool
}

export interface PackedApk {
  /** The packed control member. An unsigned apk is these bytes and then the data member. */
  readonly control: Uint8Array
  /** Of the data member: packed bytes, sha256 hex of them (`datahash`), and what it unpacks to. */
  readonly data: { readonly size: number; readonly hash: string; readonly tarSize: number; readonly body: GzipBody }
  /** Complete: with `installedSize`, the `fileSize` of the unsigned apk, and `checksum`. */
  readonly record: PackageRecord
  /** SHA-1 in hex of each file's content and each link's target, by path: what an installed database says of them. */
  readonly sums: ReadonlyMap<string, string>
}

/**
 * Packs an apk of format 2 (apk-tools doc/apk-v2.5): control and data, each one gzip member; the control tar has no end of archive, the data
 * tar has. Times are the record's build date. `installedSize` is the sum of the sizes of the regular files: melange adds the sizes that the
 * builder's file system gives to directories and links, which differ between machines. Memory is bounded whatever the size of the package.
 */
export async function packApk(order: PackOrder): Promise<Checked<PackedApk>> {
  const problems = [...recordProblems(order.record), ...scriptProblems(order)]
  if (problems.length > 0) return complaints(problems)
  const data = new DataWriter(order)
  const encoder = new GzipEncoder({ tail: tarEnd, ...(order.pool === undefined ? {} : { pool: order.pool }) })
  const packed = createHash('sha256')
  await order.sink(seen(encoder.encode(seen(data.tar(), (chunk) => order.tar?.(chunk))), (chunk) => packed.update(chunk)))
  if (data.problems.length > 0) return complaints(data.problems)
  if (encoder.summary === undefined) throw new Fault('internal', 'The sink of a package did not read it to its end')
  const { compressed, size, body } = encoder.summary
  const hash = packed.digest('hex')
  const record = { ...order.record, installedSize: data.installedSize }
  const control = await gzip(controlTar(record, hash, order.scripts ?? {}), order.pool === undefined ? {} : { pool: order.pool })
  const checksum = controlChecksum(control)
  return ok({
    control,
    data: { size: compressed, hash, tarSize: size, body },
    record: { ...record, fileSize: control.length + compressed, checksum },
    sums: data.sums,
  })
}

/** `Q1` and the base64 of the SHA-1 of the packed control member: the identity of a package for apk. */
export function controlChecksum(control: Uint8Array): string {
  return `Q1${createHash('sha1').update(control).digest('base64')}`
}

/** Order of a walk by name: what is in `a` comes before `a-b`. The order of melange's packages. */
export function comparePaths(a: string, b: string): number {
  return byPath(a, b)
}

/** Files up to this size are read once and kept while they are hashed; larger ones are read twice. */
const KEPT = 4 << 20

function scriptProblems(order: PackOrder): Diagnostic[] {
  return Object.entries(order.scripts ?? {}).flatMap(([name, text]) =>
    Buffer.byteLength(text ?? '') <= 262144
      ? []
      : [{ code: 'apk/bad-field', severity: 'error', message: `Package "${order.record.name}": its ${name} script is over the 262,144 bytes that apk can read` }],
  )
}

function controlTar(record: PackageRecord, dataHash: string, scripts: Readonly<Partial<Record<ScriptName, string>>>): Uint8Array {
  const common = { kind: 'file', mtime: record.buildDate, uname: 'root', gname: 'root' } as const
  const present = scriptNames.filter((name) => scripts[name] !== undefined)
  return tarBytes(
    [
      { ...common, path: '.PKGINFO', mode: 0o644, content: Buffer.from(pkginfoText(record, dataHash)) },
      ...present.map((name) => ({ ...common, path: `.${name}`, mode: 0o755, content: Buffer.from(scripts[name] ?? '') })),
    ],
    false,
  )
}

async function* seen(source: AsyncIterable<Uint8Array>, see: (chunk: Uint8Array) => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    see(chunk)
    yield chunk
  }
}

/** The data tar without its end. Stops at the first entry that apk would not install. */
class DataWriter {
  readonly problems: Diagnostic[] = []
  readonly sums = new Map<string, string>()
  installedSize = 0
  readonly #order: PackOrder
  readonly #kinds = new Map<string, PackNode['kind']>()

  constructor(order: PackOrder) {
    this.#order = order
  }

  async *tar(): AsyncGenerator<Uint8Array> {
    for await (const entry of this.#order.entries) {
      const problem = this.#problem(entry)
      if (problem !== undefined) {
        this.problems.push({ code: 'apk/bad-entry', severity: 'error', message: `Package "${this.#order.record.name}": ${problem}` })
        return
      }
      this.#kinds.set(entry.path, entry.node.kind)
      yield* this.#entry(entry)
    }
  }

  #problem({ path }: PackEntry): string | undefined {
    if (parseRelPath(path) === undefined) return `${JSON.stringify(path)} is not a path that stays inside of the package`
    if (path.startsWith('.')) return `apk ignores files at the top whose names begin with a dot: "${path}"`
    if (this.#kinds.has(path)) return `two entries for "${path}"`
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')))
    if (parent !== '' && this.#kinds.get(parent) !== 'directory') return `expected directory "${parent}" before "${path}"`
    return undefined
  }

  async *#entry(entry: PackEntry): AsyncGenerator<Uint8Array> {
    const { node } = entry
    if (node.kind === 'directory') yield this.#header(entry, undefined)
    else if (node.kind === 'symlink') yield this.#header(entry, sha1([Buffer.from(node.target)]))
    else yield* this.#file(entry, node)
  }

  async *#file(entry: PackEntry, node: PackNode & { readonly kind: 'file' }): AsyncGenerator<Uint8Array> {
    const kept = node.sha1 === undefined && node.size <= KEPT ? await collect(node.open()) : undefined
    yield this.#header(entry, node.sha1 ?? (kept === undefined ? await sha1Of(node.open()) : sha1(kept)))
    let size = 0
    for await (const chunk of kept ?? node.open()) {
      size += chunk.length
      yield chunk
    }
    if (size !== node.size) throw new Fault('machine', `"${entry.path}" changed while it was packed: expected ${node.size} bytes, got ${size}`)
    this.installedSize += size
    if (size % 512 !== 0) yield tarPadding(size)
  }

  #header({ path, node, mode, uid = 0, gid = 0, ...entry }: PackEntry, digest: string | undefined): Uint8Array {
    if (digest !== undefined) this.sums.set(path, digest)
    const xattrs = Object.entries(entry.xattrs ?? {}).map(([name, value]) => [`SCHILY.xattr.${name}`, value] as const)
    return tarHeader({
      path,
      kind: node.kind,
      mode: node.kind === 'symlink' ? 0o777 : mode,
      mtime: this.#order.record.buildDate,
      uid,
      gid,
      uname: entry.uname ?? (uid === 0 ? 'root' : ''),
      gname: entry.gname ?? (gid === 0 ? 'root' : ''),
      ...(node.kind === 'file' ? { size: node.size } : {}),
      ...(node.kind === 'symlink' ? { link: node.target } : {}),
      pax: { ...Object.fromEntries(xattrs), ...(digest === undefined ? {} : { 'APK-TOOLS.checksum.SHA1': digest }) },
    })
  }
}

async function collect(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = []
  for await (const chunk of source) chunks.push(chunk)
  return chunks
}

function sha1(chunks: readonly Uint8Array[]): string {
  const hash = createHash('sha1')
  for (const chunk of chunks) hash.update(chunk)
  return hash.digest('hex')
}

async function sha1Of(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha1')
  for await (const chunk of source) hash.update(chunk)
  return hash.digest('hex')
}
