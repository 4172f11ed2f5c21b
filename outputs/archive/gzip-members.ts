import { crc32, createInflateRaw, type InflateRaw, inflateRawSync } from 'node:zlib'

/** What is not a gzip member, or not a whole one, or larger than allowed. */
export class BadGzip extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'BadGzip'
  }
}

export interface GzipMember {
  /** Bytes of the packed member, header and trailer included. */
  readonly length: number
  readonly content: Uint8Array
}

/**
 * The member (RFC 1952) at the beginning of `bytes`, or undefined when it goes on beyond them.
 * `limit` bounds what it may unpack to, against small files that unpack to huge ones. Throws BadGzip.
 */
export function firstMember(bytes: Uint8Array, limit: number): GzipMember | undefined {
  const header = headerLength(bytes)
  if (header === undefined || header >= bytes.length) return undefined
  const inflated = inflateFirst(bytes.subarray(header), limit)
  if (inflated === undefined) return undefined
  const end = header + inflated.consumed
  if (end + 8 > bytes.length) return undefined
  checkTrailer(bytes.subarray(end, end + 8), crc32(inflated.content), inflated.content.length)
  return { length: end + 8, content: inflated.content }
}

/**
 * Unpacks a source that must be exactly one gzip member. Memory is bounded. Throws BadGzip when anything follows the member, when it ends
 * early, is damaged, or unpacks to more than `limit` bytes.
 */
export async function* onlyMember(source: AsyncIterable<Uint8Array>, limit: number): AsyncGenerator<Uint8Array> {
  const inflate = createInflateRaw()
  const feed = pump(source, inflate)
  feed.catch((error: unknown) => inflate.destroy(error instanceof Error ? error : new BadGzip(String(error))))
  let size = 0
  let crc = 0
  try {
    for await (const chunk of inflate) {
      size += chunk.length
      if (size > limit) throw new BadGzip(`it unpacks to more than ${limit} bytes`)
      crc = crc32(chunk, crc)
      yield chunk
    }
  } catch (error) {
    throw zlibProblem(error) ?? error
  }
  const { header, packed, last } = await feed
  if (header + inflate.bytesWritten + 8 > packed) throw new BadGzip('it ends early')
  if (header + inflate.bytesWritten + 8 < packed) throw new BadGzip('something follows its only gzip member')
  checkTrailer(last, crc, size)
}

/** Writes the deflated part and whatever follows it into `inflate`, one chunk at a time. */
async function pump(source: AsyncIterable<Uint8Array>, inflate: InflateRaw): Promise<{ readonly header: number; readonly packed: number; readonly last: Uint8Array }> {
  let packed = 0
  let last: Uint8Array = new Uint8Array()
  let head: Uint8Array = new Uint8Array()
  let header: number | undefined
  for await (const chunk of source) {
    packed += chunk.length
    last = Buffer.concat([last, chunk.subarray(-8)]).subarray(-8)
    let rest = chunk
    if (header === undefined) {
      head = Buffer.concat([head, chunk])
      header = headerLength(head)
      if (header === undefined) continue
      rest = head.subarray(header)
    }
    // Once its stream has ended the rest is only counted; when the reader has left, nobody wants to know.
    if (inflate.readableEnded) continue
    if (inflate.destroyed) break
    await new Promise((resolve) => inflate.write(rest, resolve))
  }
  if (header === undefined) throw new BadGzip('it ends early')
  inflate.end()
  return { header, packed, last }
}

/** Bytes of a member's header, or undefined when it is longer than `bytes`. */
function headerLength(bytes: Uint8Array): number | undefined {
  if (bytes.length < 10) return undefined
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b || bytes[2] !== 8) throw new BadGzip('it is not gzip')
  const flags = bytes[3] ?? 0
  let at = 10
  if ((flags & 4) !== 0) at += 2 + (bytes[at] ?? 0) + ((bytes[at + 1] ?? 0) << 8)
  for (const flag of [8, 16]) {
    if ((flags & flag) === 0) continue
    const end = bytes.indexOf(0, at)
    if (end === -1) return undefined
    at = end + 1
  }
  if ((flags & 2) !== 0) at += 2
  return at <= bytes.length ? at : undefined
}

function inflateFirst(bytes: Uint8Array, limit: number): { readonly content: Uint8Array; readonly consumed: number } | undefined {
  try {
    const result: unknown = inflateRawSync(bytes, { info: true, maxOutputLength: limit })
    return inflated(result)
  } catch (error) {
    if (codeOf(error) === 'Z_BUF_ERROR') return undefined
    if (codeOf(error) === 'ERR_BUFFER_TOO_LARGE') throw new BadGzip(`it unpacks to more than ${limit} bytes`)
    throw zlibProblem(error) ?? error
  }
}

/** What `info: true` makes zlib return, which its types leave out: the bytes, and an engine that knows how much it took. */
function inflated(result: unknown): { readonly content: Uint8Array; readonly consumed: number } {
  const { buffer, engine } = result as { readonly buffer: Uint8Array; readonly engine: { readonly bytesWritten: number } }
  return { content: buffer, consumed: engine.bytesWritten }
}

function checkTrailer(trailer: Uint8Array, crc: number, size: number): void {
  const view = new DataView(trailer.buffer, trailer.byteOffset, trailer.byteLength)
  if (view.getUint32(0, true) !== crc || view.getUint32(4, true) !== size % 0x1_0000_0000) throw new BadGzip('its checksum is wrong')
}

function zlibProblem(error: unknown): BadGzip | undefined {
  const code = codeOf(error)
  if (code === 'Z_BUF_ERROR') return new BadGzip('it ends early')
  return code?.startsWith('Z_') === true ? new BadGzip('its compressed data is damaged') : undefined
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
