// A layer's bytes: tar entries in byte order of a walk, numbers for owners, no times but the entries' own (image-spec layer.md).
import { Hasher } from '../../base/digest.ts'
import type { Digest } from '../../base/ids.ts'
import { Fault } from '../../base/result.ts'
import type { BlobPart } from '../../cache/cache.ts'
import type { DeflatePool } from '../archive/deflate-pool.ts'
import { GzipEncoder } from '../archive/gzip.ts'
import { tarEnd, type TarHeader, tarHeader, tarPadding } from '../archive/tar-write.ts'
import { contentSize, openContent, type ReadBlob } from '../rootfs/content.ts'
import type { Entry, FileEntry } from '../rootfs/virtual-tree.ts'
import type { LayerEntry } from './layers.ts'

/** What a manifest and a configuration say of a layer. */
export interface LayerFacts {
  /** Of the uncompressed tar. */
  readonly diffId: Digest
  /** Of the gzip member. */
  readonly blob: Digest
}

/** The uncompressed tar as it comes. */
export async function* layerTar(entries: readonly LayerEntry[], read: ReadBlob): AsyncGenerator<Uint8Array, void, undefined> {
  for (const [header, content] of tarEntries(entries)) {
    yield tarHeader(header)
    if (content === undefined) continue
    yield* openContent(content.content, read)
    yield tarPadding(contentSize(content.content))
  }
  yield tarEnd
}

export interface WriteLayerOptions {
  readonly read: ReadBlob
  readonly pool?: DeflatePool
  /** Takes the gzip member as it comes, and gives its digest; called once. */
  sink(bytes: AsyncIterable<Uint8Array>): Promise<Digest>
  /** The same of bytes and parts of stored blobs, where that is quicker; blobs are hashed on the way. */
  readonly join?: (parts: readonly (Uint8Array | BlobPart)[]) => Promise<Digest>
}

/** Packs a layer in bounded memory. The same entries give the same bytes on every machine (see archive/deflate.ts). */
export async function writeLayer(entries: readonly LayerEntry[], options: WriteLayerOptions): Promise<LayerFacts> {
  const diff = new Hasher()
  const encoder = new GzipEncoder(options.pool === undefined ? {} : { pool: options.pool })
  const blob = await options.sink(encoder.encode(hashed(layerTar(entries, options.read), diff)))
  return { diffId: diff.digest(), blob }
}

async function* hashed(chunks: AsyncIterable<Uint8Array>, hasher: Hasher): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of chunks) {
    hasher.update(chunk)
    yield chunk
  }
}

/** Headers in order. Of a file's several names the first one carries the content, whichever of them the tree calls the file. */
export function tarEntries(entries: readonly LayerEntry[]): readonly (readonly [TarHeader, FileEntry | undefined])[] {
  const files = new Map(entries.flatMap(([path, entry]) => (entry.kind === 'file' ? [[path, entry] as const] : [])))
  const first = new Map<string, string>()
  return entries.map(([path, entry]) => {
    if (entry.kind !== 'file' && entry.kind !== 'hardlink') return [plainHeader(path, entry), undefined]
    const inode = entry.kind === 'file' ? path : entry.target
    const file = files.get(inode)
    if (file === undefined) throw new Fault('internal', `"${path}" links to "${inode}", which is not in the layer`)
    const canonical = first.get(inode)
    if (canonical !== undefined) return [{ ...common(path, file), kind: 'hardlink', link: canonical }, undefined]
    first.set(inode, path)
    return [{ ...common(path, file), kind: 'file', size: contentSize(file.content) }, file]
  })
}

function plainHeader(path: string, entry: Exclude<Entry, { kind: 'file' | 'hardlink' }>): TarHeader {
  switch (entry.kind) {
    case 'directory':
      return { ...common(path, entry), kind: 'directory' }
    case 'symlink':
      return { ...common(path, entry), kind: 'symlink', link: entry.target }
    case 'device':
      return { ...common(path, entry), kind: entry.type === 'char' ? 'character' : 'block', device: { major: entry.major, minor: entry.minor } }
  }
}

/** No owner names: they would depend on the image's passwd, so on other packages than the layer's. */
function common(path: string, entry: Exclude<Entry, { kind: 'hardlink' }>): Pick<TarHeader, 'path' | 'mode' | 'mtime' | 'uid' | 'gid' | 'pax'> {
  const pax = Object.fromEntries([...(entry.xattrs ?? [])].map(([name, value]) => [`SCHILY.xattr.${name}`, value]))
  return { path, mode: entry.mode, mtime: entry.mtime, uid: entry.uid, gid: entry.gid, ...(entry.xattrs === undefined ? {} : { pax }) }
}
