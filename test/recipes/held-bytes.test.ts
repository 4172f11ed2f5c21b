import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { absPath } from '../../base/ids.ts'
import { HeldBytes } from '../../recipes/kinds/held-bytes.ts'

let folder = ''
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'nacre-held-'))))
afterEach(() => rmSync(folder, { recursive: true }))

describe('bytes that are held', () => {
  it('come back as they were, without a file while they are few', async () => {
    const file = absPath(join(folder, 'spilled'))
    expect(await roundTrip(file, 3)).toEqual(await digestOf(chunks(3)))
    expect(existsSync(file)).toBe(false)
  })

  it('go on in a file when they are many, and come back in order', async () => {
    const file = absPath(join(folder, 'spilled'))
    expect(await roundTrip(file, 70)).toEqual(await digestOf(chunks(70)))
    expect(statSync(file).size).toBeGreaterThan(0)
    expect(statSync(file).size).toBeLessThan(10 * 2 ** 20)
  })

  it('reject with what the source throws', async () => {
    const held = new HeldBytes(absPath(join(folder, 'spilled')))
    await expect(held.take(broken())).rejects.toThrow('the source broke')
  })
})

async function roundTrip(file: ReturnType<typeof absPath>, count: number): Promise<string> {
  const held = new HeldBytes(file)
  await held.take(chunks(count))
  return digestOf(held.bytes())
}

/** Chunks of one mebibyte, each of another byte. */
async function* chunks(count: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < count; i++) yield await Promise.resolve(new Uint8Array(2 ** 20).fill(i))
}

async function* broken(): AsyncGenerator<Uint8Array> {
  yield* chunks(70)
  throw new Error('the source broke')
}

async function digestOf(source: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of source) hash.update(chunk)
  return hash.digest('hex')
}
