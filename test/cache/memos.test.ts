import { chmodSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, truncateSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { digestText, emptyDigest } from '../../base/digest.ts'
import { absPath, actionKey, nodeId } from '../../base/ids.ts'
import { type Clock, systemClock, systemRandom } from '../../base/ports.ts'
import { blobPath } from '../../cache/layout.ts'
import { generationOf, storeStamp, tookAway } from '../../cache/stamp.ts'
import { openStore } from '../../cache/store.ts'
import { fileOf } from './laws.ts'
import { tempFolder } from './temp-folder.ts'

const later: Clock = { now: () => Date.now() + 60_000, monotonic: () => 0 }
const open = (root = tempFolder(), clock: Clock = systemClock) => openStore(root, { clock, random: systemRandom })
const committed = () => new Promise((resolve) => setTimeout(resolve, 50))

describe('the stat memo', () => {
  test('remembers a file that is older than the memo', async () => {
    const store = open(undefined, later)
    const path = fileOf(Buffer.from('text'))
    expect(store.statMemo.lookup(path)).toBeUndefined()
    expect(await store.statMemo.digest(path)).toBe(digestText('text'))
    await committed()
    expect(store.statMemo.lookup(path)).toBe(digestText('text'))
    expect(await store.statMemo.digest(path)).toBe(digestText('text'))
  })

  test('does not believe a file that is as young as the memo: it could change once more in the same instant', async () => {
    const path = fileOf(Buffer.from('one'))
    const store = open(undefined, { now: () => statSync(path).mtimeMs + 5, monotonic: () => 0 })
    expect(await store.statMemo.digest(path)).toBe(digestText('one'))
    await committed()
    expect(store.statMemo.lookup(path)).toBeUndefined()
  })

  test('never gives the digest of other bytes, however fast they change', async () => {
    const store = open()
    const path = fileOf(Buffer.from('0000'))
    for (let i = 0; i < 300; i++) {
      const text = String(i).padStart(4, '0')
      writeFileSync(path, text)
      expect(await store.statMemo.digest(path)).toBe(digestText(text))
      if (i % 30 === 0) await committed()
    }
  })

  test.each<readonly [string, (path: string) => void, string]>([
    ['was written with its old modification time', (path) => (writeFileSync(path, 'TEXT'), utimesSync(path, 7, 7)), 'TEXT'],
    ['was replaced by another', (path) => (writeFileSync(`${path}2`, 'next'), utimesSync(`${path}2`, 7, 7), renameSync(`${path}2`, path)), 'next'],
    ['was cut', (path) => truncateSync(path, 2), 'te'],
    ['became a symlink to another', (path) => (unlinkSync(path), symlinkSync(fileOf(Buffer.from('afar')), path)), 'afar'],
  ])('notices a file that %s', async (_, change, text) => {
    const store = open(undefined, later)
    const path = fileOf(Buffer.from('text'))
    utimesSync(path, 7, 7)
    await store.statMemo.digest(path)
    await committed()
    expect(store.statMemo.lookup(path)).toBe(digestText('text'))
    change(path)
    expect(store.statMemo.lookup(path)).toBeUndefined()
    expect(await store.statMemo.digest(path)).toBe(digestText(text))
  })

  test('hashes large files, and rejects with the error of the system for what is not there', async () => {
    const store = open()
    expect(await store.statMemo.digest(fileOf(Buffer.alloc(3_000_000, 'x')))).toBe(digestText('x'.repeat(3_000_000)))
    await expect(store.statMemo.digest(absPath(join(tempFolder(), 'none')))).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('tells two very long paths apart', async () => {
    const store = open(undefined, later)
    const deep = absPath(`/${'d'.repeat(200)}/`.repeat(10))
    expect(store.statMemo.lookup(absPath(`${deep}a`))).toBeUndefined()
    await store.pins.put(`${deep}a`, [emptyDigest])
    await store.pins.put(`${deep}b`, [])
    expect(store.pins.get(`${deep}a`)?.digests).toEqual([emptyDigest])
    expect(store.pins.all().map(({ name }) => name).sort()).toEqual([`${deep}a`, `${deep}b`])
  })
})

describe('the other tables', () => {
  test('come back when the store is opened again', async () => {
    const root = tempFolder()
    const first = open(root)
    const key = actionKey(digestText('key'))
    first.parseMemo.put('workspace', Buffer.from('head'), [Buffer.from([0, 255]), Buffer.from([1])])
    first.durations.put('zlib/build', 1000)
    await committed()
    first.durations.put('zlib/build', 2000)
    first.history.put(nodeId('n'), { key, outputs: { out: { kind: 'tree', digest: emptyDigest } }, before: key })
    first.receipts.put('build', Buffer.from('receipt'))
    await first.pins.put('edge', [emptyDigest])
    await first.pins.put('gone', [])
    await first.pins.remove('gone')
    await first.close()
    const second = open(root)
    const memo = second.parseMemo.get('workspace')
    expect(memo?.head.toString()).toBe('head')
    expect(memo?.body(1, 2)).toEqual(Buffer.from([255, 1]))
    expect(memo?.body(2, 2)).toBeUndefined()
    expect(second.durations.get('zlib/build')).toBe(1300)
    expect(second.durations.get('other')).toBeUndefined()
    expect(second.history.get(nodeId('n'))).toEqual({ key, outputs: { out: { kind: 'tree', digest: emptyDigest } }, before: key })
    expect(Buffer.from(second.receipts.get('build') ?? []).toString()).toBe('receipt')
    expect(second.pins.all()).toMatchObject([{ name: 'edge', digests: [emptyDigest] }])
    await second.close()
  })

  test('a receipt that was cut or changed is no receipt', () => {
    const store = open()
    store.receipts.put('build', Buffer.from('receipt'))
    const [name = ''] = readdirSync(store.layout.receipts)
    const path = join(store.layout.receipts, name)
    truncateSync(path, 70)
    expect(store.receipts.get('build')).toBeUndefined()
    store.receipts.put('build', Buffer.from('receipt'))
    expect(store.receipts.get('build')).toBeDefined()
    truncateSync(path, 0)
    expect(store.receipts.get('build')).toBeUndefined()
    expect(store.receipts.get('other')).toBeUndefined()
  })

  test('a receipt is hashed before it is believed only when the machine was started anew since', () => {
    const root = tempFolder()
    const damage = (path: string, at: number) => {
      const bytes = readFileSync(path)
      bytes[at] = (bytes[at] ?? 0) ^ 1
      writeFileSync(path, bytes)
    }
    const before = openStore(root, { clock: systemClock, random: systemRandom, boot: 'one' })
    before.receipts.put('build', Buffer.from('receipt'))
    before.receipts.put('build', [Buffer.from('a'), Buffer.from('bc')], 'rows')
    const after = openStore(root, { clock: systemClock, random: systemRandom, boot: 'two' })
    expect(Buffer.from(after.receipts.get('build') ?? []).toString()).toBe('receipt')
    expect(Buffer.from(after.receipts.get('build', 'rows') ?? []).toString()).toBe('abc')
    for (const name of readdirSync(before.layout.receipts)) damage(join(before.layout.receipts, name), 129)
    expect(Buffer.from(before.receipts.get('build') ?? []).toString()).not.toBe('receipt')
    expect([after.receipts.get('build'), after.receipts.get('build', 'rows')]).toEqual([undefined, undefined])
  })

  test('a stamp tells that a blob went', async () => {
    const store = open()
    const blob = await store.cas.put(Buffer.from('blob'))
    const [stamp, generation] = [storeStamp(store.layout), generationOf(store.layout)]
    expect(storeStamp(store.layout)).toBe(stamp)
    // In another tick of the clock.
    await committed()
    unlinkSync(blobPath(store.layout, blob))
    expect(storeStamp(store.layout)).not.toBe(stamp)
    expect(generationOf(store.layout)).toBe(generation)
    const other = await store.cas.put(Buffer.from('other'))
    chmodSync(blobPath(store.layout, other), 0o644)
    writeFileSync(blobPath(store.layout, other), 'wrong')
    expect(store.cas.has(other)).toBe(false)
    expect(generationOf(store.layout)).not.toBe(generation)
    expect(tookAway(stamp, storeStamp(store.layout))).toBe(true)
  })

  test('a stamp tells blobs that came from blobs and folders that went', async () => {
    const store = open()
    await store.cas.put(Buffer.from('blob'))
    const before = storeStamp(store.layout)
    await committed()
    await store.cas.put(Buffer.from('other'))
    const after = storeStamp(store.layout)
    expect([after === before, tookAway(before, after), tookAway('', after)]).toEqual([false, false, false])
    rmSync(store.layout.cas, { recursive: true })
    expect(tookAway(after, storeStamp(store.layout))).toBe(true)
  })
})
