import { spawnSync } from 'node:child_process'
import { createPublicKey } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { closeDeflatePool, DeflatePool } from '../../../outputs/archive/deflate-pool.ts'
import { tarBytes } from '../../../outputs/archive/tar-write.ts'
import { parsePkginfo, pkginfoText } from '../../../outputs/apk/pkginfo.ts'
import { checkSignatures, generateKeyPair, keyring, publicPem, signingKey } from '../../../outputs/apk/sign.ts'
import { signApk } from '../../../outputs/apk/sign-apk.ts'
import { comparePaths, type PackEntry } from '../../../outputs/apk/write.ts'
import { directory, file, link, pack, type PackCase, type Packed, plainRecord, problems, read, sha, someEntries, tryPack, value } from './pack-rig.ts'

const folder = mkdtempSync(join(tmpdir(), 'nacre-apk-'))
const pair = generateKeyPair(2048)
const key = value(signingKey('test', pair.privatePem))
const ring = value(keyring([['test.rsa.pub', pair.publicPem]]))
const pools = [1, 2, 4].map((size) => new DeflatePool(size))
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await Promise.all([...pools.map((pool) => pool.close()), closeDeflatePool()])
})

/** Puts an apk together from a control tar and a data member as they are, with a true hash unless one is given. */
function assemble(data: Uint8Array, how: { info?: string; controlEnd?: boolean; extra?: string } = {}): Uint8Array {
  const info = how.info ?? pkginfoText(plainRecord, sha('sha256', data))
  const entries = ['.PKGINFO', ...(how.extra === undefined ? [] : [how.extra])].map((path) => ({ path, kind: 'file' as const, mode: 0o644, mtime: 0, content: Buffer.from(path === '.PKGINFO' ? info : 'x') }))
  return Buffer.concat([gzipSync(tarBytes(entries, how.controlEnd ?? false)), data])
}

function dataOf(packed: Packed): Uint8Array {
  return packed.bytes.subarray(packed.control.length)
}

function tarOf(...entries: Parameters<typeof tarBytes>[0]): Uint8Array {
  return gzipSync(tarBytes(entries, true))
}

const plainFile = { path: 'a', kind: 'file', mode: 0o644, mtime: 0, content: Buffer.from('x'), pax: { 'APK-TOOLS.checksum.SHA1': sha('sha1', Buffer.from('x')) } } as const

describe('packing an apk', { timeout: 60_000 }, () => {
  it('gives back every entry, script and field when it is read again, whatever the chunks', async () => {
    const record = { depends: ['so:libc.so.6', 'busybox>1'], replaces: ['old<2'], installIf: ['a=1', 'b'], triggers: ['/usr/*'], providerPriority: 3, replacesPriority: 9 }
    const packed = await pack({ record, scripts: { 'post-install': 'echo hi\n', trigger: '#!/bin/sh\n' } })
    for (const size of [1, 513, 100_000]) {
      const contents = new Map<string, string>()
      const apk = value(
        await read(packed.bytes, {
          async file(entry, content) {
            const chunks: Uint8Array[] = []
            for await (const chunk of content) chunks.push(chunk)
            contents.set(entry.path, Buffer.concat(chunks).toString())
          },
        }, size),
      )
      expect(apk.head.record).toEqual({ ...packed.record, checksum: packed.record.checksum })
      expect(apk.head.record).toMatchObject({ ...record, installedSize: 6 + 10 + 9 + 9, fileSize: packed.bytes.length })
      expect(apk.head.scripts).toEqual({ 'post-install': 'echo hi\n', trigger: '#!/bin/sh\n' })
      expect(apk.entries.map((entry) => [entry.path, entry.kind, entry.mode])).toEqual(someEntries.map((entry) => [entry.path, entry.node.kind, entry.mode]))
      expect(contents.get('usr/share/été')).toBe('not ASCII')
      expect(apk.entries.find((entry) => entry.path === 'usr/bin/sh')).toMatchObject({ link: 'shell', sha1: sha('sha1', Buffer.from('shell')), uname: 'root' })
    }
  })

  it('writes the same bytes with one, two and four workers', async () => {
    const big = file('big', Buffer.alloc(3_000_000, 'some words that repeat '))
    const packed = await Promise.all(pools.map((pool) => pack({ entries: [big], pool })))
    expect(new Set(packed.map((one) => sha('sha256', one.bytes))).size).toBe(1)
  })

  it('says the truth of its data: hash, sizes, the hash of the tar, and a body that can be reused', async () => {
    const packed = await pack()
    const data = dataOf(packed)
    const tar = gunzipSync(data)
    expect(packed.data).toMatchObject({ size: data.length, hash: sha('sha256', data), tarSize: tar.length })
    expect(packed.data.body).toMatchObject({ from: 10, size: tar.length - 1024 })
    expect(gunzipSync(packed.control).toString()).toContain(`datahash = ${sha('sha256', data)}\n`)
  })

  it('writes members that gzip and the tar of Python accept', async () => {
    const packed = await pack()
    const names = 'import sys,tarfile\nfor m in tarfile.open(fileobj=sys.stdin.buffer, mode="r|gz"): print(m.name, oct(m.mode), m.pax_headers.get("APK-TOOLS.checksum.SHA1"))'
    for (const member of [packed.control, dataOf(packed)]) {
      expect(spawnSync('gzip', ['-t'], { input: member }).status).toBe(0)
      const listed = spawnSync('python3', ['-c', names], { input: member, encoding: 'utf8' })
      expect(listed.stderr).toBe('')
      expect(listed.stdout.trim().split('\n')).toHaveLength(member === packed.control ? 1 : someEntries.length)
      expect(listed.stdout).toContain(member === packed.control ? '.PKGINFO 0o644 None' : `usr/bin/sh 0o777 ${sha('sha1', Buffer.from('shell'))}`)
    }
  })

  it('reads a file once when its SHA-1 is known, and writes what it would have found', async () => {
    const bytes = Buffer.alloc(5 << 20, 'many bytes')
    let opened = 0
    const known = (path: string): PackEntry => ({ path, mode: 0o644, node: { kind: 'file', size: bytes.length, sha1: sha('sha1', bytes), open: () => (opened++, [bytes]) } })
    const packed = await pack({ entries: [known('large')] })
    expect(opened).toBe(1)
    expect(packed.sums.get('large')).toBe(sha('sha1', bytes))
    expect(Buffer.compare(packed.bytes, (await pack({ entries: [file('large', bytes)] })).bytes)).toBe(0)
  })

  it('reads a file of many megabytes twice, and small ones once', async () => {
    const opened: string[] = []
    const counted = (path: string, size: number) => ({ path, node: { kind: 'file' as const, size, open: () => (opened.push(path), [Buffer.alloc(size)]) }, mode: 0o644 })
    value(await read((await pack({ entries: [counted('large', 5 << 20), counted('small', 100)] })).bytes))
    expect(opened).toEqual(['large', 'large', 'small'])
  })

  const forged: readonly (readonly [string, PackCase, string])[] = [
    ['a license that forges a line of .PKGINFO', { record: { license: 'MIT\ndepend = evil' } }, 'apk/bad-field'],
    ['a dependency with white space', { record: { depends: ['a b'] } }, 'apk/bad-field'],
    ['a name that is no name', { record: { name: '../x' } }, 'apk/bad-field'],
    ['texts that apk has no room for', { record: { url: 'x'.repeat(2000) } }, 'apk/bad-field'],
    ['a script that apk has no room for', { scripts: { trigger: 'x'.repeat(262145) } }, 'apk/bad-field'],
    ['a file before its directory', { entries: [file('a/b', 'x')] }, 'apk/bad-entry'],
    ['the same path twice', { entries: [file('a', 'x'), file('a', 'y')] }, 'apk/bad-entry'],
    ['a path that leaves the package', { entries: [file('../a', 'x')] }, 'apk/bad-entry'],
    ['a dot file at the top, which apk would pass over', { entries: [file('.hidden', 'x')] }, 'apk/bad-entry'],
    ['a file below a link', { entries: [link('a', '/etc'), file('a/b', 'x')] }, 'apk/bad-entry'],
  ]
  it.each(forged)('refuses %s', async (_, order, code) => {
    expect(problems(await tryPack(order)).map((one) => one.code)).toEqual([code])
  })

  it('keeps a description on one line', async () => {
    expect(gunzipSync((await pack({ record: { description: ' two\n  lines\t' } })).control).toString()).toContain('\npkgdesc = two lines\n')
  })
})

describe('reading an apk refuses', { timeout: 60_000 }, () => {
  const good = tarOf(plainFile)
  const mutations: readonly (readonly [string, () => Promise<Uint8Array> | Uint8Array, RegExp])[] = [
    ['a flipped byte in the data', async () => flip((await pack()).bytes, -40), /data/],
    ['a flipped byte in the control member', async () => flip((await pack()).bytes, 60), /damaged|checksum|PKGINFO|gzip|before its data/],
    ['a datahash of other data', () => assemble(good, { info: pkginfoText(plainRecord, '0'.repeat(64)) }), /datahash/],
    ['no datahash', () => assemble(good, { info: 'pkgname = a\npkgver = 1\n' }), /no datahash/],
    ['no .PKGINFO', () => Buffer.concat([gzipSync(tarBytes([{ path: '.other', kind: 'file', mode: 0o644, mtime: 0 }], false)), good]), /no \.PKGINFO/],
    ['an end of archive in the control member', () => assemble(good, { controlEnd: true }), /end of archive/],
    ['a .INSTALL', () => assemble(good, { extra: '.INSTALL' }), /\.INSTALL/],
    ['data in the control member', () => assemble(good, { extra: 'evil' }), /stands before its data/],
    ['two data members', () => assemble(Buffer.concat([gzipSync(tarBytes([plainFile], false)), tarOf({ ...plainFile, path: 'b' })])), /follows its only gzip member/],
    ['bytes after the data', () => assemble(Buffer.concat([good, Buffer.from('more')])), /follows its only gzip member/],
    ['data that ends early', () => assemble(good.subarray(0, -12)), /ends early/],
    ['no data', () => assemble(new Uint8Array()), /ends early/],
    ['no bytes at all', () => new Uint8Array(), /ends before its data/],
    ['something else', () => Buffer.from('MZ this is no apk, but it is long enough for a header'), /not gzip/],
    ['a file without its directory', () => assemble(tarOf({ ...plainFile, path: 'a/b' })), /no directory "a" before "a\/b"/],
    ['a file without a checksum', () => assemble(tarOf({ ...plainFile, pax: {} })), /no checksum/],
    ['a file that is not what its checksum says', () => assemble(tarOf({ ...plainFile, content: Buffer.from('y') })), /not what its checksum says/],
    ['a link that is not what its checksum says', () => assemble(tarOf({ path: 'l', kind: 'symlink', mode: 0o777, mtime: 0, link: 'to', pax: plainFile.pax })), /checksum of "l" is wrong/],
    ['a path that leaves the tree', () => assemble(tarOf({ ...plainFile, path: '../a' })), /not a path inside/],
    ['an absolute path', () => assemble(tarOf({ ...plainFile, path: '/a' })), /not a path inside/],
    ['the same path twice', () => assemble(tarOf(plainFile, plainFile)), /two entries/],
    ['a hard link to nothing', () => assemble(tarOf({ path: 'h', kind: 'hardlink', mode: 0o644, mtime: 0, link: 'a' })), /no file before it/],
  ]
  it.each(mutations)('%s', async (_, make, message) => {
    const found = problems(await read(await make(), {}, 1000))
    expect(found.length).toBeGreaterThan(0)
    expect(found.map((one) => one.code)).toContain('apk/bad-package')
    expect(found.map((one) => one.message).join('\n')).toMatch(message)
  })

  it('more than the limit of bytes', async () => {
    const bomb = assemble(tarOf({ ...plainFile, content: Buffer.alloc(1 << 20), pax: {} }))
    expect(problems(await read(bomb, { limits: { entries: 10, bytes: 1000 } }))[0]?.message).toMatch(/more than/)
  })

  it('nothing of what the assembled one above says when it is sound', async () => {
    expect(problems(await read(assemble(good)))).toEqual([])
    expect(value(await read(assemble(tarOf(plainFile, { path: 'h', kind: 'hardlink', mode: 0o644, mtime: 0, link: 'a' })))).entries[1]).toMatchObject({ kind: 'hardlink', sha1: plainFile.pax['APK-TOOLS.checksum.SHA1'] })
  })
})

describe('signing', { timeout: 60_000 }, () => {
  it('prepends a member whose signature openssl verifies, and keeps the identity', async () => {
    const packed = await pack()
    const signed = value(await signApk('x.apk', packed.bytes, key))
    const apk = value(await read(signed, { keyring: ring }))
    expect(apk.head.record.checksum).toBe(packed.record.checksum)
    expect(apk.head.signatures.map((one) => one.entry)).toEqual(['.SIGN.RSA256.test.rsa.pub'])
    const paths = ['key', 'signature', 'control'].map((name) => join(folder, name))
    for (const [i, content] of [publicPem(key), apk.head.signatures[0]?.bytes ?? '', packed.control].entries()) writeFileSync(paths[i] ?? '', content)
    const verified = spawnSync('openssl', ['dgst', '-sha256', '-verify', paths[0] ?? '', '-signature', paths[1] ?? '', paths[2] ?? ''], { encoding: 'utf8' })
    expect(verified.stdout).toBe('Verified OK\n')
  })

  it('replaces the signatures that an apk had, and signs to the same bytes every time', async () => {
    const { bytes } = await pack()
    const once = value(await signApk('x.apk', bytes, key))
    expect(Buffer.compare(value(await signApk('x.apk', once, key)), once)).toBe(0)
  })

  it('is refused when the control member was changed, the key is unknown, or there is none', async () => {
    const { bytes } = await pack()
    const other = await pack({ record: { version: '9-r9' } })
    const signed = value(await signApk('x.apk', bytes, key))
    const head = value(await read(signed)).head
    const moved = Buffer.concat([signed.subarray(0, head.controlFrom), other.bytes])
    expect(problems(await read(moved, { keyring: ring }))[0]?.code).toBe('apk/bad-signature')
    expect(problems(await read(signed, { keyring: new Map([['test2.rsa.pub', createPublicKey(pair.publicPem)]]) }))[0]).toMatchObject({ code: 'apk/untrusted', facts: [['signed with', 'test.rsa.pub']] })
    expect(problems(await read(bytes, { keyring: ring }))[0]).toMatchObject({ code: 'apk/untrusted', message: '"x.apk" is not signed' })
  })

  it('takes the first signature whose key is known, as apk does', () => {
    const junk = { entry: '.SIGN.RSA256.test.rsa.pub', bytes: new Uint8Array(256) }
    expect(checkSignatures([{ entry: '.SIGN.RSA.stranger.rsa.pub', bytes: new Uint8Array() }, junk], new Uint8Array(), ring)).toEqual({ kind: 'invalid', key: 'test.rsa.pub' })
    expect(checkSignatures([{ ...junk, entry: '.SIGN.DSA.test.rsa.pub' }], new Uint8Array(), ring).kind).toBe('unknown-key')
  })

  it('refuses keys that are none', () => {
    expect(problems(signingKey('x', 'no key'))[0]?.code).toBe('apk/bad-key')
    expect(problems(signingKey('a/b', pair.privatePem))[0]?.code).toBe('apk/bad-key')
    expect(problems(keyring([['x.rsa.pub', 'no key']]))[0]?.code).toBe('apk/bad-key')
  })
})

interface PackingVector {
  readonly id: string
  readonly tree: readonly { readonly path: string; readonly type: string; readonly mode?: string; readonly content?: string; readonly content_b64?: string; readonly target?: string }[]
  readonly expect: Readonly<Record<string, { readonly pkginfo: readonly string[]; readonly entries: readonly { readonly path: string; readonly type: string; readonly mode: string; readonly size?: number; readonly link?: string; readonly sha1?: string; readonly uname: string }[] }>>
}

const vectors = join(import.meta.dirname, '../../vectors/packing')

describe.each(readdirSync(vectors).filter((name) => name.endsWith('.json')).sort())('the packing vector %s', (name) => {
  const vector = JSON.parse(readFileSync(join(vectors, name), 'utf8')) as PackingVector

  it('has the lines of .PKGINFO that nacre writes', () => {
    for (const { pkginfo } of Object.values(vector.expect)) {
      // Vendored dependencies are a comment of melange's, it leaves a blank after the last trigger, and names a command that no dependency can name.
      const lines = pkginfo.filter((line) => !line.startsWith('#') && line !== 'provides = cmd:with space=1.2.3-r4').map((line) => line.trim())
      const { record } = parsePkginfo(pkginfo.filter((line) => lines.includes(line.trim())).join('\n'))
      expect(pkginfoText(record, '').trim().split('\n').map((line) => line.trim()).filter((line) => line !== 'size = 0')).toEqual(lines)
    }
  })

  it('has the entries that nacre writes for its tree', async () => {
    if (Object.keys(vector.expect).length !== 1) return
    const nodes = new Map(vector.tree.map((node) => [node.path, node]))
    const content = (path: string): Buffer => {
      const node = nodes.get(path)
      return node?.type === 'hardlink' ? content(node.target ?? '') : Buffer.from(node?.content_b64 ?? node?.content ?? '', node?.content_b64 === undefined ? 'utf8' : 'base64')
    }
    const mode = (path: string): number => Number.parseInt(nodes.get(nodes.get(path)?.type === 'hardlink' ? (nodes.get(path)?.target ?? '') : path)?.mode ?? '755', 8)
    const parents = vector.tree.flatMap(({ path }) => path.split('/').slice(0, -1).map((_, i, parts) => parts.slice(0, i + 1).join('/')))
    const paths = [...new Set([...parents, ...nodes.keys()])].sort(comparePaths)
    const packed = await pack({
      entries: paths.map((path) => {
        const node = nodes.get(path)
        if (node === undefined || node.type === 'dir') return directory(path, mode(path))
        return node.type === 'symlink' ? link(path, node.target ?? '') : file(path, content(path), mode(path))
      }),
    })
    const listed = value(await read(packed.bytes)).entries.map((entry) => ({
      path: entry.path,
      type: entry.kind === 'directory' ? 'dir' : entry.kind,
      // melange drops the sticky bit, which nacre keeps.
      mode: (entry.mode & ~0o1000).toString(8).padStart(4, '0'),
      uname: entry.uname,
      ...(entry.kind === 'file' ? { size: entry.size } : {}),
      ...(entry.link === undefined ? {} : { link: entry.link }),
      ...(entry.sha1 === undefined ? {} : { sha1: entry.sha1 }),
    }))
    const wanted = Object.values(vector.expect)[0]?.entries.map(({ path, type, mode: octal, size, link: target, sha1, uname }) => ({
      path,
      type,
      mode: octal,
      uname,
      ...(size === undefined ? {} : { size }),
      ...(target === undefined ? {} : { link: target }),
      ...(sha1 === undefined ? {} : { sha1 }),
    }))
    expect(listed).toEqual(wanted)
  })
})

function flip(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  const i = at < 0 ? bytes.length + at : at
  copy[i] = (copy[i] ?? 0) ^ 0x10
  return copy
}

