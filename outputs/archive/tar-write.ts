import { Fault } from '../../base/result.ts'

/** A node of a tar archive. Paths are relative, without `./` and, for directories, without a slash at the end. */
export interface TarHeader {
  readonly path: string
  readonly kind: 'file' | 'directory' | 'symlink' | 'hardlink' | 'character' | 'block' | 'fifo'
  /** Permission bits, 0o7777. */
  readonly mode: number
  /** Bytes of content; files only. */
  readonly size?: number
  /** Seconds since the epoch. */
  readonly mtime: number
  readonly uid?: number
  readonly gid?: number
  readonly uname?: string
  readonly gname?: string
  /** What a symlink holds, or the path of the entry that a hard link equals. */
  readonly link?: string
  readonly device?: { readonly major: number; readonly minor: number }
  /** Further PAX records, such as `APK-TOOLS.checksum.SHA1` and `SCHILY.xattr.user.x`. A string is written as UTF-8. */
  readonly pax?: Readonly<Record<string, string | Uint8Array>>
}

/** The two zero blocks that end an archive. No padding to 10 KiB beyond them. */
export const tarEnd: Uint8Array = new Uint8Array(1024)

/**
 * The header blocks of an entry: USTAR (POSIX.1-1988), with a PAX extended header (POSIX.1-2001) before it just where USTAR can't say
 * it: names over 100 bytes that don't split into a prefix, links over 100 bytes, non-ASCII, sizes over 8 GiB, ids over 2^21, or records of
 * its own. Names and layout of the PAX header are those of Go's archive/tar, so that readers of its archives see what they know.
 * A fault for a name or number that no header can hold.
 */
export function tarHeader(header: TarHeader): Uint8Array {
  const path = header.kind === 'directory' ? `${header.path}/` : header.path
  const split = splitName(path)
  const records = paxRecords(header, path, split !== undefined)
  const shown = split ?? { prefix: '', name: cut(ascii(path), 100) }
  const block = ustar(header, shown, typeflags[header.kind])
  return records.size === 0 ? block : Buffer.concat([paxHeader(path, records), block])
}

/** Zero bytes that fill content of `size` bytes up to whole blocks. */
export function tarPadding(size: number): Uint8Array {
  return tarEnd.subarray(0, (512 - (size % 512)) % 512)
}

/** An archive in memory, ended or not (apk's signature and control members must not be). */
export function tarBytes(entries: readonly (TarHeader & { readonly content?: Uint8Array })[], ended: boolean): Uint8Array {
  const parts = entries.flatMap((entry) => {
    const content = entry.content ?? new Uint8Array()
    return [tarHeader({ ...entry, size: content.length }), content, tarPadding(content.length)]
  })
  return Buffer.concat(ended ? [...parts, tarEnd] : parts)
}

const typeflags = { file: '0', hardlink: '1', symlink: '2', character: '3', block: '4', directory: '5', fifo: '6' } as const
const MOST_SIZE = 0o77777777777
const MOST_ID = 0o7777777

/** Name and prefix of USTAR, or undefined when the path has no such split. */
function splitName(path: string): { readonly prefix: string; readonly name: string } | undefined {
  if (!isAscii(path)) return undefined
  if (path.length <= 100) return { prefix: '', name: path }
  const slash = path.lastIndexOf('/', Math.min(155, path.length - 2))
  if (slash <= 0 || path.length - slash - 1 > 100) return undefined
  return { prefix: path.slice(0, slash), name: path.slice(slash + 1) }
}

type PaxRecords = ReadonlyMap<string, string | Uint8Array>

function paxRecords(header: TarHeader, path: string, fits: boolean): PaxRecords {
  const records = new Map<string, string | Uint8Array>()
  const add = (key: string, value: string | Uint8Array): void => void records.set(key, value)
  if (!fits) add('path', path)
  if (header.link !== undefined && (header.link.length > 100 || !isAscii(header.link))) add('linkpath', header.link)
  if ((header.size ?? 0) > MOST_SIZE) add('size', String(header.size))
  if ((header.uid ?? 0) > MOST_ID) add('uid', String(header.uid))
  if ((header.gid ?? 0) > MOST_ID) add('gid', String(header.gid))
  for (const name of ['uname', 'gname'] as const) if (!isAscii(header[name] ?? '') || (header[name] ?? '').length > 32) add(name, header[name] ?? '')
  for (const [key, value] of Object.entries(header.pax ?? {})) {
    if (key === '' || key.includes('=') || key.includes('\0')) throw new Fault('internal', `"${key}" can't be the key of a PAX record`)
    add(key, value)
  }
  return records
}

function paxHeader(path: string, records: PaxRecords): Uint8Array {
  const list = [...records]
  if (list.length > 1) list.sort(([a], [b]) => (a < b ? -1 : 1))
  const body = Buffer.concat(list.map(([key, value]) => paxRecord(key, value)))
  const plain = path.endsWith('/') ? path.slice(0, -1) : path
  const slash = plain.lastIndexOf('/') + 1
  const name = `${plain.slice(0, slash)}PaxHeaders.0/${plain.slice(slash)}`
  const block = ustar({ path: '', kind: 'file', mode: 0, mtime: 0, size: body.length }, { prefix: '', name: cut(ascii(name), 100) }, 'x')
  return Buffer.concat([block, body, tarPadding(body.length)])
}

/** `length key=value\n`, where the length counts its own digits. */
function paxRecord(key: string, value: string | Uint8Array): Uint8Array {
  const rest = Buffer.byteLength(key) + (typeof value === 'string' ? Buffer.byteLength(value) : value.length) + 3
  let length = rest + String(rest).length
  if (String(length).length !== String(rest).length) length = rest + String(length).length
  if (typeof value === 'string') return Buffer.from(`${length} ${key}=${value}\n`)
  return Buffer.concat([Buffer.from(`${length} ${key}=`), value, Buffer.from('\n')])
}

function ustar(header: TarHeader, shown: { readonly prefix: string; readonly name: string }, typeflag: string): Uint8Array {
  const block = Buffer.from(emptyBlock)
  block.write(shown.name, 0, 100, 'latin1')
  octal(block, header.mode, 100, 8)
  octal(block, within(header.uid ?? 0, MOST_ID), 108, 8)
  octal(block, within(header.gid ?? 0, MOST_ID), 116, 8)
  octal(block, within(header.size ?? 0, MOST_SIZE), 124, 12)
  octal(block, header.mtime, 136, 12)
  block[156] = typeflag.charCodeAt(0)
  if (header.link !== undefined) block.write(cut(ascii(header.link), 100), 157, 100, 'latin1')
  if (header.uname !== undefined) block.write(cut(ascii(header.uname), 32), 265, 32, 'latin1')
  if (header.gname !== undefined) block.write(cut(ascii(header.gname), 32), 297, 32, 'latin1')
  octal(block, header.device?.major ?? 0, 329, 8)
  octal(block, header.device?.minor ?? 0, 337, 8)
  if (shown.prefix !== '') block.write(shown.prefix, 345, 155, 'latin1')
  // Six digits and a zero byte; the blank after them, and those that the sum counts in their place, are the empty block's.
  octal(block, sumOf(block), 148, 7)
  return block
}

/** The sum counts blanks in its own place. */
const emptyBlock = Buffer.alloc(512)
emptyBlock.fill(' ', 148, 156)
emptyBlock.write('ustar\x0000', 257, 'latin1')

function sumOf(block: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < block.length; i++) sum += block[i] ?? 0
  return sum
}

function octal(block: Buffer, value: number, at: number, length: number): void {
  if (!Number.isSafeInteger(value) || value < 0 || value >= 8 ** (length - 1)) throw new Fault('internal', `${value} can't stand in a tar header`)
  let rest = value
  for (let i = at + length - 2; i >= at; i--) {
    block[i] = 0x30 + (rest % 8)
    rest = Math.floor(rest / 8)
  }
  block[at + length - 1] = 0
}

/** A number that PAX says instead stands as 0 in the USTAR header. */
function within(value: number, most: number): number {
  return value > most ? 0 : value
}

function ascii(text: string): string {
  return isAscii(text) ? text : text.replace(/[^\x20-\x7e]/g, '')
}

function isAscii(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text)
}

function cut(text: string, length: number): string {
  return text.slice(0, length)
}
