import { describe, expect, it } from 'vitest'
import { gzipSync } from 'node:zlib'
import { BadDeb, debData } from '../../../outputs/deb/read.ts'
import { unxz, XzThread, type Unxz } from '../../../outputs/deb/xz.ts'
import { ar } from './ar.ts'

const plain = 'hello\n'.repeat(100_000)
// Made by xz 5.4.1 with -9.
const packed = Buffer.from('/Td6WFoAAATm1rRGAgAhARwAAAAQz1jM6Se/AKFdADQZSe6N3V3x8PcXRFCFYsMIgtxhE2Az4ZG1aVMlHrpxT6vxiN23j3MhBj5pvwwG7hucRSg/Kf4YdGNuas/GknQiJFhgqWwEnesIiAncdEp7Lkz1K2z1AF1wvKHWWpDQmKj4BovZ9X/WDRs/fXergxQhbtHVevM+FFNidqxZ5OVbBQj5x9qt/PtSK3TNHlsgQvndUz34KWQJO4DLJK66AAAAAAAAANObsQRP+Tv4AAG9AcDPJAAbIzdFscRn+wIAAAAABFla', 'base64')

const deb = (name: string, data: Uint8Array): Uint8Array => ar([['debian-binary', Buffer.from('2.0\n')], ['control.tar', Buffer.alloc(0)], [name, data]])

async function textOf(data: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = []
  for await (const part of data) parts.push(part)
  return Buffer.concat(parts).toString('latin1')
}

async function refusal(made: () => AsyncIterable<Uint8Array>): Promise<unknown> {
  try {
    return await textOf(made())
  } catch (error) {
    return error
  }
}

const damaged = Buffer.from(packed)
damaged.fill(0xff, 40, 60)

const ways = (thread: XzThread): readonly (readonly [string, Unxz])[] => [['on the calling thread', unxz], ['on its own', thread.decode]]

describe('the data of a Debian package', () => {
  it('is the same whichever way it is packed, and whichever thread decodes it', async () => {
    await using thread = new XzThread()
    expect(await textOf(debData(deb('data.tar', Buffer.from(plain))))).toBe(plain)
    expect(await textOf(debData(deb('data.tar.gz', gzipSync(plain))))).toBe(plain)
    for (const [, decode] of ways(thread)) for (let again = 0; again < 3; again++) expect(await textOf(debData(deb('data.tar.xz', packed), decode))).toBe(plain)
  })

  it('that is damaged or cut short is refused while it is read, and the next is right', async () => {
    await using thread = new XzThread()
    for (const [way, decode] of ways(thread)) {
      for (const bytes of [damaged, packed.subarray(0, 70), Buffer.from('no xz at all')]) expect(await refusal(() => debData(deb('data.tar.xz', bytes), decode)), way).toBeInstanceOf(BadDeb)
      expect(await textOf(debData(deb('data.tar.xz', packed), decode)), way).toBe(plain)
    }
    expect(await refusal(() => debData(deb('data.tar.gz', gzipSync(plain).subarray(0, 400))))).toBeInstanceOf(BadDeb)
    expect(await refusal(() => debData(deb('data.tar.zst', packed)))).toBeInstanceOf(BadDeb)
  })

  it('need not be read to its end', async () => {
    await using thread = new XzThread()
    for await (const part of debData(deb('data.tar.xz', packed), thread.decode)) {
      expect(part.length).toBeGreaterThan(0)
      break
    }
    expect(await textOf(debData(deb('data.tar.xz', packed), thread.decode))).toBe(plain)
  })

  it('is not waited for when the thread ends', async () => {
    const thread = new XzThread()
    const parts = debData(deb('data.tar.xz', packed), thread.decode)[Symbol.asyncIterator]()
    await parts.next()
    await thread[Symbol.asyncDispose]()
    const rest = refusal(() => ({ [Symbol.asyncIterator]: () => parts }))
    expect(await rest).toMatchObject({ name: 'Fault', message: 'A decompression thread ended' })
  })
})
