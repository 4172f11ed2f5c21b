import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { closeDeflatePool } from '../../../outputs/archive/deflate-pool.ts'
import { tarBytes } from '../../../outputs/archive/tar-write.ts'
import { packIndex, parseIndex } from '../../../outputs/apk/apkindex.ts'
import { installedText, scriptsTar, triggersText, worldText } from '../../../outputs/apk/installed-db.ts'
import type { PackageRecord } from '../../../outputs/apk/record.ts'
import { generateKeyPair, publicPem, signingKey } from '../../../outputs/apk/sign.ts'
import { signApk } from '../../../outputs/apk/sign-apk.ts'
import { directory, file, link, pack, read, someEntries, value } from './pack-rig.ts'

// NACRE_APK names an `apk` of apk-tools 3 (built from source: it is in no Debian release). Without it these tests are skipped by name.
const apk = process.env['NACRE_APK'] ?? ''
const folder = mkdtempSync(join(tmpdir(), 'nacre-real-apk-'))
const repository = join(folder, 'repository')
const key = value(signingKey('test', generateKeyPair(2048).privatePem))
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await closeDeflatePool()
})

function run(...args: string[]): { readonly code: number | null; readonly text: string } {
  const ran = spawnSync(apk, args, { encoding: 'utf8' })
  return { code: ran.status, text: `${ran.stdout}${ran.stderr}` }
}

function put(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
}

describe.skipIf(apk === '')('what nacre writes, to the apk that NACRE_APK names', { timeout: 60_000 }, () => {
  const keys = join(folder, 'keys')
  const records: PackageRecord[] = []
  const paths: string[] = []

  beforeAll(async () => {
    put(join(keys, key.name), publicPem(key))
    const orders = [
      { record: { provides: ['cmd:shell=1.2.3-r4', 'so:libx.so.1=1'], triggers: ['/usr/*'] }, scripts: { 'post-install': '#!/bin/sh\n', trigger: '#!/bin/sh\n' } as const },
      { record: { name: 'needs', origin: 'needs', provides: [], depends: ['so:libx.so.1', 'shell=1.2.3-r4', '!nothing'] }, entries: [directory('usr'), directory('usr/lib'), link('usr/lib/l', '../bin/shell'), file('usr/lib/big', Buffer.alloc(2_000_000, 'content '))] },
      { record: { name: 'empty', origin: 'empty', provides: [] }, entries: [] },
    ]
    for (const order of orders) {
      const packed = await pack(order)
      const path = join(repository, packed.record.arch, `${packed.record.name}-${packed.record.version}.apk`)
      const signed = value(await signApk(path, packed.bytes, key))
      put(path, signed)
      paths.push(path)
      records.push({ ...packed.record, fileSize: signed.length })
    }
    put(join(repository, 'x86_64', 'APKINDEX.tar.gz'), await packIndex(records, { description: 'test', key }))
  })

  it('apk verify accepts each package', () => {
    expect(run('verify', '--keys-dir', keys, ...paths)).toMatchObject({ code: 0 })
  })

  it('apk verify does not accept them without the key, or when one byte of the data is another', () => {
    mkdirSync(join(folder, 'no-keys'))
    expect(run('verify', '--keys-dir', join(folder, 'no-keys'), paths[0] ?? '').code).not.toBe(0)
    const bytes = Uint8Array.from(readFileSync(paths[0] ?? ''))
    bytes[bytes.length - 30] = (bytes[bytes.length - 30] ?? 0) ^ 1
    put(join(folder, 'changed.apk'), bytes)
    expect(run('verify', '--keys-dir', keys, join(folder, 'changed.apk')).code).not.toBe(0)
  })

  it('apk index says of the packages what the index of nacre says', () => {
    const out = join(folder, 'theirs.tar.gz')
    expect(run('index', '--keys-dir', keys, '-o', out, ...paths)).toMatchObject({ code: 0 })
    const text = spawnSync('tar', ['-xOzf', out, 'APKINDEX'], { encoding: 'utf8' }).stdout
    const indexed = records.map(({ replaces: _, replacesPriority: __, ...record }) => ({ ...record, replaces: [], triggers: [] }))
    const byName = (list: readonly PackageRecord[]) => [...list].sort((a, b) => (a.name < b.name ? -1 : 1))
    expect(byName(parseIndex(text))).toEqual(byName(indexed))
  })

  it('apk add installs them from the signed repository, audit finds nothing changed, and info lists the files', () => {
    const root = join(folder, 'root')
    const common = ['--root', root, '--keys-dir', keys, '--arch', 'x86_64']
    const added = run('add', ...common, '--no-scripts', '--initdb', '--no-cache', '--repository', repository, 'needs', 'empty')
    expect(added, added.text).toMatchObject({ code: 0 })
    expect(readFileSync(join(root, 'usr/share/été'), 'utf8')).toBe('not ASCII')
    expect(run('audit', ...common, '--system')).toEqual({ code: 0, text: '' })
    writeFileSync(join(root, 'usr/lib/big'), 'changed')
    expect(run('audit', ...common, '--system').text).toBe('U usr/lib/big\n')
    expect(run('info', ...common, '-L', 'shell').text).toContain('usr/bin/sh\n')
    const theirs = readFileSync(join(root, 'lib/apk/db/installed'), 'utf8')
    for (const record of records) expect(theirs).toContain(`P:${record.name}\nV:${record.version}\n`)
  })

  it('the installed database of nacre is the one that apk writes, but for the order of its packages', async () => {
    const root = join(folder, 'root')
    const ours = await Promise.all(
      paths.map(async (path, i) => {
        const one = value(await read(readFileSync(path)))
        return { record: { ...one.head.record, ...(records[i]?.fileSize === undefined ? {} : { fileSize: records[i].fileSize }) }, entries: one.entries, scripts: one.head.scripts }
      }),
    )
    const blocks = (text: string): string[] => text.split('\n\n').map((block) => block.trim()).sort()
    expect(blocks(installedText(ours))).toEqual(blocks(readFileSync(join(root, 'lib/apk/db/installed'), 'utf8')))
    const copy = join(folder, 'copy')
    cpSync(root, copy, { recursive: true, verbatimSymlinks: true })
    rmSync(join(copy, 'lib/apk/db/scripts.tar.gz'), { force: true })
    put(join(copy, 'lib/apk/db/installed'), installedText(ours))
    put(join(copy, 'lib/apk/db/scripts.tar'), scriptsTar(ours))
    put(join(copy, 'lib/apk/db/triggers'), triggersText(ours))
    put(join(copy, 'etc/apk/world'), worldText(['needs', 'empty']))
    const common = ['--root', copy, '--keys-dir', keys, '--arch', 'x86_64', '--no-cache', '--repository', repository]
    expect(run('info', ...common).text.trim().split('\n').sort()).toEqual(['empty', 'needs', 'shell'])
    const fixed = run('fix', ...common, '--no-scripts', '--simulate')
    expect(fixed).toMatchObject({ code: 0, text: expect.not.stringMatching(/ERROR|Reinstalling|Upgrading/) })
    const removed = run('del', ...common, '--no-scripts', 'needs')
    expect(removed, removed.text).toMatchObject({ code: 0 })
    expect(existsSync(join(copy, 'usr/lib/big'))).toBe(false)
  })

  it('apk refuses what nacre refuses: an end of archive in the control member, and two data members', async () => {
    const packed = await pack({ entries: someEntries })
    const control = gzipSync(Buffer.concat([spawnSync('gzip', ['-dc'], { input: packed.control }).stdout, Buffer.alloc(1024)]))
    const data = packed.bytes.subarray(packed.control.length)
    put(join(folder, 'ended.apk'), Buffer.concat([control, data]))
    put(join(folder, 'two.apk'), Buffer.concat([packed.bytes, gzipSync(tarBytes([], true))]))
    put(join(folder, 'sound.apk'), packed.bytes)
    const verdict = (name: string): number | null => run('verify', '--allow-untrusted', join(folder, name)).code
    expect([verdict('sound.apk'), verdict('ended.apk'), verdict('two.apk')]).toEqual([0, expect.any(Number), expect.any(Number)])
    expect(verdict('ended.apk')).not.toBe(0)
    expect(verdict('two.apk')).not.toBe(0)
  })
})
