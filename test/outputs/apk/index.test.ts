import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { closeDeflatePool } from '../../../outputs/archive/deflate-pool.ts'
import { tarBytes } from '../../../outputs/archive/tar-write.ts'
import { indexLines, indexText, mergeIndex, packIndex, parseIndex, readIndex } from '../../../outputs/apk/apkindex.ts'
import { installedText, scriptsTar, triggersText, worldText } from '../../../outputs/apk/installed-db.ts'
import { generateKeyPair, keyring, signingKey } from '../../../outputs/apk/sign.ts'
import { pack, plainRecord, problems, read, value } from './pack-rig.ts'

const pair = generateKeyPair(2048)
const key = value(signingKey('test', pair.privatePem))
const ring = value(keyring([['test.rsa.pub', pair.publicPem]]))
const full = { ...plainRecord, installedSize: 9, fileSize: 77, checksum: 'Q1abc=', depends: ['a>1', '!b'], installIf: ['c=1', 'd'], providerPriority: 5 }
const repository = join(import.meta.dirname, '../../vectors/images/repo/x86_64')
afterAll(closeDeflatePool)

describe('an index', () => {
  it('has the lines in the order in which apk writes them, and none that are empty but T, U and L', () => {
    expect(indexLines(full)).toBe(
      'C:Q1abc=\nP:shell\nV:1.2.3-r4\nA:x86_64\nS:77\nI:9\nT:a test package\nU:https://example.test/shell\nL:MIT AND Apache-2.0\no:shell\n' +
        'm:A Person <person@example.test>\nt:1700000000\nc:0123456789abcdef0123456789abcdef01234567\nk:5\nD:a>1 !b\np:cmd:shell=1.2.3-r4\ni:c=1 d\n',
    )
    expect(indexLines({ ...plainRecord, origin: '', maintainer: '', commit: '', provides: [], buildDate: 0 }).match(/^./gm)?.join('')).toBe('CPVASITUL')
  })

  it('gives back what it was made of', () => {
    expect(parseIndex(indexText([full, { ...full, name: 'other' }]))).toEqual([full, { ...full, name: 'other' }])
  })

  it('leaves out a package with an unknown upper-case key, passes over lower-case ones, and mends the lists of apko', () => {
    expect(parseIndex('P:a\nV:1\nX:1\n\nP:b\nV:1\nx:1\ni:[]\n\nP:c\nV:1\ni:[a b]\n').map((one) => [one.name, one.installIf])).toEqual([['b', []], ['c', ['a', 'b']]])
  })

  it('merges by name and version, and sorts versions as versions', () => {
    const at = (version: string, fileSize = 1) => ({ ...full, version, fileSize })
    expect(mergeIndex([at('1.10-r0'), at('1.9-r0')], [at('1.9-r0', 2), at('1.2-r0')]).map((one) => [one.version, one.fileSize])).toEqual([['1.2-r0', 1], ['1.9-r0', 2], ['1.10-r0', 1]])
  })

  it('is read back with its signature, and refused when it is changed, foreign or unsigned', async () => {
    const signed = await packIndex([full], { description: 'test', key })
    expect(value(await readIndex('i', signed, ring))).toEqual({ description: 'test', records: [full] })
    const unsigned = await packIndex([full], { description: 'test' })
    expect(value(await readIndex('i', unsigned)).records).toEqual([full])
    expect(problems(await readIndex('i', unsigned, ring))[0]?.code).toBe('apk/untrusted')
    const other = await packIndex([], { description: 'test' })
    expect(problems(await readIndex('i', Buffer.concat([signed.subarray(0, signed.length - unsigned.length), other]), ring))[0]?.code).toBe('apk/bad-signature')
  })

  it.each([
    ['nothing', new Uint8Array()],
    ['half an index', gzipSync('x'.repeat(9999)).subarray(0, 20)],
    ['an archive without APKINDEX', gzipSync(tarBytes([{ path: 'x', kind: 'file', mode: 0o644, mtime: 0 }], true))],
    ['no gzip', Buffer.from('<html>not found</html>')],
  ])('is not %s', async (_, bytes) => {
    expect(problems(await readIndex('i', bytes))[0]?.code).toBe('apk/bad-index')
  })

  it('is a tar that python reads to its end', async () => {
    const listed = spawnSync('python3', ['-c', 'import sys,tarfile\nprint(tarfile.open(fileobj=sys.stdin.buffer, mode="r|gz").getnames())'], { input: await packIndex([full], { description: 'test' }), encoding: 'utf8' })
    expect(listed.stdout.trim()).toBe("['DESCRIPTION', 'APKINDEX']")
  })
})

describe('the repository that apk and melange made', () => {
  const trusted = value(keyring([['vector.rsa.pub', readFileSync(join(repository, '../../vector.rsa.pub'), 'utf8')]]))

  it('has an index that nacre verifies and reads, equal to what its packages say of themselves', async () => {
    const { records } = value(await readIndex('APKINDEX.tar.gz', readFileSync(join(repository, 'APKINDEX.tar.gz')), trusted))
    expect(records.length).toBeGreaterThan(20)
    for (const record of records) {
      const apk = value(await read(readFileSync(join(repository, `${record.name}-${record.version}.apk`)), { keyring: trusted }))
      const { triggers: _, replaces: __, replacesPriority: ___, ...known } = apk.head.record
      expect(record).toMatchObject(known)
    }
  })

  it.each(readdirSync(repository).filter((name) => name.endsWith('.apk')))('has %s, which nacre reads and verifies', async (name) => {
    expect(value(await read(readFileSync(join(repository, name)), { keyring: trusted }, 999)).head.record.name).not.toBe('')
  })
})

const sum = (content: string): string => `Z:Q1${createHash('sha1').update(content).digest('base64')}`

describe('the installed database', () => {
  it('lists directories and files with owners and modes where they are not the usual ones', async () => {
    const packed = await pack({ record: { replaces: ['old'], replacesPriority: 2, triggers: ['/usr/*'] }, scripts: { trigger: '#!/bin/sh\n' } })
    const apk = value(await read(packed.bytes))
    const one = { record: apk.head.record, entries: apk.entries, scripts: apk.head.scripts, repositoryTag: 'edge' }
    const text = installedText([one])
    expect(text.startsWith(indexLines(apk.head.record))).toBe(true)
    expect(text.slice(indexLines(apk.head.record).length)).toBe(
      `r:old\nq:2\ns:edge\nF:etc\nF:etc/private\nM:0:0:700\nR:key\na:0:0:600\n${sum('secret')}\nF:usr\nF:usr/bin\nR:sh\na:0:0:777\n${sum('shell')}\nR:shell\na:0:0:755\n${sum('#!/bin/sh\n')}\nF:usr/share\nR:empty\nZ:Q12jmj7l5rSw0yVb/vlWAYkK/YBwk=\nR:${'n'.repeat(120)}\n${sum('long name')}\nR:été\n${sum('not ASCII')}\n\n`,
    )
    expect(triggersText([one])).toBe(`${apk.head.record.checksum} /usr/*\n`)
    const scripts = spawnSync('tar', ['-tf', '-'], { input: scriptsTar([one]), encoding: 'utf8' })
    expect(scripts.stdout).toBe(`shell-1.2.3-r4.${apk.head.record.checksum}.trigger\n`)
    expect(worldText(['zlib', 'a', 'zlib'])).toBe('a\nzlib\n')
  })
})
