import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, linkSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { digestText } from '../../base/digest.ts'
import { type AbsPath, absPath, type Digest, relPath, type RelPath } from '../../base/ids.ts'
import { systemClock, systemRandom } from '../../base/ports.ts'
import { Fault } from '../../base/result.ts'
import type { Cas } from '../../cache/cache.ts'
import { HashOnlyCas } from '../../cache/hash-only-cas.ts'
import { MemoryCas } from '../../cache/memory-cas.ts'
import { MissingBlob } from '../../cache/missing-blob.ts'
import { removeTree } from '../../cache/remove.ts'
import { openStore } from '../../cache/store.ts'
import { buildTree, type TreeEntry } from '../../cache/tree-builder.ts'
import { captureTree } from '../../cache/tree-capture.ts'
import { diffTrees } from '../../cache/tree-diff.ts'
import { mergeTrees } from '../../cache/tree-merge.ts'
import { nodeAt, readTreeFile, subtreeAt, treeBlobs, walkTree } from '../../cache/tree-walk.ts'
import { writeTree } from '../../cache/tree-write.ts'
import { tempFolder } from './temp-folder.ts'

const localCas = () => openStore(tempFolder(), { clock: systemClock, random: systemRandom }).cas
const memoryCas = () => new MemoryCas(tempFolder())

/** A tree from texts: `name: text`, `name: -> target`, `name/: mode`. */
async function tree(cas: Cas, entries: Readonly<Record<string, string | number | TreeEntry>>): Promise<Digest> {
  const list: [RelPath, TreeEntry][] = []
  for (const [path, value] of Object.entries(entries)) {
    if (typeof value === 'object') list.push([relPath(path), value])
    else if (typeof value === 'number') list.push([relPath(path), { kind: 'directory', mode: value }])
    else if (value.startsWith('-> ')) list.push([relPath(path), { kind: 'symlink', target: value.slice(3) }])
    else list.push([relPath(path), { kind: 'file', digest: await cas.put(Buffer.from(value)), mode: 0o644 }])
  }
  return buildTree(cas, list)
}

/** Everything in a tree, one line each. */
async function lines(cas: Cas, root: Digest): Promise<string[]> {
  const list: string[] = []
  for await (const { path, node, mode } of walkTree(cas, root)) {
    const content = node.kind === 'file' ? Buffer.from((await cas.read(node.digest)) ?? []).toString() : node.kind === 'symlink' ? `-> ${node.target}` : ''
    list.push(`${path} ${mode.toString(8)} ${content}`.trimEnd())
  }
  return list
}

describe('a tree', () => {
  test('is built from paths, with the folders on the way, in one form whatever the order', async () => {
    const cas = memoryCas()
    const entries = { 'usr/bin/a': 'A', usr: 0o750, lib: '-> usr/lib', 'usr/lib/b': 'B', empty: 0o755, 'a-file': 'x', 'a/b': 'y' }
    const digest = await tree(cas, entries)
    expect(await lines(cas, digest)).toEqual(['a 755', 'a/b 644 y', 'a-file 644 x', 'empty 755', 'lib 777 -> usr/lib', 'usr 750', 'usr/bin 755', 'usr/bin/a 644 A', 'usr/lib 755', 'usr/lib/b 644 B'])
    expect(await tree(cas, Object.fromEntries(Object.entries(entries).reverse()))).toBe(digest)
  })

  test('takes in whole trees', async () => {
    const cas = memoryCas()
    const inner = await tree(cas, { x: '1', 'y/z': '2' })
    expect(await lines(cas, await tree(cas, { 'a/b': { kind: 'tree', digest: inner }, 'a/c': '3' }))).toEqual(['a 755', 'a/b 755', 'a/b/x 644 1', 'a/b/y 755', 'a/b/y/z 644 2', 'a/c 644 3'])
  })

  test.each([{ a: 'file', 'a/b': 'inside' }, { 'a/b': 'inside', a: 'file' }, { l: '-> x', 'l/b': 'through' }])('is not built from what contradicts itself: %j', async (entries) => {
    await expect(tree(memoryCas(), entries)).rejects.toBeInstanceOf(Fault)
  })

  test('is looked into by path, and symlinks are not followed', async () => {
    const cas = memoryCas()
    const root = await tree(cas, { 'a/b/c': 'C', link: '-> a' })
    expect(await subtreeAt(cas, root, relPath('a/b'))).toBe(await tree(cas, { c: 'C' }))
    expect(await subtreeAt(cas, root, relPath('a/b/c'))).toBeUndefined()
    expect(Buffer.from((await readTreeFile(cas, root, relPath('a/b/c'))) ?? []).toString()).toBe('C')
    expect(await readTreeFile(cas, root, relPath('a/b'))).toBeUndefined()
    expect(await readTreeFile(cas, root, relPath('link/b/c'))).toBeUndefined()
    expect(await nodeAt(cas, root, relPath('no/such'))).toBeUndefined()
    expect(await nodeAt(cas, root, relPath('a/b/c/d'))).toBeUndefined()
  })

  test('names the blob that is missing', async () => {
    const cas = memoryCas()
    const root = await tree(cas, { 'a/b': 'B' })
    const all = await treeBlobs(cas, root)
    expect(all.size).toBe(3)
    cas.forget(digestText('B'))
    await expect(readTreeFile(cas, root, relPath('a/b'))).rejects.toEqual(new MissingBlob(digestText('B')))
    await expect(writeTree(cas, root, absPath(join(tempFolder(), 'out')))).rejects.toBeInstanceOf(MissingBlob)
    cas.forget((await subtreeAt(cas, root, relPath('a'))) ?? root)
    await expect(lines(cas, root)).rejects.toBeInstanceOf(MissingBlob)
  })
})

describe('capturing and writing out', () => {
  test.each([['copy', false], ['move', true]] as const)('keeps bytes, modes, symlinks and empty folders (%s)', async (_, move) => {
    const cas = localCas()
    const source = odd()
    const before = listing(source)
    const captured = await captureTree(cas, source, { move })
    if (captured.kind !== 'captured') throw new Error(JSON.stringify(captured))
    expect(captured).toMatchObject({ files: 7, bytes: 5 + 5 + 6 + 6 + 2_000_000 + 0 + 4 })
    if (move) expect(readdirSync(source)).toEqual([])
    else expect(listing(source)).toEqual(before)
    const target = absPath(join(tempFolder(), 'out'))
    const umask = process.umask(0o077)
    try {
      await writeTree(cas, captured.digest, target, { mtime: 1_234_567 })
    } finally {
      process.umask(umask)
    }
    expect(listing(target)).toEqual(before)
    expect(times(target)).toEqual(new Set([1_234_567]))
    expect(await captureTree(cas, target)).toMatchObject({ digest: captured.digest })
  })

  test('sets every time to 0 when none is asked for, and shares no file with the store', async () => {
    const cas = localCas()
    const target = absPath(join(tempFolder(), 'out'))
    const root = await tree(cas, { 'a/b': 'B', l: '-> a' })
    await writeTree(cas, root, target)
    expect(times(target)).toEqual(new Set([0]))
    writeFileSync(join(target, 'a/b'), 'changed')
    expect(Buffer.from((await cas.read(digestText('B'))) ?? []).toString()).toBe('B')
  })

  test('does not write into a folder that has something in it', async () => {
    const cas = localCas()
    const target = tempFolder()
    writeFileSync(join(target, 'x'), '')
    await expect(writeTree(cas, await tree(cas, { a: 'A' }), target)).rejects.toThrow('is not empty')
    expect(readdirSync(target)).toEqual(['x'])
  })

  test('never follows a symlink, wherever it leads', async () => {
    const cas = localCas()
    const outside = tempFolder()
    writeFileSync(join(outside, 'secret'), 'secret')
    const folder = tempFolder()
    const targets = { up: '../../../../etc/passwd', absolute: join(outside, 'secret'), folder: outside, self: 'self', dangling: 'nowhere', blank: ' ' }
    for (const [name, target] of Object.entries(targets)) symlinkSync(target, join(folder, name))
    const captured = await captureTree(cas, folder, { move: true })
    if (captured.kind !== 'captured') throw new Error('refused')
    expect(captured.files).toBe(0)
    expect(new Set(await lines(cas, captured.digest))).toEqual(new Set(Object.entries(targets).map(([name, target]) => `${name} 777 -> ${target}`.trimEnd())))
    expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('secret')
    const target = absPath(join(tempFolder(), 'out'))
    await writeTree(cas, captured.digest, target)
    expect(readlinkSync(join(target, 'up'))).toBe('../../../../etc/passwd')
    expect(readdirSync(outside)).toEqual(['secret'])
  })

  test('a symlink is not a folder to capture', async () => {
    const folder = tempFolder()
    symlinkSync('/', join(folder, 'root'))
    expect(await captureTree(new HashOnlyCas(), absPath(join(folder, 'root')))).toMatchObject({ kind: 'refused', diagnostics: [{ code: 'cache/not-a-folder' }] })
  })

  test('hard links become files, and a moved one takes nothing from whoever has the other', async () => {
    const cas = localCas()
    const outside = tempFolder()
    const folder = tempFolder()
    writeFileSync(join(outside, 'a'), 'linked')
    linkSync(join(outside, 'a'), join(folder, 'a'))
    linkSync(join(outside, 'a'), join(folder, 'b'))
    const captured = await captureTree(cas, folder, { move: true })
    expect(captured).toMatchObject({ kind: 'captured', files: 2, bytes: 12 })
    writeFileSync(join(outside, 'a'), 'edited')
    expect(Buffer.from((await cas.read(digestText('linked'))) ?? []).toString()).toBe('linked')
  })

  test('refuses devices, sockets, fifos and names that a tree can not hold, all at once', async () => {
    const folder = absPath(mkdtempSync(join(tmpdir(), 'n-')))
    mkdirSync(join(folder, 'd'))
    spawnSync('mkfifo', [join(folder, 'd/fifo')])
    const device = spawnSync('mknod', [join(folder, 'null'), 'c', '1', '3']).status === 0
    const server = createServer().listen(join(folder, 'socket'))
    await new Promise((resolve) => server.once('listening', resolve))
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0x66, 0xff])]), '')
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from('new\nline')]), '')
    symlinkSync(Buffer.from([0xfe]), join(folder, 'bad-target'))
    writeFileSync(join(folder, 'good'), 'good')
    const captured = await captureTree(localCas(), folder)
    server.close()
    removeTree(folder)
    if (captured.kind !== 'refused') throw new Error('captured')
    const codes = captured.diagnostics.map(({ code }) => code).sort()
    expect(codes).toEqual(['cache/bad-name', 'cache/bad-name', 'cache/bad-name', ...Array(device ? 3 : 2).fill('cache/special-file')])
    expect(captured.diagnostics.map(({ message }) => message).join('\n')).toContain('"d/fifo" is a fifo')
  })

  test('leaves out what it is told to', async () => {
    const cas = localCas()
    const folder = tempFolder()
    mkdirSync(join(folder, 'skip/inner'), { recursive: true })
    writeFileSync(join(folder, 'skip/inner/x'), '')
    writeFileSync(join(folder, 'keep'), 'k')
    writeFileSync(join(folder, 'drop.o'), 'o')
    chmodSync(folder, 0o755)
    const captured = await captureTree(cas, folder, { move: true, ignore: (path, kind) => path === 'skip' || (kind === 'file' && path.endsWith('.o')) })
    expect(captured).toMatchObject({ kind: 'captured', digest: await tree(cas, { keep: 'k' }) })
    expect(readdirSync(folder).sort()).toEqual(['drop.o', 'skip'])
    expect(existsSync(join(folder, 'skip/inner/x'))).toBe(true)
  })

  test.skipIf(process.getuid?.() !== 0)('works for who is not root, also where modes lock the owner out', () => {
    const folder = tempFolder()
    chmodSync(folder, 0o777)
    const source = odd()
    spawnSync('chown', ['-hR', '65534:65534', source])
    chmodSync(join(source, 'sticky'), 0o1777)
    chmodSync(join(source, 'setuid'), 0o4755)
    const before = listing(source)
    expect(before).toContain('locked 40000')
    process.seteuid?.(65534)
    // Back to root before anything is checked.
    const run = async () => {
      const { cas } = openStore(absPath(join(folder, 'store')), { clock: systemClock, random: systemRandom })
      const captured = await captureTree(cas, source)
      if (captured.kind !== 'captured') throw new Error(JSON.stringify(captured))
      await writeTree(cas, captured.digest, absPath(join(folder, 'out')))
      const moved = await captureTree(cas, source, { move: true })
      return { captured, moved }
    }
    return run()
      .finally(() => process.seteuid?.(0))
      .then(({ captured, moved }) => {
        expect(listing(absPath(join(folder, 'out')))).toEqual(before)
        expect(moved).toEqual(captured)
        expect(readdirSync(source)).toEqual([])
        process.seteuid?.(65534)
        try {
          removeTree(join(folder, 'out'))
        } finally {
          process.seteuid?.(0)
        }
        expect(existsSync(join(folder, 'out'))).toBe(false)
      })
  })
})

describe('merging trees', () => {
  test('lays the later over the earlier, and shares what only one has without reading it', async () => {
    const cas = memoryCas()
    const a = await tree(cas, { 'only-a/deep/x': '1', 'both/x': 'a', 'both/y': 'a', kind: 'file', 'same/z': 'z' })
    const b = await tree(cas, { 'only-b/deep/x': '2', 'both/x': 'b', 'kind/inner': 'folder', 'same/z': 'z' })
    const whole = await lines(cas, (await mergeTrees(cas, [a, b], { conflict: 'later wins' })).digest)
    expect(whole).toEqual(['both 755', 'both/x 644 b', 'both/y 644 a', 'kind 755', 'kind/inner 644 folder', 'only-a 755', 'only-a/deep 755', 'only-a/deep/x 644 1', 'only-b 755', 'only-b/deep 755', 'only-b/deep/x 644 2', 'same 755', 'same/z 644 z'])
    const shared = [await subtreeAt(cas, a, relPath('only-a')), await subtreeAt(cas, b, relPath('only-b')), await subtreeAt(cas, a, relPath('same'))]
    for (const digest of shared) cas.forget(digest ?? a)
    await mergeTrees(cas, [a, b], { conflict: 'report' })
  })

  test('reports what disagrees, and nothing that is equal', async () => {
    const cas = memoryCas()
    const a = await tree(cas, { 'd/x': 'a', 'd/same': 's', l: '-> one', k: 'file', m: 0o700, 'm/x': '' })
    const b = await tree(cas, { 'd/x': 'b', 'd/same': 's', l: '-> one', 'k/in': '', m: 0o755, 'm/x': '' })
    const { conflicts, digest } = await mergeTrees(cas, [a, b], { conflict: 'report' })
    expect(conflicts.map(({ path, kept, lost }) => `${path} ${kept.tree} over ${lost.tree}`)).toEqual(['d/x 1 over 0', 'k 1 over 0', 'm 1 over 0'])
    expect(conflicts.at(-1)).toMatchObject({ kept: { mode: 0o755 }, lost: { mode: 0o700 } })
    expect(digest).toBe((await mergeTrees(cas, [a, b], { conflict: 'later wins' })).digest)
  })

  test('of none is the empty tree, of one is that tree, and a file between two folders hides the lower one', async () => {
    const cas = memoryCas()
    const a = await tree(cas, { 'p/x': 'x' })
    expect((await mergeTrees(cas, [], { conflict: 'report' })).digest).toBe(await tree(cas, {}))
    expect((await mergeTrees(cas, [a], { conflict: 'report' })).digest).toBe(a)
    const layers = [a, await tree(cas, { p: 'file' }), await tree(cas, { 'p/y': 'y' })]
    expect(await lines(cas, (await mergeTrees(cas, layers, { conflict: 'later wins' })).digest)).toEqual(['p 755', 'p/y 644 y'])
  })
})

describe('comparing trees', () => {
  test('says what was added, removed and changed', async () => {
    const cas = memoryCas()
    const a = await tree(cas, { same: 's', edited: '1', 'gone/x': 'x', l: '-> a', 'to-folder': 'f', 'to-file/x': 'x', mode: 0o700 })
    const b = await tree(cas, { same: 's', edited: '2', 'new/x': 'x', l: '-> b', 'to-folder/y': 'y', 'to-file': 'f', mode: 0o755, perm: { kind: 'file', digest: await cas.put(Buffer.from('p')), mode: 0o755 } })
    const changes = (await diffTrees(cas, a, b)).map(({ kind, path }) => `${kind} ${path}`)
    expect(changes).toEqual(['changed edited', 'removed gone', 'removed gone/x', 'changed l', 'changed mode', 'added new', 'added new/x', 'added perm', 'changed to-file', 'removed to-file/x', 'changed to-folder', 'added to-folder/y'])
    expect(await diffTrees(cas, a, a)).toEqual([])
  })
})

/** A folder with everything odd that a tree can hold. */
function odd(): AbsPath {
  const folder = tempFolder()
  chmodSync(folder, 0o751)
  mkdirSync(join(folder, 'sub/deeper'), { recursive: true })
  mkdirSync(join(folder, 'sticky'))
  mkdirSync(join(folder, 'locked'))
  mkdirSync(join(folder, 'read-only'))
  const files: readonly (readonly [string, string | Buffer, number])[] = [
    ['plain', 'plain', 0o644],
    ['setuid', 'setid', 0o4755],
    ['unread', 'unread', 0o000],
    ['sub/deeper/ünï \u{1f41a}', 'nacre\n', 0o600],
    ['sub/large', Buffer.alloc(2_000_000, 'large'), 0o755],
    ['sub/empty', '', 0o444],
    ['read-only/x', 'xxxx', 0o666],
  ]
  for (const [name, content, mode] of files) {
    writeFileSync(join(folder, name), content)
    chmodSync(join(folder, name), mode)
  }
  symlinkSync('sub/large', join(folder, 'link'))
  symlinkSync('/no/such', join(folder, 'dangling'))
  chmodSync(join(folder, 'sticky'), 0o1777)
  chmodSync(join(folder, 'locked'), 0o000)
  chmodSync(join(folder, 'read-only'), 0o555)
  utimesSync(join(folder, 'plain'), 77, 77)
  return folder
}

/** Every path with its type, mode and content, as the file system has it. */
function listing(folder: AbsPath, prefix = ''): string[] {
  return readdirSync(join(folder, prefix)).sort().flatMap((name) => {
    const path = prefix === '' ? name : `${prefix}/${name}`
    const stat = lstatSync(join(folder, path))
    const line = `${path} ${stat.mode.toString(8)}`
    if (stat.isDirectory()) return [line, ...listing(folder, path)]
    return [stat.isSymbolicLink() ? `${line} -> ${readlinkSync(join(folder, path))}` : `${line} ${digestText(readFileSync(join(folder, path), 'latin1'))}`]
  }).concat(prefix === '' ? [`. ${lstatSync(folder).mode.toString(8)}`] : [])
}

/** All modification times in a folder, its own included, in seconds. */
function times(folder: string): Set<number> {
  const stat = lstatSync(folder)
  const all = new Set([stat.mtimeMs / 1000])
  if (stat.isDirectory()) for (const name of readdirSync(folder)) for (const time of times(join(folder, name))) all.add(time)
  return all
}
