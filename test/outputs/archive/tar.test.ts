import { spawnSync } from 'node:child_process'
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { absPath } from '../../../base/ids.ts'
import { BadArchive, readTar } from '../../../outputs/archive/tar-read.ts'
import { tarBytes, tarEnd, tarHeader, type TarHeader } from '../../../outputs/archive/tar-write.ts'
import { unpackTar } from '../../../outputs/archive/unpack.ts'

const top = mkdtempSync(join(tmpdir(), 'nacre-tar-'))
afterAll(() => rmSync(top, { recursive: true, force: true }))

type Entry = TarHeader & { readonly content?: Uint8Array }
const file = (path: string, content = 'x', more: Partial<Entry> = {}): Entry => ({ path, kind: 'file', mode: 0o644, mtime: 0, content: Buffer.from(content), ...more })
const link = (path: string, to: string, kind: 'symlink' | 'hardlink' = 'symlink'): Entry => ({ path, kind, mode: 0o777, mtime: 0, link: to })
const directory = (path: string, mode = 0o755): Entry => ({ path, kind: 'directory', mode, mtime: 0 })

async function* pieces(bytes: Uint8Array, size = 700): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

function python(bytes: Uint8Array, expression: string): unknown {
  const program = `import sys,tarfile,json\nt=tarfile.open(fileobj=sys.stdin.buffer, mode="r|")\nprint(json.dumps([${expression} for m in t]))`
  const ran = spawnSync('python3', ['-c', program], { input: bytes, encoding: 'utf8' })
  if (ran.status !== 0) throw new Error(ran.stderr)
  return JSON.parse(ran.stdout)
}

describe('a written tar', () => {
  it.each([
    ['a plain name', 'usr/bin/tool', 'usr/bin/tool', 512],
    ['a name of 100 bytes', 'n'.repeat(100), 'n'.repeat(100), 512],
    ['a name that splits into a prefix', `${'d'.repeat(90)}/${'n'.repeat(90)}`, `${'d'.repeat(90)}/${'n'.repeat(90)}`, 512],
    ['a name of 101 bytes without a slash', 'n'.repeat(101), 'n'.repeat(101), 1536],
    ['a name over prefix and name', `${'d'.repeat(160)}/n`, `${'d'.repeat(160)}/n`, 1536],
    ['a name that is not ASCII', 'été', 'été', 1536],
  ])('says %s as python reads it', (_, path, read, size) => {
    expect(tarHeader(file(path)).length).toBe(size)
    expect(python(tarBytes([file(path)], true), 'm.name')).toEqual([read])
  })

  it('uses PAX for long links, large files, large ids, long owners, and for records of its own', () => {
    const bytes = Buffer.concat([
      tarHeader(link('l', 't'.repeat(101))),
      tarHeader({ ...file('ids'), uid: 3_000_000, gid: 2, uname: 'ü', size: 0 }),
      tarHeader({ ...file('own'), size: 0, pax: { 'SCHILY.xattr.user.x': Uint8Array.of(0, 1, 61), 'APK-TOOLS.checksum.SHA1': 'ab' } }),
      tarHeader({ ...file('large'), size: 9 * 2 ** 30 }),
    ])
    expect(python(bytes.subarray(0, -1536), '[m.linkname, m.uid, m.uname, dict(m.pax_headers)]')).toEqual([
      ['t'.repeat(101), 0, '', { linkpath: 't'.repeat(101) }],
      ['', 3_000_000, 'ü', { uid: '3000000', uname: 'ü' }],
      ['', 0, '', { 'APK-TOOLS.checksum.SHA1': 'ab', 'SCHILY.xattr.user.x': '\0\u0001=' }],
    ])
    expect(bytes.toString('latin1')).toContain('19 size=9663676416\n')
  })

  it('counts the digits of a PAX length in the length, at every border', () => {
    for (let length = 1; length < 1100; length++) {
      const header = tarHeader({ ...file('x'), size: 0, pax: { k: 'v'.repeat(length) } })
      const [record = ''] = /^[0-9]+ k=v+\n/m.exec(Buffer.from(header).toString('latin1', 512)) ?? []
      expect(Number.parseInt(record, 10)).toBe(record.length)
    }
  })

  it('names its PAX header as Go does, sorts the records, and refuses keys that forge others', () => {
    const header = Buffer.from(tarHeader({ ...file('usr/bin/x'), size: 0, pax: { b: '2', a: '1' } })).toString('latin1')
    expect(header.startsWith('usr/bin/PaxHeaders.0/x\0')).toBe(true)
    expect(header.slice(512, 524)).toBe('6 a=1\n6 b=2\n')
    expect(() => tarHeader({ ...file('x'), pax: { 'a=b': '1' } })).toThrow(/PAX/)
  })

  it('is the same archive to GNU tar', () => {
    const bytes = tarBytes([directory('d', 0o1777), file('d/f', 'hello', { mode: 0o4755, mtime: 1700000000 }), link('d/l', 'f'), link('d/h', 'd/f', 'hardlink')], true)
    expect(bytes.length % 512).toBe(0)
    expect(Buffer.compare(bytes.subarray(-1024), tarEnd)).toBe(0)
    const listed = spawnSync('tar', ['-tvf', '-', '--numeric-owner', '--utc'], { input: bytes, encoding: 'utf8' })
    expect(listed.stdout.split('\n').map((line) => line.replace(/ +/g, ' '))).toEqual([
      'drwxrwxrwt 0/0 0 1970-01-01 00:00 d/',
      '-rwsr-xr-x 0/0 5 2023-11-14 22:13 d/f',
      'lrwxrwxrwx 0/0 0 1970-01-01 00:00 d/l -> f',
      'hrwxrwxrwx 0/0 0 1970-01-01 00:00 d/h link to d/f',
      '',
    ])
  })
})

describe('a read tar', () => {
  it('gives back what was written', async () => {
    const entries = [directory('d', 0o700), file('d/f', 'hello', { mode: 0o4755, mtime: 7, uid: 1, gid: 2, pax: { 'SCHILY.xattr.user.x': 'y' } }), link('d/l', 'f'), file(`d/${'n'.repeat(200)}`)]
    const found: unknown[] = []
    for await (const [entry, content] of readTar(pieces(tarBytes(entries, true)))) {
      let size = 0
      for await (const chunk of content) size += chunk.length
      found.push([entry.path, entry.kind, entry.mode, entry.uid, entry.link ?? '', size, entry.pax['SCHILY.xattr.user.x'] ?? ''])
    }
    expect(found).toEqual([
      ['d', 'directory', 0o700, 0, '', 0, ''],
      ['d/f', 'file', 0o4755, 1, '', 5, 'y'],
      ['d/l', 'symlink', 0o777, 0, 'f', 0, ''],
      [`d/${'n'.repeat(200)}`, 'file', 0o644, 0, '', 1, ''],
    ])
  })

  it('drops ./ and leaves out the top itself', async () => {
    const paths: string[] = []
    for await (const [entry] of readTar(pieces(tarBytes([directory('.'), file('./a'), directory('./b')], true)))) paths.push(entry.path)
    expect(paths).toEqual(['a', 'b'])
  })

  it.each([
    ['an attribute that is not text', tarBytes([file('a', 'x', { pax: { 'SCHILY.xattr.security.capability': Uint8Array.of(1, 0, 0, 2, 0x80) } })], true), /not text/],
    ['an archive that ends early', tarBytes([file('a', 'y'.repeat(2000))], false).subarray(0, 1000), /Unexpected end/],
    ['something else', Buffer.alloc(2048, 'no tar here'), /tar header/],
  ])('refuses %s', async (_, bytes, message) => {
    const reading = (async () => {
      for await (const _ of readTar(pieces(bytes)));
    })()
    await expect(reading).rejects.toThrow(message)
    await expect(reading).rejects.toBeInstanceOf(BadArchive)
  })
})

describe('unpacking a tar', () => {
  let count = 0
  const unpack = async (entries: readonly Entry[], limits?: { readonly entries: number; readonly bytes: number }) => {
    const folder = absPath(mkdtempSync(join(top, `${String(count++)}-`)))
    return { folder, result: await unpackTar(pieces(tarBytes(entries, true)), folder, limits) }
  }

  it('writes files, modes, links and hard links, and makes missing parents', async () => {
    const { folder, result } = await unpack([directory('d', 0o555), file('d/f', 'hello', { mode: 0o750 }), link('l', '/etc/passwd'), link('h', './d/f', 'hardlink'), file('deep/er/f')])
    expect(result).toEqual({ kind: 'ok', value: { entries: 5, bytes: 6 } })
    expect(readFileSync(join(folder, 'h'), 'utf8')).toBe('hello')
    expect(lstatSync(join(folder, 'd')).mode & 0o7777).toBe(0o555)
    expect(lstatSync(join(folder, 'd/f')).mode & 0o7777).toBe(0o750)
    expect(lstatSync(join(folder, 'l')).isSymbolicLink()).toBe(true)
    spawnSync('chmod', ['-R', 'u+w', folder])
  })

  it('lets a later entry take the place of an earlier one, never through its link', async () => {
    const { folder, result } = await unpack([file('a', 'old'), link('a', 'b'), file('b', 'kept'), file('a', 'new')])
    expect(result.kind).toBe('ok')
    expect(readFileSync(join(folder, 'b'), 'utf8')).toBe('kept')
    expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('new')
  })

  it.each([
    ['a name with ..', [file('../evil')], 'archive/escape'],
    ['a name with .. inside', [directory('a'), file('a/../../evil')], 'archive/escape'],
    ['an absolute name', [file('/evil')], 'archive/escape'],
    ['an entry below a link that it made', [link('a', '/tmp'), file('a/evil')], 'archive/escape'],
    ['an entry below a link to a folder of its own', [directory('b'), link('a', 'b'), file('a/f')], 'archive/escape'],
    ['a directory in the place of a link', [link('a', '..'), file('a/evil')], 'archive/escape'],
    ['an entry below a file', [file('a'), file('a/b')], 'archive/escape'],
    ['a hard link outside', [link('a', '../../etc/passwd', 'hardlink')], 'archive/escape'],
    ['an absolute hard link', [link('a', '/etc/passwd', 'hardlink')], 'archive/escape'],
    ['a hard link to a link', [link('l', '/etc/passwd'), link('a', 'l', 'hardlink')], 'archive/escape'],
    ['a file in the place of a directory', [directory('a'), file('a')], 'archive/escape'],
    ['a device', [{ ...file('null', ''), kind: 'character' as const, device: { major: 1, minor: 3 } }], 'archive/unreadable'],
  ])('refuses %s and writes nothing outside', async (_, entries, code) => {
    const before = readdirSync(top).length
    const { result } = await unpack(entries)
    expect(result).toMatchObject({ kind: 'complaints', diagnostics: [{ code }] })
    expect(readdirSync(top).length).toBe(before + 1)
    expect(readdirSync(top)).not.toContain('evil')
  })

  it('refuses more entries or bytes than the limits', async () => {
    expect((await unpack([file('a'), file('b')], { entries: 1, bytes: 100 })).result).toMatchObject({ diagnostics: [{ code: 'archive/limit' }] })
    expect((await unpack([file('a', 'x'.repeat(200))], { entries: 9, bytes: 100 })).result).toMatchObject({ diagnostics: [{ code: 'archive/limit' }] })
  })
})
