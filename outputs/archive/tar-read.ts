import { Readable } from 'node:stream'
import { extract, type Header } from 'tar-stream'
import { type RelPath, parseRelPath } from '../../base/ids.ts'

/** An archive that is damaged, too large, or says something that no honest archive says. `code` is that of the diagnostic it becomes. */
export class BadArchive extends Error {
  readonly code: 'archive/unreadable' | 'archive/escape' | 'archive/limit'

  constructor(code: BadArchive['code'], message: string) {
    super(message)
    this.name = 'BadArchive'
    this.code = code
  }
}

export interface ReadEntry {
  readonly path: RelPath
  readonly kind: 'file' | 'directory' | 'symlink' | 'hardlink' | 'character' | 'block' | 'fifo'
  /** Permission bits, 0o7777. */
  readonly mode: number
  readonly size: number
  /** Seconds since the epoch. */
  readonly mtime: number
  readonly uid: number
  readonly gid: number
  readonly uname: string
  readonly gname: string
  /** What a symlink holds, or the path of the entry that a hard link equals. */
  readonly link?: string
  readonly pax: Readonly<Record<string, string>>
}

export interface ReadLimits {
  readonly entries: number
  /** Bytes of all contents together. */
  readonly bytes: number
}

export const defaultLimits: ReadLimits = { entries: 1_000_000, bytes: 64 * 2 ** 30 }

/**
 * The entries of an uncompressed tar, in order, each with its content, to be read whole before the next one is asked for, or not at all.
 * `./` before a path and `/` after it are dropped, and an entry for the top itself is left out. Throws BadArchive: for a path that is absolute,
 * holds `..`, or control characters, so that nothing outside of a folder can be named; for more than the limits; for a damaged archive.
 */
export async function* readTar(source: AsyncIterable<Uint8Array>, limits: ReadLimits = defaultLimits): AsyncGenerator<readonly [entry: ReadEntry, content: AsyncIterable<Uint8Array>]> {
  const parser = extract()
  const input = Readable.from(source, { objectMode: false })
  input.on('error', (error) => parser.destroy(error))
  input.pipe(parser)
  let entries = 0
  let bytes = 0
  try {
    for await (const item of parser) {
      const entry = entryOf(item.header)
      entries++
      bytes += item.header.size ?? 0
      if (entries > limits.entries) throw new BadArchive('archive/limit', `more than ${limits.entries} entries`)
      if (bytes > limits.bytes) throw new BadArchive('archive/limit', `more than ${limits.bytes} bytes of content`)
      if (entry !== undefined) yield [entry, chunks(item)]
      item.resume()
    }
  } catch (error) {
    if (error instanceof Error && /tar|Unexpected end/i.test(error.message) && !(error instanceof BadArchive)) throw new BadArchive('archive/unreadable', error.message)
    throw error
  } finally {
    input.destroy()
  }
}

async function* chunks(content: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const chunk of content) if (chunk instanceof Uint8Array) yield chunk
}

const kinds = new Map<string, ReadEntry['kind']>([
  ['file', 'file'],
  ['contiguous-file', 'file'],
  ['directory', 'directory'],
  ['symlink', 'symlink'],
  ['link', 'hardlink'],
  ['character-device', 'character'],
  ['block-device', 'block'],
  ['fifo', 'fifo'],
])

function entryOf(header: Header): ReadEntry | undefined {
  const kind = kinds.get(header.type ?? 'file')
  if (kind === undefined) throw new BadArchive('archive/unreadable', `${JSON.stringify(header.name)} is of an unknown type`)
  const plain = plainName(header.name)
  if (plain === '') return undefined
  const path = parseRelPath(plain)
  if (path === undefined) throw new BadArchive('archive/escape', `${JSON.stringify(header.name)} is not a path inside of the archive`)
  for (const [key, value] of Object.entries(header.pax ?? {})) {
    // The parser decodes values as UTF-8: what is not UTF-8 would be changed in silence.
    if (String(value).includes('\ufffd')) throw new BadArchive('archive/unreadable', `"${path}" has an attribute "${key}" that is not text`)
  }
  return {
    path,
    kind,
    mode: (header.mode ?? 0) & 0o7777,
    size: kind === 'file' ? (header.size ?? 0) : 0,
    mtime: Math.floor((header.mtime?.getTime() ?? 0) / 1000),
    uid: header.uid ?? 0,
    gid: header.gid ?? 0,
    uname: header.uname ?? '',
    gname: header.gname ?? '',
    ...(typeof header.linkname === 'string' && header.linkname !== '' ? { link: header.linkname } : {}),
    pax: Object.fromEntries(Object.entries(header.pax ?? {}).map(([key, value]) => [key, String(value)])),
  }
}

/** Without `./` before and `/` after. */
export function plainName(name: string): string {
  return name.replace(/^(\.\/+)+/, '').replace(/\/+$/, '').replace(/^\.$/, '')
}
