import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, lstatSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readContent } from '../../../outputs/rootfs/content.ts'
import { compareNames, encodeLdCache, type SharedObject, writeLdCache } from '../../../outputs/rootfs/ld-cache.ts'
import { plainDirectory, plainFile, plainSymlink, VirtualTree } from '../../../outputs/rootfs/virtual-tree.ts'
import { readPackage } from './image-vectors.ts'
import { has, run } from './tools.ts'

const folder = mkdtempSync(join(tmpdir(), 'nacre-ld-'))
const root = join(folder, 'root')
const system = `/lib/${process.arch === 'x64' ? 'x86_64' : 'aarch64'}-linux-gnu`
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the linker cache', () => {
  it.each([
    ['libz.so.1', 'liba.so.1', 1],
    ['liba.so.10', 'liba.so.9', 1],
    ['liba.so.1', 'liba1.so', -1],
    ['liba.so', 'liba.so.1', -1],
    ['liba.so.1.2', 'liba.so.1.2', 0],
  ])('orders %s against %s as the loader searches', (a, b, sign) => {
    expect(Math.sign(compareNames(a, b))).toBe(sign)
    expect(Math.sign(compareNames(b, a))).toBe(-sign || 0)
  })

  it('shares the end of a path with the name, as the recorded one does', () => {
    const recorded = Buffer.from('Z2xpYmMtbGQuc28uY2FjaGUxLjEBAAAAFQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAwMAAFEAAABIAAAAAAAAAAAAAAAAAAAAL29wdC9saWIvbGlib3B0LnNvLjIAAAAA', 'base64')
    const ours = Buffer.from(encodeLdCache([{ soname: 'libopt.so.2', path: '/opt/lib/libopt.so.2', flags: 0x0303 }]))
    // apko leaves the byte that tells the byte order at 0 (unknown) and pads to a multiple of 8; glibc >= 2.33 writes 2 (little endian).
    recorded.writeUInt8(2, 28)
    expect(ours).toEqual(recorded.subarray(0, ours.length))
  })

  it('is not made without etc/ld.so.conf', async () => {
    const tree = new VirtualTree()
    tree.makeDirectory('usr/lib', plainDirectory)
    tree.makeDirectory('etc', plainDirectory)
    await writeLdCache(tree, nothing, inspect)
    expect(tree.get('etc/ld.so.cache')).toBeUndefined()
  })

  it.skipIf(!has('ldconfig') || process.getuid?.() !== 0)('lists what ldconfig lists for the same root, in the same order', async () => {
    const { contents } = await readPackage('x86_64', 'ldconf')
    for (const [path, content] of contents) write(path, await readContent(content, nothing))
    link('usr/lib/libvec.so.1', 'libvec.so.1.0')
    link('usr/lib/libvec.so', 'libvec.so.1')
    // Ten of one name and several versions: the order of digits matters, and a second folder with an equal name does.
    const bytes = readFileSync(join(root, 'opt/lib/libopt.so.2'))
    for (const name of ['libnone.so.9', 'libnone.so.10', 'libno2ne.so', 'notlib.so', 'libtext.so']) write(`usr/lib/${name}`, name === 'libtext.so' ? Buffer.from('INPUT(libvec.so.1)\n') : bytes)
    write('usr/lib/libopt.so.2', bytes)
    // The host's own libraries, under their sonames and behind links, make a cache of a real size.
    for (const name of existsSync(system) ? readdirSync(system).filter((each) => /^lib.*\.so\.[0-9.]+$/.test(each)).slice(0, 60) : []) cpSync(join(system, name), join(root, 'opt/lib', name), { verbatimSymlinks: true })
    symlinkSync('usr/lib', join(root, 'lib'))
    mkdirSync(join(root, 'etc'), { recursive: true })
    run('ldconfig', ['-r', root, '-C', '/etc/theirs', '-X'])
    const tree = treeOf(root)
    await writeLdCache(tree, nothing, inspect)
    const cache = tree.file('etc/ld.so.cache')
    writeFileSync(join(folder, 'ours'), cache === undefined ? '' : await readContent(cache.content, nothing))
    const theirs = listing(join(root, 'etc/theirs'))
    expect(listing(join(folder, 'ours'))).toEqual(theirs)
    expect(theirs.length).toBeGreaterThanOrEqual(4)
  })
})

function write(path: string, bytes: Uint8Array): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), bytes)
}

function link(path: string, target: string): void {
  symlinkSync(target, join(root, path))
}

function listing(cache: string): readonly string[] {
  return run('ldconfig', ['-p', '-C', cache]).split('\n').filter((line) => line.includes('=>'))
}

function treeOf(top: string): VirtualTree {
  const tree = new VirtualTree()
  const walk = (path: string): void => {
    for (const name of readdirSync(join(top, path))) {
      const here = path === '' ? name : `${path}/${name}`
      const stat = lstatSync(join(top, here))
      if (stat.isSymbolicLink()) tree.set(here, plainSymlink(readlinkSync(join(top, here))))
      else if (stat.isFile()) tree.set(here, plainFile({ kind: 'bytes', bytes: readFileSync(join(top, here)) }))
      else {
        tree.set(here, plainDirectory)
        walk(here)
      }
    }
  }
  walk('')
  return tree
}

function nothing(): never {
  throw new Error('nothing is stored')
}

/** DT_SONAME of a 64-bit little-endian shared object, found over its program headers. */
function inspect(bytes: Uint8Array): SharedObject | undefined {
  const b = Buffer.from(bytes)
  if (b.length < 64 || b.toString('latin1', 0, 4) !== '\x7fELF' || b.readUInt16LE(16) !== 3) return undefined
  const headers = Array.from({ length: b.readUInt16LE(56) }, (_, i) => Number(b.readBigUInt64LE(32)) + i * b.readUInt16LE(54))
  const at = (virtual: number): number => {
    const load = headers.find((h) => b.readUInt32LE(h) === 1 && Number(b.readBigUInt64LE(h + 16)) <= virtual && virtual < Number(b.readBigUInt64LE(h + 16)) + Number(b.readBigUInt64LE(h + 32)))
    return load === undefined ? 0 : virtual - Number(b.readBigUInt64LE(load + 16)) + Number(b.readBigUInt64LE(load + 8))
  }
  const dynamic = headers.find((h) => b.readUInt32LE(h) === 2)
  const tags = new Map<number, number>()
  for (let d = dynamic === undefined ? b.length : Number(b.readBigUInt64LE(dynamic + 8)); d + 16 <= b.length && b.readBigUInt64LE(d) !== 0n; d += 16) tags.set(Number(b.readBigUInt64LE(d)), Number(b.readBigUInt64LE(d + 8)))
  const name = at(tags.get(5) ?? 0) + (tags.get(14) ?? 0)
  return { machine: b.readUInt16LE(18), bits: 64, ...(tags.has(14) ? { soname: b.toString('latin1', name, b.indexOf(0, name)) } : {}) }
}
