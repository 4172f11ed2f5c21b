import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import { digestBytes, digestText } from '../../base/digest.ts'
import { absPath, actionKey, digestHash, parseDigest, relPath } from '../../base/ids.ts'
import { systemClock, systemRandom } from '../../base/ports.ts'
import { listBlobs } from '../../cache/blob-list.ts'
import { collectGarbage } from '../../cache/gc.ts'
import { openStore } from '../../cache/store.ts'
import { buildTree } from '../../cache/tree-builder.ts'
import { verifyStore } from '../../cache/verify.ts'
import { compileChild, startChild } from './compiled.ts'
import { tempFolder } from './temp-folder.ts'

const open = (root = tempFolder()) => openStore(root, { clock: systemClock, random: systemRandom })
const never = new AbortController().signal
let script = ''

beforeAll(() => {
  script = compileChild()
})

describe('two processes on one store', () => {
  test('kill -9 in the middle of writing costs nothing that was done, and leaves nothing half-written', async () => {
    const root = tempFolder()
    const done: string[] = []
    for (let round = 0; round < 4; round++) {
      const children = ['a', 'b'].map((name) => startChild(script, root, 'write', `${round % 2}${name}`))
      for (let i = 0; i < 8 + round * 3; i++) for (const child of children) done.push((await child.line()) ?? '')
      await setTimeout(round * 7)
      for (const child of children) done.push(...(await child.kill()))
    }
    expect(done.length).toBeGreaterThan(60)
    const store = open(root)
    for (const [what, text] of done.map((line) => line.split(' '))) {
      const digest = parseDigest(text ?? '')
      if (digest === undefined) throw new Error(`bad line ${text}`)
      if (what === 'result') expect(store.results.get(actionKey(digest))).toBeDefined()
      else expect(digestBytes((await store.cas.read(digest)) ?? Buffer.from('gone'))).toBe(digest)
    }
    for await (const blob of listBlobs(store.layout)) expect(digestHash(digestBytes(readFileSync(blob.path)))).toBe(blob.hash)
    expect(await verifyStore(store)).toMatchObject({ corrupt: [], dropped: [] })
    // What the killed ones were writing is removed by whoever comes later.
    expect(readdirSync(store.layout.tmp).length).toBeGreaterThan(0)
    store.scratch.sweep()
    expect(readdirSync(store.layout.tmp)).toEqual([])
  })

  test.each(['locks', 'workLocks'] as const)('a lock of %s excludes the other process, and is free the moment its holder is killed', async (kind) => {
    const root = tempFolder()
    const other = startChild(script, root, 'lock', kind, 'build')
    expect(await other.line()).toBe('held')
    const locks = open(root)[kind]
    expect(await locks.tryAcquire('build')).toBeUndefined()
    await using _ = await locks.acquire('another', never)
    let got = false
    const waiting = locks.acquire('build', never).then((lock) => {
      got = true
      return lock
    })
    await setTimeout(50)
    expect(got).toBe(false)
    await other.kill()
    await using _lock = await waiting
    expect(got).toBe(true)
  })

  test.each(['locks', 'workLocks'] as const)('a lock of %s is the same over whatever path to a store, and another in another store', async (kind) => {
    const root = tempFolder()
    const alias = absPath(join(tempFolder(), 'alias'))
    symlinkSync(root, alias)
    await using _ = await open(root)[kind].acquire('x', never)
    expect(await open(alias)[kind].tryAcquire('x')).toBeUndefined()
    await using other = await open()[kind].tryAcquire('x')
    expect(other).toBeDefined()
  })

  test.each(['locks', 'workLocks'] as const)('waiting for a lock of %s ends with the signal', async (kind) => {
    const locks = open()[kind]
    await using _ = await locks.acquire('x', never)
    await expect(locks.acquire('x', AbortSignal.timeout(30))).rejects.toThrow()
    await expect(locks.acquire('y', AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped')
  })

  test('many waiters in many processes each get their turn alone', async () => {
    const root = tempFolder()
    const file = join(root, 'number')
    writeFileSync(file, '0')
    const children = Array.from({ length: 4 }, () => startChild(script, root, 'count', file))
    expect(await Promise.all(children.map((child) => child.ended()))).toEqual([0, 0, 0, 0])
    expect(readFileSync(file, 'utf8')).toBe('100')
  })

  test('a tree is written out once, however many processes ask', async () => {
    const root = tempFolder()
    const store = open(root)
    const entries = await Promise.all(Array.from({ length: 300 }, async (_, i) => [relPath(`d${i % 7}/f${i}`), { kind: 'file', digest: await store.cas.put(Buffer.from(`${i}`)), mode: 0o644 }] as const))
    const digest = await buildTree(store.cas, entries)
    const children = Array.from({ length: 3 }, () => startChild(script, root, 'root', digest))
    const inodes = await Promise.all(children.map((child) => child.line()))
    expect(inodes[0]).toMatch(/^[0-9]+$/)
    expect(new Set(inodes).size).toBe(1)
    await Promise.all(children.map((child) => child.ended()))
    expect(readdirSync(store.layout.tmp).flatMap((name) => readdirSync(join(store.layout.tmp, name)))).toEqual([])
  })

  test('what a running process holds is spared by gc, and what a killed one held is not', async () => {
    const root = tempFolder()
    const store = open(root)
    const blob = await store.cas.put(Buffer.from('inside'))
    const tree = await buildTree(store.cas, [[relPath('a/b'), { kind: 'file', digest: blob, mode: 0o644 }]])
    await store.close()
    const holder = startChild(script, root, 'hold', tree)
    expect(await holder.line()).toBe('held')
    const again = open(root)
    expect((await collectGarbage(again)).freed.blobs).toBe(0)
    expect(again.cas.missing([blob, tree])).toEqual([])
    await holder.kill()
    expect((await collectGarbage(again)).freed.blobs).toBe(3)
    expect(again.cas.missing([blob, tree])).toEqual([blob, tree])
    expect(readdirSync(again.layout.leases)).toEqual([])
  })

  test('builds and gc at once: what is put and what is asked for stays', async () => {
    const root = tempFolder()
    const writer = startChild(script, root, 'write', 'w')
    const seen: string[] = []
    for (let i = 0; i < 12; i++) {
      seen.push((await writer.line()) ?? '')
      if (i % 3 === 0) await collectGarbage(open(root), { maxSize: 0 })
    }
    const store = open(root)
    for (const [what, text] of seen.map((line) => line.split(' '))) {
      if (what === 'blob') expect(store.cas.has(parseDigest(text ?? '') ?? digestText('bad line'))).toBe(true)
    }
    await writer.kill()
  })

  test('a build that finds nothing to do does not load the index', async () => {
    const root = tempFolder()
    const store = open(root)
    store.receipts.put('all', Buffer.from('the receipt'))
    await store.close()
    const child = startChild(script, root, 'idle', 'all')
    expect([await child.line(), await child.line()]).toEqual(['the receipt', 'not loaded'])
    expect(await child.ended()).toBe(0)
  })
})

const tiny = 'mount -t tmpfs -o size=6m none "$1" && exec "$2" "$3" "$1/store" fill'
const canMount = spawnSync('unshare', ['-Urm', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0

describe('a disk that is really full', () => {
  test.skipIf(!canMount)('is a fault of the machine, and leaves a store that is whole', () => {
    const ran = spawnSync('unshare', ['-Urm', 'sh', '-c', tiny, 'sh', tempFolder(), process.execPath, script], { encoding: 'utf8' })
    expect(ran.stderr).toBe('')
    const report = JSON.parse(ran.stdout)
    expect(report).toMatchObject({ kind: 'machine', corrupt: [], left: [] })
    expect(report.blobs).toBeGreaterThan(3)
    expect(report.hint).toContain('gc')
    expect(report.afterwards).toBe(true)
  })
})

