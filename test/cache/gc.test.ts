import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { digestText, emptyDigest } from '../../base/digest.ts'
import { type AbsPath, absPath, actionKey, type ActionKey, type Digest, digestHash, relPath } from '../../base/ids.ts'
import { type Clock, systemClock, systemRandom } from '../../base/ports.ts'
import { collectGarbage } from '../../cache/gc.ts'
import { trashPath } from '../../cache/gc-mark.ts'
import { blobPath } from '../../cache/layout.ts'
import { storeStats } from '../../cache/stats.ts'
import { openStore, type Store } from '../../cache/store.ts'
import { buildTree } from '../../cache/tree-builder.ts'
import { verifyStore, verifySteps } from '../../cache/verify.ts'
import { bytesOf } from './laws.ts'
import { tempFolder } from './temp-folder.ts'

const day = 24 * 3600 * 1000
const open = (root = tempFolder(), clock: Clock = systemClock) => openStore(root, { clock, random: systemRandom })
const at = (days: number): Clock => ({ now: () => Date.now() + days * day, monotonic: () => 0 })

/** An action as the engine records it: a manifest under its key, a tree of one file, a log. */
async function action(store: Store, name: string, size = 10): Promise<{ key: ActionKey; tree: Digest; file: Digest; input: Digest }> {
  const input = await store.cas.put(Buffer.from(`input of ${name}`))
  const key = actionKey(await store.cas.put(Buffer.from(JSON.stringify({ inputs: { source: { digest: input, shape: 'blob' } }, name }))))
  const file = await store.cas.put(Buffer.concat([Buffer.from(name), bytesOf(size)]))
  const tree = await buildTree(store.cas, [[relPath(`deep/${name}`), { kind: 'file', digest: file, mode: 0o644 }]])
  await store.results.put(key, { outputs: { out: { kind: 'tree', digest: tree } }, log: await store.cas.put(Buffer.from(`log of ${name}`)), duration: 1 })
  return { key, tree, file, input }
}

/** Opens the store of an earlier process: what that one used is in use no more. */
async function reopen(store: Store, clock?: Clock): Promise<Store> {
  await store.close()
  return open(store.root, clock)
}

describe('gc', () => {
  test('frees what nothing reaches and keeps what results reach', async () => {
    const first = open()
    const { key, tree, file, input } = await action(first, 'a')
    const stray = await first.cas.put(Buffer.from('stray'))
    const store = await reopen(first)
    const report = await collectGarbage(store)
    expect(report.freed).toMatchObject({ blobs: 2, bytes: 'stray'.length + 'input of a'.length, results: 0 })
    expect(store.cas.missing([key, tree, file, input, stray])).toEqual([input, stray])
    expect(store.results.get(key)).toBeDefined()
    expect(report.kept).toEqual({ blobs: (await storeStats(store)).blobs, bytes: (await storeStats(store)).bytes, results: 1, roots: 0 })
  })

  test('keeps what pins reach, whatever the size: blobs, trees, and results with what they were made of', async () => {
    const first = open()
    const [kept, gone] = [await action(first, 'kept'), await action(first, 'gone')]
    const blob = await first.cas.put(Buffer.from('pinned blob'))
    const inner = await first.cas.put(Buffer.from('inside a pinned tree'))
    const tree = await buildTree(first.cas, [[relPath('x/y/z'), { kind: 'file', digest: inner, mode: 0o644 }]])
    const large = await first.cas.put(bytesOf(2_000_000))
    await first.pins.put('snapshot', [blob, tree, kept.key, large])
    const store = await reopen(first)
    const report = await collectGarbage(store, { maxSize: 0 })
    expect(store.cas.missing([blob, inner, tree, large, kept.key, kept.tree, kept.file, kept.input, digestText('log of kept')])).toEqual([])
    expect(store.results.get(kept.key)).toBeDefined()
    expect(store.cas.missing([gone.key, gone.tree, gone.file, gone.input])).toHaveLength(4)
    expect(store.results.get(gone.key)).toBeUndefined()
    expect(report.freed.results).toBe(1)
    await store.pins.remove('snapshot')
    const after = await reopen(store)
    await collectGarbage(after, { maxSize: 0 })
    expect(await storeStats(after)).toMatchObject({ blobs: 0, bytes: 0, results: 0 })
  })

  test('does not take its own reading for a use', async () => {
    // The kernel's clock is a day ahead of gc's: whatever the kernel dates is young.
    const first = open(undefined, at(-2))
    await action(first, 'a')
    await first.close()
    const store = open(first.root, at(-1))
    await collectGarbage(store, { maxSize: 0 })
    expect(await storeStats(store)).toMatchObject({ blobs: 0, results: 0 })
  })

  test('drops the results that were used longest ago when the size is too large', async () => {
    const first = open()
    const old = await action(first, 'old', 100_000)
    const second = await reopen(first, at(2))
    const middle = await action(second, 'middle', 100_000)
    const third = await reopen(second, at(4))
    const fresh = await action(third, 'fresh', 100_000)
    // Asked for on the fifth day: now the oldest one is the middle one.
    const fourth = await reopen(third, at(5))
    expect(fourth.results.get(old.key)).toBeDefined()
    const store = await reopen(fourth, at(6))
    const report = await collectGarbage(store, { maxSize: 250_000 })
    expect([old, middle, fresh].map(({ key }) => store.results.peek(key) !== undefined)).toEqual([true, false, true])
    expect(store.cas.missing([old.file, fresh.file])).toEqual([])
    expect(store.cas.has(middle.file)).toBe(false)
    expect(report.kept.bytes).toBeLessThanOrEqual(250_000)
  })

  test('drops results that are too old, and keeps what younger ones share with them', async () => {
    const first = open()
    const old = await action(first, 'old')
    const second = await reopen(first, at(10))
    const young = actionKey(digestText('young'))
    await second.results.put(young, { outputs: { same: { kind: 'tree', digest: old.tree } }, duration: 1 })
    const store = await reopen(second, at(12))
    await collectGarbage(store, { maxAge: 5 * day })
    expect(store.results.peek(old.key)).toBeUndefined()
    expect(store.results.peek(young)).toBeDefined()
    expect(store.cas.missing([old.tree, old.file])).toEqual([])
    expect(store.cas.has(old.key)).toBe(false)
  })

  test('spares what a build that runs has put, asked for or written out', async () => {
    const first = open()
    const asked = await action(first, 'asked')
    const other = await action(first, 'other')
    const build = await reopen(first)
    expect(build.results.get(asked.key)).toBeDefined()
    const put = await build.cas.put(Buffer.from('just put'))
    const folder = await build.roots.folder(other.tree)
    const gc = open(build.root, at(30))
    await collectGarbage(gc, { maxSize: 0, maxAge: 0 })
    expect(build.cas.missing([put, asked.tree, asked.file, asked.key, other.tree, other.file])).toEqual([])
    expect(readFileSync(join(folder, 'deep/other')).subarray(0, 5).toString()).toBe('other')
    expect(build.results.get(asked.key)).toBeDefined()
    expect(build.results.get(other.key)).toBeUndefined()
    await build.close()
    await collectGarbage(gc, { maxSize: 0 })
    expect(await storeStats(gc)).toMatchObject({ blobs: 0, roots: 0, results: 0 })
    expect(existsSync(folder)).toBe(false)
  })

  test('a hold that comes in the middle of a sweep is in time when what is held was found afterwards', async () => {
    const first = open()
    const trees = await Promise.all(Array.from({ length: 400 }, (_, i) => action(first, `t${i}`)))
    const build = await reopen(first)
    const gc = open(build.root, at(30))
    const found: { tree: Digest; file: Digest }[] = []
    let running = true
    const sweep = collectGarbage(gc, { maxSize: 0 }).finally(() => (running = false))
    for (let i = 0; running; i = (i + 37) % 400) {
      const each = trees[i]
      if (each === undefined) continue
      build.lease.hold([each.tree])
      if (build.cas.has(each.tree)) found.push(each)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await sweep
    expect(found.length).toBeGreaterThan(0)
    expect(build.cas.missing(found.flatMap(({ tree, file }) => [tree, file]))).toEqual([])
  })

  test('puts back what a killed one left in the trash, and removes what dead sessions left', async () => {
    const first = open()
    const { file } = await action(first, 'a')
    const store = await reopen(first)
    const path = blobPath(store.layout, file)
    mkdirSync(store.layout.trash)
    renameSync(path, trashPath(store.layout, path))
    mkdirSync(join(store.layout.tmp, '0123456789abcdef-1-1-1.abc/half'), { recursive: true })
    writeFileSync(join(store.layout.leases, '0123456789abcdef-1-1-1.abc'), `0\n${digestText('x')}\n`)
    const report = await collectGarbage(store)
    expect(report.freed.temporaries).toBe(1)
    expect(store.cas.has(file)).toBe(true)
    expect(readdirSync(store.layout.leases)).toEqual([])
    expect(readdirSync(store.layout.tmp)).toEqual([])
  })

  test('removes what recipes came to when it was not written anew for a month', async () => {
    const { layout } = open()
    mkdirSync(layout.parses, { recursive: true })
    writeFileSync(join(layout.parses, 'old'), '')
    const store = open(absPath(dirname(layout.base)), at(29))
    await collectGarbage(store)
    expect(readdirSync(layout.parses)).toEqual(['old'])
    expect((await collectGarbage(await reopen(store, at(31)))).freed.temporaries).toBe(1)
    expect(readdirSync(layout.parses)).toEqual([])
  })

  test('of a new store frees nothing', async () => {
    expect((await collectGarbage(open(), { maxSize: 0 })).freed).toEqual({ blobs: 0, bytes: 0, results: 0, roots: 0, temporaries: 0 })
  })
})

describe('verify', () => {
  test('finds corrupt blobs, drops results that need them and written-out trees that changed, in named steps', async () => {
    const store = open()
    const [good, bad] = [await action(store, 'good'), await action(store, 'bad')]
    const folder = await store.roots.folder(good.tree)
    const other = await store.roots.folder(bad.tree)
    rot(blobPath(store.layout, bad.file))
    writeFileSync(join(folder, 'deep/good'), 'changed')
    const steps: string[] = []
    const report = await verifyStore(store, { step: (name) => steps.push(name) })
    expect(steps).toEqual([...verifySteps])
    expect(report).toMatchObject({ corrupt: [digestHash(bad.file)], dropped: [bad.key], results: 2, roots: 2, removedRoots: [digestHash(good.tree)] })
    expect(readdirSync(store.layout.quarantine).map((name) => name.slice(0, 64))).toEqual([digestHash(bad.file)])
    expect(existsSync(other)).toBe(true)
    expect(existsSync(folder)).toBe(false)
    expect(store.results.get(bad.key)).toBeUndefined()
    expect(store.results.get(good.key)).toBeDefined()
    expect(await verifyStore(store)).toMatchObject({ corrupt: [], dropped: [], removedRoots: [] })
  })

  test('finds a wrong executable variant', async () => {
    const store = open()
    const digest = await store.cas.put(Buffer.from('#!'))
    rot((await store.cas.file(digest, true)) ?? store.root)
    expect((await verifyStore(store)).corrupt).toEqual([digestHash(digest)])
    expect(readFileSync((await store.cas.file(digest, true)) ?? '', 'utf8')).toBe('#!')
  })
})

test('statistics count what is there', async () => {
  const store = open()
  const { tree } = await action(store, 'a')
  await store.roots.folder(tree)
  await store.cas.file(digestText('log of a'), true)
  await store.pins.put('p', [emptyDigest])
  store.receipts.put('r', new Uint8Array())
  const { bytes, ...stats } = await storeStats(store)
  expect(bytes).toBeGreaterThan(50)
  expect(stats).toEqual({ blobs: 6, executables: 1, executableBytes: 8, results: 1, pins: 1, roots: 1, rootBytes: 11, receipts: 1, quarantined: 0 })
})

/** Damage that no stat shows. */
function rot(path: AbsPath): void {
  const { atime, mtime, mode } = statSync(path)
  const bytes = readFileSync(path)
  bytes[0] = (bytes[0] ?? 0) ^ 1
  chmodSync(path, 0o644)
  writeFileSync(path, bytes)
  chmodSync(path, mode)
  utimesSync(path, atime, mtime)
}
