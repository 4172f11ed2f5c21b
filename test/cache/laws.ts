import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { digestBytes, digestText, emptyDigest } from '../../base/digest.ts'
import { absPath, actionKey, type Digest } from '../../base/ids.ts'
import { type ActionCache, type Cas, DigestMismatch } from '../../cache/cache.ts'
import { tempFolder } from './temp-folder.ts'

const sizes = [0, 1, 4095, 4096, 70_000, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3_500_000]

/** The laws of every Cas. `make` gives an empty one each time. */
export function casLaws(name: string, make: () => Cas): void {
  describe(`${name} keeps the laws of a Cas`, () => {
    test.each(sizes)('gives back %d bytes, whichever way they came in and go out', async (size) => {
      const bytes = bytesOf(size)
      const ways: ((cas: Cas) => Promise<Digest>)[] = [
        (cas) => cas.put(bytes),
        (cas) => cas.put(bytes, 'many'),
        (cas) => cas.putStream(pieces(bytes, 60_000)),
        (cas) => cas.putStream(pieces(bytes, 1_000_000), digestBytes(bytes)),
        (cas) => cas.putFile(fileOf(bytes), 'copy'),
        (cas) => cas.putFile(fileOf(bytes), 'move'),
        (cas) => cas.putFile(fileOf(bytes), 'copy', 'many'),
        (cas) => cas.putFile(fileOf(bytes), 'move', 'many'),
      ]
      for (const way of ways) {
        const cas = make()
        const digest = await way(cas)
        expect(digest).toBe(digestBytes(bytes))
        expect(cas.has(digest)).toBe(true)
        expect(Buffer.from((await cas.read(digest)) ?? []).equals(bytes)).toBe(true)
        expect((await drain(cas, digest))?.equals(bytes)).toBe(true)
        for (const executable of [false, true]) {
          const path = await cas.file(digest, executable)
          if (path === undefined) throw new Error('no file')
          expect(readFileSync(path).equals(bytes)).toBe(true)
          expect(statSync(path).mode & 0o777).toBe(executable ? 0o555 : 0o444)
        }
      }
    })

    test('does not have what was never put, in any way of asking', async () => {
      const cas = make()
      const digest = digestText('never put')
      expect(cas.has(digest)).toBe(false)
      expect(await cas.read(digest)).toBeUndefined()
      expect(await cas.open(digest)).toBeUndefined()
      expect(await cas.file(digest, false)).toBeUndefined()
      expect(await cas.file(digest, true)).toBeUndefined()
    })

    test('always has the empty blob', async () => {
      const cas = make()
      expect(cas.has(emptyDigest)).toBe(true)
      expect(cas.missing([emptyDigest])).toEqual([])
      expect(await cas.read(emptyDigest)).toHaveLength(0)
      expect(await drain(cas, emptyDigest)).toHaveLength(0)
      expect(readFileSync((await cas.file(emptyDigest, false)) ?? '')).toHaveLength(0)
    })

    test('names what is missing in the order asked, each once', async () => {
      const cas = make()
      const here = await cas.put(Buffer.from('here'))
      const [a, b] = [digestText('a'), digestText('b')]
      expect(cas.missing([b, here, a, b, here, a])).toEqual([b, a])
    })

    test('refuses a stream that is not what was promised, and keeps nothing of it', async () => {
      const cas = make()
      const promised = digestText('promised')
      await expect(cas.putStream(pieces(Buffer.from('delivered'), 3), promised)).rejects.toBeInstanceOf(DigestMismatch)
      expect(cas.has(promised)).toBe(false)
      expect(cas.has(digestText('delivered'))).toBe(false)
    })

    test('passes on the error of a stream that breaks, and keeps nothing of it', async () => {
      const cas = make()
      async function* broken(): AsyncGenerator<Uint8Array> {
        yield Buffer.from('half')
        throw new Error('the wire broke')
      }
      await expect(cas.putStream(broken())).rejects.toThrow('the wire broke')
      expect(cas.has(digestText('half'))).toBe(false)
    })

    test('leaves a copied file alone and takes a moved one away, also when it has the bytes already', async () => {
      const cas = make()
      for (let round = 0; round < 2; round++) {
        const [copied, moved] = [fileOf(Buffer.from('same')), fileOf(Buffer.from('same'))]
        await cas.putFile(copied, 'copy')
        await cas.putFile(moved, 'move')
        expect(readFileSync(copied, 'utf8')).toBe('same')
        expect(existsSync(moved)).toBe(false)
      }
    })

    test('is not changed by what happens to a buffer or a file after it was put', async () => {
      const cas = make()
      const buffer = Buffer.from('first')
      const path = fileOf(Buffer.from('second'))
      const digests = [await cas.put(buffer), await cas.putFile(path, 'copy')]
      buffer.fill('x')
      chmodSync(path, 0o644)
      writeFileSync(path, 'changed')
      expect(await Promise.all(digests.map(async (digest) => Buffer.from((await cas.read(digest)) ?? []).toString()))).toEqual(['first', 'second'])
    })

    test('takes the same bytes from many writers at once', async () => {
      const cas = make()
      const bytes = bytesOf(200_000)
      const digests = await Promise.all(Array.from({ length: 12 }, (_, i) => (i % 2 === 0 ? cas.put(bytes) : cas.putStream(pieces(bytes, 9000)))))
      expect(new Set(digests)).toEqual(new Set([digestBytes(bytes)]))
      expect(Buffer.from((await cas.read(digestBytes(bytes))) ?? []).equals(bytes)).toBe(true)
    })

    test('does not mistake a blob of the right hash and another size', async () => {
      const cas = make()
      const digest = await cas.put(Buffer.from('sized'))
      const wrong = digest.replace(/[0-9]+$/, '6') as Digest
      expect(cas.has(wrong)).toBe(false)
      expect(await cas.read(wrong)).toBeUndefined()
      expect(cas.has(digest)).toBe(true)
    })
  })
}

/** The laws of every ActionCache. */
export function actionCacheLaws(name: string, make: () => ActionCache): void {
  describe(`${name} keeps the laws of an ActionCache`, () => {
    const key = actionKey(digestText('key'))

    test('misses what was never put', () => {
      expect(make().get(key)).toBeUndefined()
    })

    test('gives back what was put, whole', async () => {
      const results = make()
      const result = {
        outputs: { tree: { kind: 'tree', digest: emptyDigest }, file: { kind: 'blob', digest: key, executable: true }, 'odd "name"': { kind: 'blob', digest: emptyDigest } },
        log: digestText('log'),
        duration: 1234,
      } as const
      await results.put(key, result)
      expect(results.get(key)).toEqual(result)
      expect(results.get(actionKey(digestText('other')))).toBeUndefined()
    })

    test('gives the last result that was put', async () => {
      const results = make()
      await results.put(key, { outputs: {}, duration: 1 })
      await results.put(key, { outputs: { __proto__x: { kind: 'blob', digest: emptyDigest } }, duration: 2 })
      expect(results.get(key)).toEqual({ outputs: { __proto__x: { kind: 'blob', digest: emptyDigest } }, duration: 2 })
    })

    test('keeps many results that are put at once', async () => {
      const results = make()
      const keys = Array.from({ length: 500 }, (_, i) => actionKey(digestText(`key ${i}`)))
      await Promise.all(keys.map((each, i) => results.put(each, { outputs: {}, duration: i })))
      expect(keys.map((each) => results.get(each)?.duration)).toEqual(keys.map((_, i) => i))
    })
  })
}

export function bytesOf(size: number): Buffer {
  const bytes = Buffer.alloc(size)
  let state = size + 1
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    bytes[i] = state >>> 24
  }
  return bytes
}

export function fileOf(bytes: Uint8Array) {
  const folder = tempFolder()
  mkdirSync(folder, { recursive: true })
  const path = absPath(join(folder, 'file'))
  writeFileSync(path, bytes)
  return path
}

export async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function drain(cas: Cas, digest: Digest): Promise<Buffer | undefined> {
  const stream = await cas.open(digest)
  if (stream === undefined) return undefined
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}
