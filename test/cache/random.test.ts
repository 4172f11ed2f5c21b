import { chmodSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { digestBytes, emptyDigest } from '../../base/digest.ts'
import { actionKey, type Digest } from '../../base/ids.ts'
import { systemClock, systemRandom } from '../../base/ports.ts'
import { collectGarbage } from '../../cache/gc.ts'
import { blobPath } from '../../cache/layout.ts'
import { openStore } from '../../cache/store.ts'
import { verifyStore } from '../../cache/verify.ts'
import { bytesOf, fileOf, pieces } from './laws.ts'
import { tempFolder } from './temp-folder.ts'

const ports = { clock: systemClock, random: systemRandom }

describe('any sequence of operations', () => {
  test.each([1, 2, 3, 4, 5])('leaves the store as a map would be (seed %d)', async (seed) => {
    let state = seed
    const random = (n: number) => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) % n
    const root = tempFolder()
    let store = openStore(root, ports)
    /** What must be there. */
    const model = new Map<Digest, Buffer>()
    const known = new Map<Digest, Buffer>()
    const pinned = new Set<Digest>()
    for (let step = 0; step < 250; step++) {
      const bytes = random(12) === 0 ? bytesOf(1_000_000 + random(200_000)) : bytesOf(random(60))
      const digest = digestBytes(bytes)
      known.set(digest, bytes)
      const some = [...known.keys()][random(known.size)] ?? emptyDigest
      switch (random(12)) {
        case 0: case 1: case 2:
          expect(await store.cas.put(bytes)).toBe(digest)
          model.set(digest, bytes)
          break
        case 3:
          expect(await store.cas.putStream(pieces(bytes, 1 + random(100_000)))).toBe(digest)
          model.set(digest, bytes)
          break
        case 4: case 5:
          expect(await store.cas.putFile(fileOf(bytes), random(2) === 0 ? 'copy' : 'move')).toBe(digest)
          model.set(digest, bytes)
          break
        case 6:
          await store.cas.putStream(pieces(bytes, 1000), digestBytes(Buffer.from('other'))).catch(() => undefined)
          break
        case 7:
          await store.cas.file(some, random(2) === 0)
          break
        case 8:
          if (!model.has(some) || some === emptyDigest) break
          chmodSync(blobPath(store.layout, some), 0o644)
          writeFileSync(blobPath(store.layout, some), 'damage')
          model.delete(some)
          break
        case 9:
          if (!model.has(some)) break
          await store.pins.put(`pin ${random(3)}`, [some])
          pinned.clear()
          for (const pin of store.pins.all()) for (const each of pin.digests) pinned.add(each)
          break
        case 10:
          await store.results.put(actionKey(digest), { outputs: {}, duration: step })
          await store.close()
          store = openStore(root, ports)
          if (random(2) === 0) break
          // Nobody uses the store, so only what is pinned stays.
          await collectGarbage(store, { maxSize: 0 })
          for (const each of model.keys()) if (!pinned.has(each) && each !== emptyDigest) model.delete(each)
          break
        case 11:
          if (random(4) === 0) await verifyStore(store)
          break
      }
      expect(store.cas.has(some)).toBe(model.has(some) || some === emptyDigest)
    }
    const missing = [...known.keys()].filter((digest) => !model.has(digest) && digest !== emptyDigest)
    expect(new Set(store.cas.missing(known.keys()))).toEqual(new Set(missing))
    for (const [digest, bytes] of model) expect(Buffer.from((await store.cas.read(digest)) ?? []).equals(bytes)).toBe(true)
    await store.close()
  })
})
