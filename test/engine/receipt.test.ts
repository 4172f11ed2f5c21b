import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { digestText } from '../../base/digest.ts'
import { absPath } from '../../base/ids.ts'
import { MemoryCas } from '../../cache/memory-cas.ts'
import { Inputs } from '../../engine/inputs.ts'
import { type LeafKind, LeafRecorder, statLeaf } from '../../engine/leaves.ts'
import { KnownLeaves } from '../../engine/known-leaves.ts'
import { suspects } from '../../engine/leaf-scan.ts'
import type { TableLeaf } from '../../engine/leaf-table.ts'
import { encodeReceipt, isYoung, OpenReceipt, tableLeaves } from '../../engine/receipt.ts'
import { World } from './puppet.ts'

let base: string
const output = digestText('an output')
/** Far enough behind any file of these tests that none of them is young. */
const later = Date.now() + 60_000

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'nacre-receipt-'))
  for (const [path, text] of [['src/a', 'one'], ['src/deep/b', 'two'], ['src/link-target', 'three'], ['single', 'four']] as const) {
    mkdirSync(join(base, path, '..'), { recursive: true })
    writeFileSync(join(base, path), text)
  }
  symlinkSync('link-target', join(base, 'src/link'))
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

/** A receipt of a build that read everything through the engine's inputs. */
async function receipt(since = later): Promise<Uint8Array> {
  const leaves = new LeafRecorder(since)
  using world = new World()
  const inputs = new Inputs(new MemoryCas(absPath(base)), world.ports.files, leaves)
  await inputs.resolve({ kind: 'files', base: absPath(base), globs: ['src/**', 'missing'] })
  await inputs.resolve({ kind: 'file', path: absPath(join(base, 'single')) })
  return encode(tableLeaves(leaves))
}
const head = { id: 'r1', request: 'build all', outcome: '{"hit":3}', stamp: 'then' }
const encode = (leaves: readonly TableLeaf[]): Uint8Array => encodeReceipt({ ...head, leaves, outputs: [output] })
function opened(bytes: Uint8Array): KnownLeaves {
  const aligned = new Uint8Array(bytes.byteLength)
  aligned.set(bytes)
  const receipt = OpenReceipt.of(aligned)
  if (receipt === undefined) throw new Error('no receipt')
  return new KnownLeaves(receipt)
}
/** What changed, and how many were looked at again and are the same. */
function check(bytes: Uint8Array): { changed: string[]; reread: number } {
  const known = opened(bytes)
  const { changed, touched } = known.look(later, 1)
  return { changed: changed.map((i) => known.at(i).path), reread: touched.length }
}
const same = (reread: number): ReturnType<typeof check> => ({ changed: [], reread })

describe('a receipt', () => {
  it('says that there is nothing to do when nothing changed, by stats alone', async () => {
    expect(check(await receipt())).toEqual(same(0))
  })

  it.each<readonly [string, () => void, string]>([
    ['content of the same size', () => writeFileSync(join(base, 'src/a'), 'two'), 'src/a'],
    ['a rename', () => renameSync(join(base, 'src/a'), join(base, 'src/c')), 'src'],
    ['a new file under a glob', () => writeFileSync(join(base, 'src/deep/new'), ''), 'src/deep'],
    ['a new folder under a glob', () => mkdirSync(join(base, 'src/deep/new')), 'src/deep'],
    ['a file that is gone', () => unlinkSync(join(base, 'src/deep/b')), 'src/deep'],
    ['a single file that is gone', () => unlinkSync(join(base, 'single')), 'single'],
    ['a file that was missed and is there now', () => writeFileSync(join(base, 'missing'), ''), 'missing'],
    ['the executable bit', () => chmodSync(join(base, 'src/a'), 0o755), 'src/a'],
    ['a symlink that leads elsewhere', () => { unlinkSync(join(base, 'src/link')); symlinkSync('a', join(base, 'src/link')) }, 'src/link'],
    ['a file that became a symlink to the same bytes', () => { renameSync(join(base, 'single'), join(base, 'moved')); symlinkSync('moved', join(base, 'single')) }, 'single'],
    ['another file moved over it', () => { writeFileSync(join(base, 'other'), 'new'); renameSync(join(base, 'other'), join(base, 'src/a')) }, 'src/a'],
    ['a folder that became a file', () => { rmSync(join(base, 'src/deep'), { recursive: true }); writeFileSync(join(base, 'src/deep'), '') }, 'src'],
  ])('notices %s', async (_, change, path) => {
    const bytes = await receipt()
    change()
    expect(check(bytes).changed).toContain(join(base, path))
  })

  it.each<readonly [string, () => void]>([
    ['only the time of a file', () => utimesSync(join(base, 'src/a'), 1, 1)],
    ['a file written again with the same bytes', () => writeFileSync(join(base, 'src/a'), 'one')],
    ['bits of a mode that no input has', () => chmodSync(join(base, 'src/a'), 0o600)],
    ['a file that came and went', () => { writeFileSync(join(base, 'src/x'), ''); unlinkSync(join(base, 'src/x')) }],
  ])('forgives %s, having looked at the content', async (_, change) => {
    const bytes = await receipt()
    change()
    expect(check(bytes)).toEqual(same(1))
  })

  it('forgives nothing whose time was put back', async () => {
    const bytes = await receipt()
    utimesSync(join(base, 'src/a'), 1, 1)
    const again = await receipt()
    writeFileSync(join(base, 'src/a'), 'two')
    utimesSync(join(base, 'src/a'), 1, 1)
    expect(check(again).changed).toEqual([join(base, 'src/a')])
    expect(check(bytes).changed).toEqual([join(base, 'src/a')])
  })

  it('does not believe the stat of a leaf that was young when it was looked at', async () => {
    expect(check(await receipt(3000))).toEqual(same(7))
    const path = join(base, 'src/a')
    const leaf = { kind: 'file', path, stat: leafOf(path), hash: digestText('other').slice(0, 64), roles: 1 } as const
    expect(check(encode([{ ...leaf, young: false }]))).toEqual(same(0))
    expect(check(encode([{ ...leaf, young: true }]))).toEqual({ changed: [path], reread: 0 })
  })

  it('calls a leaf young by the tick of its file system', () => {
    const at = (mtimeNs: bigint) => isYoung({ size: 0n, ino: 1n, mode: 0n, mtimeNs, ctimeNs: mtimeNs }, 10_000)
    expect([9_940_000_001n, 9_960_000_000n, 8_000_000_000n, 7_000_000_000n, 11_000_000_001n].map(at)).toEqual([false, true, true, false, true])
  })

  it('holds what was asked for, the outputs, and what is told again', async () => {
    const { receipt: read } = opened(await receipt())
    expect([read.head, read.outputs()]).toEqual([head, [output]])
  })

  it('is none when it is cut, padded, of another kind or of another byte order', async () => {
    const bytes = await receipt()
    for (const length of [0, 5, 20, 100, 400]) expect(OpenReceipt.of(new Uint8Array(bytes.subarray(0, length)))).toBeUndefined()
    expect(OpenReceipt.of(Buffer.from('something else'))).toBeUndefined()
    const other = new Uint8Array(Buffer.from(Buffer.from(bytes).toString('latin1').replace(/"byteOrder":\d/, '"byteOrder":9'), 'latin1'))
    expect(OpenReceipt.of(other)).toBeUndefined()
  })

  it('finds leaves by their names, a folder apart from a file of the same path', () => {
    const leaf = (kind: LeafKind, path: string): TableLeaf => ({ kind, path, stat: leafOf(base), hash: '0'.repeat(64), roles: 2, young: false })
    const many = Array.from({ length: 3000 }, (_, i) => leaf('file', `/d/${String(i).padStart(5, '0')}`))
    const { receipt: read } = opened(encode([leaf('absent', '/a'), leaf('listing', '/a'), ...many, leaf('symlink', '/é')]))
    expect(['/a', '/a/', '/d/00000', '/d/02047', '/d/02999', '/é', '/d/', '/zz'].map((name) => read.table.find(name))).toEqual([0, 1, 2, 2049, 3001, 3002, undefined, undefined])
    expect(read.table.at(3002)).toEqual(leaf('symlink', '/é'))
  })

  it('never finds a leaf unchanged that two parts of the build saw otherwise', () => {
    const path = join(base, 'src/a')
    const leaves = new LeafRecorder(later)
    leaves.file(path, leafOf(path), digestText('two').slice(0, 64))
    leaves.file(path, leafOf(path), digestText('one').slice(0, 64))
    expect(check(encode(tableLeaves(leaves)))).toEqual({ changed: [path], reread: 0 })
  })

  it('gives the same answer with several threads', () => {
    const all: TableLeaf[] = []
    for (let i = 0; i < 300; i++) {
      const path = join(base, `f${String(i).padStart(3, '0')}`)
      writeFileSync(path, '')
      // So many that threads are worth while: each file is there 200 times over.
      for (let n = 0; n < 200; n++) all.push({ kind: 'file', path, stat: leafOf(path), hash: digestText('').slice(0, 64), roles: 2, young: n === 0 && i === 7 })
    }
    const bytes = new Uint8Array(new SharedArrayBuffer(encode(all).byteLength))
    bytes.set(encode(all))
    const table = OpenReceipt.of(bytes)?.table
    if (table === undefined) throw new Error('no receipt')
    writeFileSync(join(base, 'f013'), 'x')
    writeFileSync(join(base, 'f299'), 'x')
    const expected = [7 * 200, ...[13, 299].flatMap((i) => Array.from({ length: 200 }, (_, n) => i * 200 + n))]
    for (const threads of [1, 2, 3]) expect(suspects(table, threads)).toEqual(expected)
  })

  it('loads without an index, a parser, a graph or a queue', async () => {
    const { execFileSync } = await import('node:child_process')
    const { fileURLToPath } = await import('node:url')
    const top = fileURLToPath(new URL('../..', import.meta.url))
    const grep = execFileSync('grep', ['-hoE', "^import [^t].* from '[^']+'", ...['receipt', 'known-leaves', 'leaf-scan', 'leaf-table', 'amendment', 'leaves'].map((name) => join(top, 'engine', `${name}.ts`))], { encoding: 'utf8' })
    const imports = [...new Set(grep.match(/'[^']+'$/gm) ?? [])].sort()
    expect(imports.filter((from) => !/^'(\.\.\/base\/|\.\/(amendment|leaf-scan|leaf-table|leaves|receipt)\.ts|node:)/.test(from))).toEqual([])
  })
})

function leafOf(path: string): ReturnType<typeof statLeaf> {
  return statLeaf('file', path)
}
