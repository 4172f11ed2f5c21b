import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { digestBytes, digestText } from '../../base/digest.ts'
import { type AbsPath, absPath, digestHash, relPath } from '../../base/ids.ts'
import { type Clock, systemClock, systemRandom } from '../../base/ports.ts'
import { Fault } from '../../base/result.ts'
import { blobPath, layoutOf } from '../../cache/layout.ts'
import { openStore, type Store, type StorePorts } from '../../cache/store.ts'
import { buildTree } from '../../cache/tree-builder.ts'
import { bytesOf, fileOf, pieces } from './laws.ts'
import { tempFolder } from './temp-folder.ts'

const open = (root = tempFolder(), ports: Partial<StorePorts> = {}) => openStore(root, { clock: systemClock, random: systemRandom, ...ports })

/** A write that an editor or a root process could make: in place, read-only or not. */
function overwrite(path: AbsPath, text: string): void {
  chmodSync(path, 0o644)
  writeFileSync(path, text)
}

/** Damage that no stat shows: same size, same times, as a bad disk or a lost page makes it. */
function rot(path: AbsPath): void {
  const { atime, mtime } = statSync(path)
  const bytes = readFileSync(path)
  bytes[0] = (bytes[0] ?? 0) ^ 1
  chmodSync(path, 0o644)
  writeFileSync(path, bytes)
  chmodSync(path, 0o444)
  utimesSync(path, atime, mtime)
}

const quarantined = (store: Store) => (existsSync(store.layout.quarantine) ? readdirSync(store.layout.quarantine).map((name) => name.slice(0, 64)) : [])

describe('the local store', () => {
  test('has its version in the path, and files that nobody may write', async () => {
    const store = open()
    const digest = await store.cas.put(Buffer.from('x'))
    const hash = digestHash(digest)
    const path = join(store.root, 'v1/cas', hash.slice(0, 2), hash.slice(2))
    expect(blobPath(store.layout, digest)).toBe(path)
    expect(statSync(path).mode & 0o777).toBe(0o444)
    expect(statSync((await store.cas.file(digest, true)) ?? '')).toMatchObject({ mode: 0o100555 })
  })

  test('makes nothing on the disk by being opened and asked', async () => {
    const root = tempFolder()
    const store = open(root)
    expect(store.cas.has(digestText('x'))).toBe(false)
    expect(store.receipts.get('x')).toBeUndefined()
    await store.close()
    expect(readdirSync(join(root))).not.toContain('index')
    expect(existsSync(layoutOf(root).index)).toBe(false)
  })

  test('leaves no temporary file and no lease behind', async () => {
    const store = open()
    await store.cas.put(bytesOf(10))
    await store.cas.putStream(pieces(bytesOf(10), 3))
    await store.cas.putFile(fileOf(bytesOf(2_000_000)), 'move')
    await store.cas.putStream(pieces(bytesOf(10), 3), digestText('no')).catch(() => undefined)
    {
      await using folder = store.temp('odd / name')
      writeFileSync(join(folder.path, 'x'), '')
      expect(dirname(folder.path).startsWith(store.layout.tmp)).toBe(true)
    }
    await store.close()
    expect(readdirSync(store.layout.tmp)).toEqual([])
    expect(readdirSync(store.layout.leases)).toEqual([])
  })

  test('has a temporary folder that was handed over removed after its own end, read-only folders too', async () => {
    const store = open()
    const { path, handOver } = store.temp('large')
    mkdirSync(join(path, 'shut', 'in'), { recursive: true })
    writeFileSync(join(path, 'shut', 'in', 'x'), '')
    chmodSync(join(path, 'shut', 'in'), 0o500)
    handOver()
    await store.close()
    await expect.poll(() => readdirSync(store.layout.tmp), { timeout: 10_000 }).toEqual([])
  })

  test('joins bytes and parts of blobs to what one stream of them would be', async () => {
    const store = open()
    const [small, large] = [bytesOf(1_000), bytesOf(2_500_000)]
    const parts = [Buffer.from('head'), { blob: await store.cas.put(large), from: 300_000, to: 2_400_001 }, { blob: await store.cas.put(small, 'many'), from: 0, to: 1_000 }, Buffer.from('end')]
    const joined = await store.cas.putJoined(parts)
    const expected = Buffer.concat([Buffer.from('head'), large.subarray(300_000, 2_400_001), small, Buffer.from('end')])
    expect(joined).toBe(digestBytes(expected))
    // The first one while the thread for it starts, and then on the thread.
    for (const more of ['second', 'third']) expect(await store.cas.putJoined([...parts, Buffer.from(more)])).toBe(digestBytes(Buffer.concat([expected, Buffer.from(more)])))
    expect(Buffer.from((await store.cas.read(joined)) ?? []).equals(expected)).toBe(true)
    expect(statSync(blobPath(store.layout, joined))).toMatchObject({ mode: 0o100444, mtimeMs: 0 })
    await store.close()
    expect(readdirSync(store.layout.tmp)).toEqual([])
  })

  test('joins nothing of a blob that rotted or is not here, outside of the part that is taken too', async () => {
    const store = open()
    const digest = await store.cas.put(bytesOf(2_000_000))
    rot(blobPath(store.layout, digest))
    for (const blob of [digest, digestText('never put')]) {
      await expect(store.cas.putJoined([{ blob, from: 10, to: 20 }])).rejects.toMatchObject({ name: 'MissingBlob', digest: blob })
    }
    expect(quarantined(store)).toEqual([digestHash(digest)])
    await store.close()
    expect(readdirSync(store.layout.tmp)).toEqual([])
  })

  test('keeps a temporary folder that was kept', async () => {
    const store = open()
    let path = ''
    {
      await using folder = store.temp('failed')
      path = folder.path
      writeFileSync(join(path, 'log'), 'why')
      folder.keep()
    }
    await store.close()
    expect(store.scratch.sweep()).toBe(0)
    expect(readFileSync(join(path, 'log'), 'utf8')).toBe('why')
  })

  test.each([
    ['overwritten', (path: AbsPath) => overwrite(path, 'hacked')],
    ['overwritten with other bytes of the same length', (path: AbsPath) => overwrite(path, 'ORIGINAL')],
    ['cut short', (path: AbsPath) => truncateSync(path, 3)],
    ['emptied, with its old times', (path: AbsPath) => (truncateSync(path, 0), utimesSync(path, 0, 0))],
  ])('does not believe a blob that was %s: it is quarantined, and can be put again', async (_, damage) => {
    for (const look of ['has', 'read', 'open', 'file', 'put'] as const) {
      const store = open()
      const digest = await store.cas.put(Buffer.from('original'))
      damage(blobPath(store.layout, digest))
      if (look === 'has') expect(store.cas.has(digest)).toBe(false)
      else if (look === 'file') expect(await store.cas.file(digest, false)).toBeUndefined()
      else if (look !== 'put') expect(await store.cas[look](digest)).toBeUndefined()
      await store.cas.put(Buffer.from('original'))
      expect(quarantined(store)).toEqual([digestHash(digest)])
      expect(Buffer.from((await store.cas.read(digest)) ?? []).toString()).toBe('original')
    }
  })

  test('reading whole finds also the damage that no stat shows', async () => {
    const store = open()
    const digest = await store.cas.put(Buffer.from('original'))
    rot(blobPath(store.layout, digest))
    expect(await store.cas.read(digest)).toBeUndefined()
    expect(store.cas.has(digest)).toBe(false)
    expect(quarantined(store)).toEqual([digestHash(digest)])
  })

  test('makes the executable variant again when it was changed', async () => {
    const store = open()
    const digest = await store.cas.put(Buffer.from('#!/bin/sh'))
    const path = (await store.cas.file(digest, true)) ?? absPath('/')
    overwrite(path, 'evil')
    expect(await store.cas.file(digest, true)).toBe(path)
    expect(readFileSync(path, 'utf8')).toBe('#!/bin/sh')
  })
})

describe('an unclean end', () => {
  test('puts what was stored since the clean mark in doubt: it is hashed before it is believed', async () => {
    const root = tempFolder()
    const before = open(root, { boot: 'boot-1' })
    const [good, bad] = [await before.cas.put(Buffer.from('good')), await before.cas.put(Buffer.from('bad!'))]
    await before.cas.file(bad, true)
    rot(blobPath(before.layout, bad))
    // Within one boot the page cache holds what was written, also for the process that comes after a killed one.
    expect(open(root, { boot: 'boot-1' }).cas.has(bad)).toBe(true)
    await new Promise((resolve) => setTimeout(resolve, 30))
    const after = open(root, { boot: 'boot-2' })
    expect(after.cas.has(good)).toBe(true)
    expect(after.cas.has(bad)).toBe(false)
    expect(quarantined(after)).toEqual([digestHash(bad)])
  })

  test('doubts everything when the mark was lost with it', async () => {
    const root = tempFolder()
    const before = open(root, { boot: 'boot-1' })
    const digest = await before.cas.put(Buffer.from('bad!'))
    rot(blobPath(before.layout, digest))
    writeFileSync(before.layout.mark, '')
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(open(root, { boot: 'boot-2' }).cas.has(digest)).toBe(false)
  })

  test('does not doubt what was there long before, nor what was hashed once', async () => {
    const root = tempFolder()
    const minutes = (n: number): Clock => ({ now: () => Date.now() + n * 60_000, monotonic: () => 0 })
    const early = open(root, { boot: 'boot-1' })
    const old = await early.cas.put(Buffer.from('old!'))
    await early.close()
    // An hour later, an orderly session of the same boot knows that the kernel has written everything back.
    const later = open(root, { boot: 'boot-1', clock: minutes(60) })
    later.cas.has(old)
    await later.close()
    rot(blobPath(early.layout, old))
    expect(open(root, { boot: 'boot-2', clock: minutes(90) }).cas.has(old)).toBe(true)
    const twice = tempFolder()
    const first = open(twice, { boot: 'boot-1' })
    const digest = await first.cas.put(Buffer.from('once'))
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(open(twice, { boot: 'boot-2' }).cas.has(digest)).toBe(true)
    rot(blobPath(first.layout, digest))
    expect(open(twice, { boot: 'boot-2' }).cas.has(digest)).toBe(true)
  })
})

describe('a full disk', () => {
  test('is told before anything is written, with a hint, and costs nothing that is there', async () => {
    let free = 10 << 20
    const store = open(tempFolder(), { freeSpace: () => ({ bytes: free, inodes: 1000, allInodes: 1000 }) })
    const here = await store.cas.put(Buffer.from('here'))
    free = 3 << 19
    const ways = [() => store.cas.put(bytesOf(9_000_000)), () => store.cas.putStream(pieces(bytesOf(9_000_000), 1 << 20)), () => store.cas.putFile(fileOf(bytesOf(9_000_000)), 'copy')]
    for (const way of ways) {
      const error = await way().catch((e: unknown) => e)
      expect(error).toBeInstanceOf(Fault)
      expect(error).toMatchObject({ kind: 'machine', hint: expect.stringContaining('gc') })
    }
    expect(store.cas.has(here)).toBe(true)
    expect(store.cas.missing([digestText('other')])).toHaveLength(1)
  })

  test('of inodes is told too', async () => {
    const store = open(tempFolder(), { freeSpace: () => ({ bytes: 2 ** 40, inodes: 0, allInodes: 1000 }) })
    await expect(store.cas.put(Buffer.from('x'))).rejects.toThrow('inodes')
  })
})

describe('written-out trees', () => {
  test('are written once, have time 0, and are made again after a stop of the machine', async () => {
    const root = tempFolder()
    const store = open(root, { boot: 'boot-1' })
    const digest = await buildTree(store.cas, [[relPath('a/b'), { kind: 'file', digest: await store.cas.put(Buffer.from('B')), mode: 0o640 }]])
    const folders = await Promise.all(Array.from({ length: 8 }, () => store.roots.folder(digest)))
    expect(new Set(folders).size).toBe(1)
    const folder = folders[0] ?? absPath('/')
    expect(statSync(join(folder, 'a/b'))).toMatchObject({ mode: 0o100640, mtimeMs: 0 })
    expect(statSync(folder).mtimeMs).toBe(0)
    const { ino } = statSync(folder)
    expect(statSync(await store.roots.folder(digest)).ino).toBe(ino)
    writeFileSync(join(folder, 'a/b'), '')
    await new Promise((resolve) => setTimeout(resolve, 30))
    const again = await open(root, { boot: 'boot-2' }).roots.folder(digest)
    expect(again).toBe(folder)
    expect(readFileSync(join(folder, 'a/b'), 'utf8')).toBe('B')
  })

  test('are not left half-made when the store lacks a part', async () => {
    const store = open()
    const digest = await buildTree(store.cas, [[relPath('a'), { kind: 'file', digest: digestText('never put'), mode: 0o644 }]])
    await expect(store.roots.folder(digest)).rejects.toThrow(digestText('never put'))
    expect(existsSync(store.layout.roots) ? readdirSync(store.layout.roots) : []).toEqual([])
    await store.cas.put(Buffer.from('never put'))
    expect(readFileSync(join(await store.roots.folder(digest), 'a'), 'utf8')).toBe('never put')
  })
})
