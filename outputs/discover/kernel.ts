import { gunzipSync } from 'node:zlib'
import { unxz } from './unxz.ts'
import { type Finding, type Generator, isEntryName } from './package-view.ts'

/** Kernels provide `linux:VERSION`, modules need the kernel that they were built for. */
export const kernel: Generator = {
  name: 'kernel',
  async inspect({ path, kind }, content) {
    if (kind !== 'file') return []
    if (/^(usr\/)?lib\/modules\/.+\.ko(\.gz|\.xz|\.zst)?$/.test(path)) {
      const magic = after(await unpacked(await content()), 'vermagic=')
      return entries('depends', magic, path)
    }
    if (!/^(boot|(usr\/)?lib\/modules)\/.*(vmlinu|bzImage|Image)/.test(path)) return []
    return entries('provides', versionOf(await unpacked(await content())), path)
  },
}

function entries(kind: Finding['kind'], text: string | undefined, path: string): readonly Finding[] {
  const version = /^[0-9A-Za-z._-]+/.exec(text ?? '')?.[0]
  return version === undefined || !isEntryName(version) ? [] : [{ kind, entry: `linux:${version}`, path }]
}

/** The x86 boot header (Documentation/arch/x86/boot.rst) points to the version; other images hold the kernel's first message. */
function versionOf(image: Buffer): string | undefined {
  const header = image.indexOf('HdrS') - 514
  const place = header < 0 || header + 528 > image.length ? 0 : image.readUInt16LE(header + 526)
  return place === 0 ? after(image, 'Linux version ') : textAt(image, header + place + 0x200)
}

function after(image: Buffer, prefix: string): string | undefined {
  const at = image.indexOf(prefix)
  return at === -1 ? undefined : textAt(image, at + prefix.length)
}

function textAt(image: Buffer, at: number): string {
  return image.toString('latin1', at, at + 256).split(/[\0\n]/, 1)[0] ?? ''
}

async function unpacked(bytes: Uint8Array): Promise<Buffer> {
  const image = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  try {
    if (image.readUInt16BE(0) === 0x1f8b) return gunzipSync(image, { maxOutputLength: sizeLimit })
    if (image.toString('latin1', 0, 6) === '\xfd7zXZ\0') return Buffer.from(await unxz(image, sizeLimit))
  } catch {
    // A module that can't be unpacked says nothing; it is packed as it is.
  }
  return image
}

/** Larger than any kernel; a packed bomb ends here. */
const sizeLimit = 1 << 29
