import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { Fault } from '../../base/result.ts'
import { unxz, type Unxz } from './xz.ts'

/** What a .deb holds is not what deb(5) says it should. */
export class BadDeb extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'BadDeb'
  }
}

/**
 * The uncompressed data.tar of a Debian binary package (deb(5): an ar archive of debian-binary, control.tar.*, data.tar.*). Throws BadDeb, while it is
 * read too. Maintainer scripts stay in control.tar and are never looked at.
 */
export function debData(bytes: Uint8Array, decode: Unxz = unxz): AsyncIterable<Uint8Array> {
  const member = arMember(bytes, /^data\.tar(\.|$)/)
  if (member === undefined) throw new BadDeb('no data.tar in it')
  switch (member.name) {
    case 'data.tar':
      return Readable.from([member.bytes])
    case 'data.tar.gz':
      return sound(member.name, Readable.from([member.bytes]).pipe(createGunzip()))
    case 'data.tar.xz':
      return sound(member.name, decode(member.bytes))
    default:
      throw new BadDeb(`${member.name} is compressed in a way that is not known here: expected xz, gz or none`)
  }
}

async function* sound(name: string, decoded: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* decoded
  } catch (error) {
    if (error instanceof Fault || !(error instanceof Error)) throw error
    throw new BadDeb(`${name} is damaged (${error.message})`)
  }
}

/** ar(5), common format: `!<arch>\n`, then headers of 60 bytes, members padded to even length. */
function arMember(bytes: Uint8Array, wanted: RegExp): { readonly name: string; readonly bytes: Uint8Array } | undefined {
  const text = (from: number, to: number): string => Buffer.from(bytes.subarray(from, to)).toString('latin1')
  if (text(0, 8) !== '!<arch>\n') throw new BadDeb('not an ar archive')
  for (let at = 8; at + 60 <= bytes.length; ) {
    const name = text(at, at + 16).trim().replace(/\/$/, '')
    const size = Number(text(at + 48, at + 58).trim())
    if (text(at + 58, at + 60) !== '`\n' || !Number.isSafeInteger(size) || size < 0 || at + 60 + size > bytes.length) throw new BadDeb('a member header is damaged')
    if (wanted.test(name)) return { name, bytes: bytes.subarray(at + 60, at + 60 + size) }
    at += 60 + size + (size % 2)
  }
  return undefined
}
