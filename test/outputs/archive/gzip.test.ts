import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync, inflateRawSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { digestBytes } from '../../../base/digest.ts'
import { blockSize, compiledDeflate, createDeflater, windowSize } from '../../../outputs/archive/deflate.ts'
import { closeDeflatePool, DeflatePool } from '../../../outputs/archive/deflate-pool.ts'
import { gzip, GzipEncoder } from '../../../outputs/archive/gzip.ts'

/** Reproducible bytes with matches near and far, runs, text-like and random stretches. */
function sample(size: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(size)
  let state = seed >>> 0
  const next = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 8
  for (let i = 0; i < size; ) {
    const length = Math.min(size - i, 1 + (next() % 900))
    const mode = next() % 5
    if (mode === 0) bytes.fill(next(), i, i + length)
    else if (mode === 1 && i > 0) {
      const back = 1 + (next() % Math.min(i, 40000))
      for (let k = 0; k < length; k++) bytes[i + k] = bytes[i + k - back] ?? 0
    } else for (let k = 0; k < length; k++) bytes[i + k] = mode === 2 ? 97 + (next() % 6) : mode === 3 ? next() % 64 : next()
    i += length
  }
  return bytes
}

const pools = [new DeflatePool(0), new DeflatePool(1), new DeflatePool(2), new DeflatePool(4)]
afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.close()))
  await closeDeflatePool()
})

describe('the deflate encoder', { timeout: 60_000 }, () => {
  it('is what its source compiles to (after a change there: npm run encoder)', () => {
    const compiled = spawnSync(process.execPath, [fileURLToPath(new URL('../../../outputs/archive/assembly/compile.js', import.meta.url))], { encoding: 'utf8' })
    expect(compiled.stderr).toBe('')
    expect(compiled.stdout).toBe(readFileSync(new URL('../../../outputs/archive/deflate-module.ts', import.meta.url), 'utf8'))
  })

  it('gives back what went in, for hundreds of generated inputs of many sizes, whatever it deflated before', () => {
    const deflate = createDeflater(compiledDeflate())
    for (let seed = 1; seed <= 300; seed++) {
      const bytes = sample(seed <= 40 ? seed : (seed * seed * 7) % 70001, seed)
      const packed = deflate(bytes, 0, true)
      expect(Buffer.compare(inflateRawSync(packed), bytes), `seed ${seed}`).toBe(0)
      if (seed % 10 === 0) expect(Buffer.compare(createDeflater(compiledDeflate())(bytes, 0, true), packed), `seed ${seed} from a fresh encoder`).toBe(0)
    }
  })

  it('continues after a dictionary of any size, at any length up to a whole block', () => {
    const deflate = createDeflater(compiledDeflate())
    for (let seed = 1; seed <= 60; seed++) {
      const from = seed % 3 === 0 ? windowSize : (seed * 997) % windowSize
      const size = seed % 10 === 0 ? blockSize : (seed * 7919) % 60000
      const bytes = sample(from + size, seed)
      const packed = Buffer.concat([deflate(bytes, from, false), deflate(bytes, bytes.length, true)])
      const back = inflateRawSync(packed, from === 0 ? {} : { dictionary: bytes.subarray(0, from) })
      expect(Buffer.compare(back, bytes.subarray(from)), `seed ${seed}`).toBe(0)
    }
  })

  it('takes no more than a window and a block at once', () => {
    expect(() => createDeflater(compiledDeflate())(new Uint8Array(windowSize + blockSize + 1), 0, true)).toThrow('Expected at most 557056 bytes')
  })

  it.each([
    ['nothing', new Uint8Array()],
    ['one byte', Uint8Array.of(7)],
    ['three equal bytes', new Uint8Array(3)],
    ['half a million zeros', new Uint8Array(524288)],
    ['every byte value once', Uint8Array.from({ length: 256 }, (_, i) => i)],
    ['a Fibonacci distribution that needs codes over 15 bits', fibonacciBytes()],
    ['random bytes, which become stored blocks', randomBytes(windowSize + blockSize)],
    ['a few literals and then only the longest matches', Buffer.concat([randomBytes(300), new Uint8Array(400_000).fill(1), randomBytes(300)])],
    ['text after so many random bytes that the search runs ahead in steps', Buffer.concat([randomBytes(200_000), Buffer.from('all work and no play '.repeat(5000))])],
  ])('gives back %s', (_, bytes) => {
    const packed = createDeflater(compiledDeflate())(bytes, 0, true)
    expect(Buffer.compare(inflateRawSync(packed), bytes)).toBe(0)
    expect(packed.length).toBeLessThan(bytes.length + 50 + bytes.length / 2500)
  })

  it('uses the dictionary before the block, and never reaches beyond it', () => {
    const random = randomBytes(30000)
    const block = createDeflater(compiledDeflate())(Buffer.concat([random, random]), 30000, true)
    expect(block.length).toBeLessThan(2000)
    expect(Buffer.compare(inflateRawSync(block, { dictionary: random }), random)).toBe(0)
  })
})

describe('gzip', { timeout: 60_000 }, () => {
  const bytes = sample(2_000_000, 42)

  it('gives the same bytes with no worker, one, two and four, and for any chunking', async () => {
    const whole = await Promise.all(pools.map((pool) => gzip(bytes, { pool })))
    expect(new Set(whole.map((one) => digestBytes(one))).size).toBe(1)
    const chunks: Uint8Array[] = []
    for await (const chunk of new GzipEncoder().encode(pieces(bytes, 7777))) chunks.push(chunk)
    expect(digestBytes(Buffer.concat(chunks))).toBe(digestBytes(whole[0] ?? new Uint8Array()))
  })

  it('never changes its bytes: this digest may change only together with the version in the name of the encoder', async () => {
    expect(digestBytes(await gzip(bytes))).toMatchInlineSnapshot(`"a688c2011e4681c6a251de891ff731fff9e416ebc647ac17128af787b7d3e923/896542"`)
  })

  it('is one member that gzip itself accepts', async () => {
    const packed = await gzip(bytes)
    expect(Buffer.from(packed.subarray(0, 10)).toString('hex')).toBe('1f8b0800000000000003')
    expect(spawnSync('gzip', ['-t'], { input: packed }).status).toBe(0)
    expect(Buffer.compare(gunzipSync(packed), bytes)).toBe(0)
  })

  it.each([0, 1, 524287, 524288, 524289, 1048576])('packs %i bytes with a tail, whose body stands by itself', async (size) => {
    const tail = new Uint8Array(1024)
    const encoder = new GzipEncoder({ tail })
    const chunks: Uint8Array[] = []
    for await (const chunk of encoder.encode(pieces(bytes.subarray(0, size), 100_000))) chunks.push(chunk)
    const packed = Buffer.concat(chunks)
    expect(Buffer.compare(gunzipSync(packed), Buffer.concat([bytes.subarray(0, size), tail]))).toBe(0)
    const body = encoder.summary?.body
    expect(body).toMatchObject({ from: 10, size })
    expect(encoder.summary).toMatchObject({ compressed: packed.length, size: size + 1024 })
    const end = createDeflater(compiledDeflate())(new Uint8Array(), 0, true)
    expect(Buffer.compare(inflateRawSync(Buffer.concat([packed.subarray(10, body?.to), end])), bytes.subarray(0, size))).toBe(0)
  })
})

function* pieces(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

function fibonacciBytes(): Uint8Array {
  const list: number[] = []
  for (let symbol = 0, a = 1, b = 1; symbol < 20; symbol++, [a, b] = [b, a + b]) for (let i = 0; i < a; i++) list.push(symbol * 11 + ((i * 7919) % 1))
  // A stride that is prime to the length scatters equal bytes, so that there are few matches.
  return Uint8Array.from(list, (_, i) => list[(i * 7919) % list.length] ?? 0)
}

function randomBytes(size: number): Uint8Array {
  let state = 1
  return Uint8Array.from({ length: size }, () => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) >>> 16)
}
