import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { digestText } from '../../base/digest.ts'
import { actionKey, digestHash, relPath } from '../../base/ids.ts'
import { type Clock, systemClock, systemRandom } from '../../base/ports.ts'
import { collectGarbage } from '../../cache/gc.ts'
import { IndexDb } from '../../cache/index-db.ts'
import { smallBlob } from '../../cache/small-blobs.ts'
import { openStore, type Store } from '../../cache/store.ts'
import { storedIn } from '../../cache/stored.ts'
import { buildTree } from '../../cache/tree-builder.ts'
import { verifyStore } from '../../cache/verify.ts'
import { bytesOf } from './laws.ts'
import { tempFolder } from './temp-folder.ts'

const open = (root = tempFolder(), clock: Clock = systemClock): Store => openStore(root, { clock, random: systemRandom })
const hours = (n: number): Clock => ({ now: () => Date.now() + n * 3_600_000, monotonic: () => 0 })
const files = (store: Store): number => (existsSync(store.layout.cas) ? readdirSync(store.layout.cas).length : 0)
const text = async (store: Store, name: string): Promise<string | undefined> => {
  const bytes = await store.cas.read(digestText(name))
  return bytes === undefined ? undefined : Buffer.from(bytes).toString()
}

describe('small content of which there is much', () => {
  test('lies in no file, is there at once, and for the next process', async () => {
    const store = open()
    const digest = await store.cas.put(Buffer.from('small'), 'many')
    expect([await text(store, 'small'), store.cas.has(digest), files(store)]).toEqual(['small', true, 0])
    await store.close()
    const next = open(store.root)
    expect([await text(next, 'small'), storedIn(next.layout, systemClock)(digest), storedIn(next.layout, systemClock)(digestText('other'))]).toEqual(['small', true, false])
    expect(readFileSync((await next.cas.file(digest, true)) ?? '', 'utf8')).toBe('small')
  })

  test('is in files when it is not small, or when nobody said that there is much', async () => {
    const store = open()
    for (const bytes of [bytesOf(smallBlob + 1), bytesOf(smallBlob)]) await store.cas.put(bytes, bytes.length > smallBlob ? 'many' : undefined)
    expect(files(store)).toBe(2)
  })

  test('is seen by another process not later than a result that was put after it', async () => {
    const store = open()
    const other = open(store.root)
    const key = actionKey(digestText('key'))
    expect([other.results.get(key), await text(other, 'out')]).toEqual([undefined, undefined])
    const digest = await store.cas.put(Buffer.from('out'), 'many')
    await store.results.put(key, { outputs: { out: { kind: 'blob', digest } }, duration: 1 })
    expect([other.results.get(key) !== undefined, await text(other, 'out')]).toEqual([true, 'out'])
  })

  test('is not believed when it is damaged: verify quarantines it, and it can be put again', async () => {
    const store = open()
    const digest = await store.cas.put(Buffer.from('whole'), 'many')
    await store.close()
    const index = new IndexDb(store.layout)
    await index.bytes('blobs').put(digestHash(digest), Buffer.from('\0\0\0\0wrong'))
    await index.close()
    const next = open(store.root)
    expect([await text(next, 'whole'), next.cas.has(digest)]).toEqual([undefined, false])
    expect((await verifyStore(next)).corrupt).toEqual([digestHash(digest)])
    expect(readdirSync(next.layout.quarantine).map((name) => name.slice(0, 64))).toEqual([digestHash(digest)])
    await next.cas.put(Buffer.from('whole'), 'many')
    expect([await text(next, 'whole'), (await verifyStore(next)).corrupt]).toEqual(['whole', []])
  })

  test('is collected when nothing reaches it, and stays when a result, a pin or a running build does', async () => {
    const first = open()
    const file = await first.cas.put(Buffer.from('in a tree'), 'many')
    const tree = await buildTree(first.cas, [[relPath('deep/down/file'), { kind: 'file', digest: file, mode: 0o644 }]])
    await first.results.put(actionKey(digestText('key')), { outputs: { out: { kind: 'tree', digest: tree } }, duration: 1 })
    await first.pins.put('pin', [await first.cas.put(Buffer.from('pinned'), 'many')])
    await first.cas.put(Buffer.from('nobody needs it'), 'many')
    await first.close()
    const build = open(first.root, hours(1))
    await build.cas.put(Buffer.from('in use'), 'many')
    const gc = open(first.root, hours(1))
    const report = await collectGarbage(gc)
    expect(report.freed).toMatchObject({ blobs: 1, bytes: 'nobody needs it'.length })
    expect(await Promise.all(['in a tree', 'pinned', 'in use', 'nobody needs it'].map((name) => text(gc, name)))).toEqual(['in a tree', 'pinned', 'in use', undefined])
    expect(gc.cas.has(tree)).toBe(true)
  })

  test('that was put again while it was condemned stays', async () => {
    const first = open()
    const digest = await first.cas.put(Buffer.from('back'), 'many')
    await first.close()
    const [gc, build] = [open(first.root, hours(1)), open(first.root, hours(1))]
    const [row] = [...gc.small.all()]
    if (row === undefined) throw new Error('no row')
    await build.cas.put(Buffer.from('back'), 'many')
    await build.results.put(actionKey(digestText('key')), { outputs: {}, duration: 1 })
    const young = ({ used }: { readonly used: number }): boolean => used < hours(1).now() - 60_000
    expect([young(row), gc.small.condemn([row], young)]).toEqual([true, []])
    expect(gc.cas.has(digest)).toBe(true)
  })

  test('that a killed collection left in its trash is put back by the next', async () => {
    const first = open()
    const digest = await first.cas.put(Buffer.from('half gone'), 'many')
    await first.pins.put('pin', [digest])
    await first.close()
    const killed = open(first.root, hours(1))
    expect(killed.small.condemn([...killed.small.all()], () => true)).toHaveLength(1)
    expect(killed.cas.has(digest)).toBe(false)
    await killed.close()
    const next = open(first.root, hours(2))
    await collectGarbage(next)
    expect(await text(next, 'half gone')).toBe('half gone')
  })

  test('makes nothing on the disk by being looked for', async () => {
    const store = open()
    expect([store.cas.has(digestText('x')), await store.cas.read(digestText('x')), [...store.small.all()]]).toEqual([false, undefined, []])
    expect(existsSync(join(store.root, 'v1/index'))).toBe(false)
  })
})
