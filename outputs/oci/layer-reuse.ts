// A package layer made of the packages' own packed bytes: nothing is compressed again but a few kilobytes.
import { once } from 'node:events'
import { crc32, createInflateRaw, type InflateRaw } from 'node:zlib'
import { Hasher } from '../../base/digest.ts'
import type { Digest } from '../../base/ids.ts'
import type { BlobPart } from '../../cache/cache.ts'
import { gzip, type GzipBody, gzipHeader, gzipTrailer } from '../archive/gzip.ts'
import { tarBytes, tarEnd } from '../archive/tar-write.ts'
import { type ReadBlob, readContent } from '../rootfs/content.ts'
import type { PackageFiles } from '../rootfs/install-packages.ts'
import { databaseFolder } from '../rootfs/os-files.ts'
import { type LayerFacts, tarEntries, writeLayer, type WriteLayerOptions } from './layer-tar.ts'
import { type LayerEntry, type OutsideLink, packageLayer } from './layers.ts'

export interface PackedPackage extends PackageFiles {
  /** The data member of the apk, as packed. Rejects where its bytes are not what was packed. */
  data(): AsyncIterable<Uint8Array>
  /** Where the same bytes lie in the store, if they do. */
  readonly stored?: BlobPart
  /** What was found while packing; with it, a layer of this package alone is made without unpacking it. */
  readonly lone?: LonePackage
}

/** A package whose archive, followed by a database of it, is a whole layer. */
export interface LonePackage {
  /** Of that layer's tar. */
  readonly diffId: Digest
  /** The archive's files in the data member. */
  readonly body: GzipBody
}

/** The data of a package can't be taken over, and its layer is composed of its files. */
class NotReusable extends Error {}

/** The digest of the tar of a layer of one package. `tar` has seen the data tar but for its end. Undefined where the layer is not that tar and a database. */
export async function loneDiffId(one: PackageFiles, tar: Hasher, read: ReadBlob): Promise<Digest | undefined> {
  const entries = packageLayer([one], [])
  if (!standsAlone([one], entries)) return undefined
  tar.update(await ownTar(entries, read))
  tar.update(tarEnd)
  return tar.digest()
}

/**
 * Packs a group's layer. Where the packages' archives can simply stand one after another (no file of one over a file of another, no links
 * from outside, all packed by nacre's encoder) their deflate blocks are taken over as they are, checked against each package's CRC; otherwise
 * the layer is composed and compressed. Which of the two is a function of the packages, so the bytes are too. `sink` is called a second
 * time, after the first was given up, when a member turns out to be another encoder's.
 */
export async function writePackageLayer(packages: readonly PackedPackage[], links: readonly OutsideLink[], options: WriteLayerOptions): Promise<LayerFacts> {
  const entries = packageLayer(packages, links)
  const reused = links.length === 0 && standsAlone(packages, entries) ? await takenOver(packages, entries, options) : undefined
  return reused ?? writeLayer(entries, options)
}

/** Whether unpacking the archives in turn gives these entries: every file at its own path, none twice. */
function standsAlone(packages: readonly PackageFiles[], entries: readonly LayerEntry[]): boolean {
  const folders = new Set(packages.flatMap((one) => one.entries.filter(({ kind }) => kind === 'directory').map(({ path }) => path)))
  const files = packages.flatMap((one) => one.entries.filter(({ kind }) => kind !== 'directory').map(({ path }) => path))
  const composed = new Set(entries.filter(([path, { kind }]) => kind !== 'directory' && path !== `${databaseFolder}/installed`).map(([path]) => path))
  return files.length === composed.size && files.every((path) => composed.has(path) && !folders.has(path))
}

async function takenOver(packages: readonly PackedPackage[], entries: readonly LayerEntry[], options: WriteLayerOptions): Promise<LayerFacts | undefined> {
  const [first, ...more] = packages
  const own = await ownTar(entries, options.read)
  try {
    if (first?.lone !== undefined && more.length === 0) return { diffId: first.lone.diffId, blob: await loneLayer(first, first.lone.body, { own, options }) }
    return await unpacked(packages, own, options)
  } catch (error) {
    if (error instanceof NotReusable || (error instanceof Error && error.cause instanceof NotReusable)) return undefined
    throw error
  }
}

async function unpacked(packages: readonly PackedPackage[], own: Uint8Array, options: WriteLayerOptions): Promise<LayerFacts> {
  const check = new Check()
  try {
    const blob = await options.sink(member(packages, await packedOwn(own, options), check))
    return { diffId: check.diff.digest(), blob }
  } finally {
    check.end()
  }
}

/** The database and its folders: what the layer holds beside its packages. */
async function ownTar(entries: readonly LayerEntry[], read: ReadBlob): Promise<Uint8Array> {
  const database = `${databaseFolder}/installed`
  const own = tarEntries(entries.filter(([path]) => path === database || database.startsWith(`${path}/`)))
  const whole = await Promise.all(own.map(async ([header, file]) => (file === undefined ? header : { ...header, content: await readContent(file.content, read) })))
  return tarBytes(whole, false)
}

/** The same and the end of the archive, as deflate blocks. */
async function packedOwn(own: Uint8Array, { pool }: WriteLayerOptions): Promise<Uint8Array> {
  return (await gzip(own, { ...(pool === undefined ? {} : { pool }), tail: tarEnd })).subarray(gzipHeader.length, -trailerSize)
}

/** The same member as `member` makes of one package, of what is known already. */
async function loneLayer(one: PackedPackage, body: GzipBody, rest: { readonly own: Uint8Array; readonly options: WriteLayerOptions }): Promise<Digest> {
  const { own, options } = rest
  const ending = [await packedOwn(own, options), gzipTrailer(crc32(tarEnd, crc32(own, body.crc32)), body.size + own.length + tarEnd.length)]
  if (options.join === undefined || one.stored === undefined) return options.sink(loneMember(one, body, ending))
  const { blob, from, to } = one.stored
  if (from + body.to > to) throw new NotReusable()
  return options.join([gzipHeader, { blob, from: from + body.from, to: from + body.to }, ...ending])
}

async function* loneMember(one: PackedPackage, { from, to }: GzipBody, ending: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
  yield gzipHeader
  let at = 0
  for await (const chunk of one.data()) {
    const blocks = chunk.subarray(Math.max(0, from - at), Math.max(0, to - at))
    at += chunk.length
    if (blocks.length > 0) yield blocks
  }
  if (at < to) throw new NotReusable()
  yield* ending
}

const trailerSize = 8

/** One gzip member: the packages' deflate blocks without the ends of their archives, then the layer's own. */
async function* member(packages: readonly PackedPackage[], own: Uint8Array, check: Check): AsyncGenerator<Uint8Array, void, undefined> {
  const ending = (await gzip(new Uint8Array(), { tail: tarEnd })).subarray(gzipHeader.length, -trailerSize)
  yield gzipHeader
  for (const one of packages) yield* body(one, ending, check)
  await check.feed(own)
  yield own
  await check.finish()
  yield gzipTrailer(check.crc, check.size)
}

/** The blocks of a member between its header and the end of its archive, checked when all of them have gone by. */
async function* body(one: PackedPackage, ending: Uint8Array, check: Check): AsyncGenerator<Uint8Array, void, undefined> {
  const kept = ending.length + trailerSize
  let last = Buffer.alloc(0)
  let skip = gzipHeader.length
  check.begin()
  for await (const chunk of one.data()) {
    let fresh = chunk
    if (skip > 0) {
      last = Buffer.concat([last, chunk])
      if (last.length < skip) continue
      if (!last.subarray(0, skip).equals(gzipHeader)) throw new NotReusable()
      fresh = last.subarray(skip)
      last = Buffer.alloc(0)
      skip = 0
    }
    // All but the last bytes can go on; of a chunk only those are copied.
    const ready = last.length + fresh.length - kept
    for (const blocks of [last.subarray(0, Math.max(0, Math.min(ready, last.length))), fresh.subarray(0, Math.max(0, ready - last.length))]) {
      if (blocks.length === 0) continue
      await check.feed(blocks)
      yield blocks
    }
    last = ready <= 0 ? Buffer.concat([last, fresh]) : Buffer.concat([last.subarray(Math.min(ready, last.length)), fresh.subarray(Math.max(0, ready - last.length))])
  }
  if (last.length !== kept || !last.subarray(0, ending.length).equals(ending)) throw new NotReusable()
  await check.part(last.readUInt32LE(ending.length), last.readUInt32LE(ending.length + 4))
}

/**
 * Unpacks what is put together as it goes by: for the digest of the tar, and to see that each package's part is what its own CRC says. A
 * part that was cut in the middle of a block would unpack to something else than it did in its package.
 */
class Check {
  readonly diff = new Hasher()
  crc = 0
  size = 0
  #part = { crc: 0, size: 0 }
  #failed: Error | undefined
  readonly #inflate: InflateRaw = createInflateRaw({ chunkSize: 1 << 18 })

  constructor() {
    this.#inflate.on('data', (chunk: Buffer) => this.#take(chunk))
    this.#inflate.on('error', (error: Error) => (this.#failed = error))
  }

  begin(): void {
    this.#part = { crc: 0, size: 0 }
  }

  async feed(chunk: Uint8Array): Promise<void> {
    if (this.#failed !== undefined) throw new NotReusable()
    await new Promise<void>((done) => this.#inflate.write(chunk, () => done()))
  }

  /** Compares with the trailer of the member that the part came from, which counts the end of its archive too. */
  async part(crc: number, size: number): Promise<void> {
    await new Promise<void>((done) => this.#inflate.flush(() => done()))
    if (this.#failed !== undefined || crc32(tarEnd, this.#part.crc) !== crc || (this.#part.size + tarEnd.length) % 0x1_0000_0000 !== size) throw new NotReusable()
  }

  async finish(): Promise<void> {
    if (this.#failed !== undefined) throw new NotReusable()
    const ended = once(this.#inflate, 'end')
    this.#inflate.end()
    await ended
  }

  end(): void {
    this.#inflate.destroy()
  }

  #take(chunk: Buffer): void {
    this.diff.update(chunk)
    this.crc = crc32(chunk, this.crc)
    this.size += chunk.length
    this.#part = { crc: crc32(chunk, this.#part.crc), size: this.#part.size + chunk.length }
  }
}
