import { describe, expect, test } from 'vitest'
import { auditClosure } from '../../../outputs/audit/closure.ts'
import { auditHardening } from '../../../outputs/audit/hardening.ts'
import { textContent } from '../../../outputs/rootfs/content.ts'
import { plainDirectory, plainFile, plainSymlink, VirtualTree } from '../../../outputs/rootfs/virtual-tree.ts'
import { craftElf, elfBytes, readElf } from './elf-files.ts'

const hardening: readonly (readonly [name: string, verdicts: Readonly<Record<string, string>>])[] = [
  ['hardened', { pie: 'pass', relro: 'pass', nx: 'pass', canary: 'pass', fortify: 'pass', cet: 'fail' }],
  ['bare', { pie: 'fail', relro: 'fail', nx: 'fail', canary: 'fail', fortify: 'fail', cet: 'fail' }],
  ['partial', { pie: 'pass', relro: 'partial', nx: 'pass', canary: 'pass', fortify: 'pass', cet: 'fail' }],
  ['libanswer', { pie: 'pass', relro: 'pass', nx: 'pass', canary: 'not-applicable', fortify: 'not-applicable', cet: 'pass' }],
  ['libanswer-old', { pie: 'pass', relro: 'fail', nx: 'pass', canary: 'not-applicable', fortify: 'not-applicable', cet: 'fail' }],
  ['static', { pie: 'fail', relro: 'not-applicable', nx: 'pass', canary: 'not-applicable', fortify: 'not-applicable', cet: 'fail' }],
  ['static32', { pie: 'fail', relro: 'not-applicable', nx: 'pass', canary: 'not-applicable', fortify: 'not-applicable', cet: 'not-applicable' }],
  ['object', { pie: 'not-applicable', relro: 'not-applicable', nx: 'not-applicable', canary: 'not-applicable', fortify: 'not-applicable', cet: 'not-applicable' }],
]

describe('The hardening audit', () => {
  test.each(hardening)('judges %s', (name, verdicts) => {
    const results = auditHardening(readElf(elfBytes(name)))
    expect(Object.fromEntries(results.map(({ check, verdict }) => [check, verdict]))).toEqual(verdicts)
    for (const { detail } of results) expect(detail).not.toBe('')
  })

  test('names the calls that are not checked', () => {
    const fortify = auditHardening(readElf(elfBytes('bare'))).find(({ check }) => check === 'fortify')
    expect(fortify?.detail).toBe('unchecked: strcpy, printf, read')
  })
})

const loader = '/lib64/ld-linux-x86-64.so.2'
const interpreter = craftElf({ bits: 64, little: true, soname: 'ld-linux-x86-64.so.2', needed: [] })

type Files = Readonly<Record<string, Uint8Array | string | { readonly link: string }>>

/** A C library of the test: the versions are checked against the real thing's names only where a case wants that. */
const program = (needed: readonly string[]): Buffer => craftElf({ bits: 64, little: true, soname: '', needed, interpreter: loader })
const library = (soname: string, needed: readonly string[] = []): Buffer => craftElf({ bits: 64, little: true, soname, needed })

const cases: readonly (readonly [about: string, files: Files, findings: readonly string[]])[] = [
  ['is satisfied with a program, its loader and its library', { 'usr/bin/a': program(['libb.so.1']), 'usr/lib/libb.so.1': library('libb.so.1'), 'lib64/ld-linux-x86-64.so.2': interpreter }, []],
  ['follows links of folders and libraries', { lib64: { link: 'usr/lib' }, 'usr/lib/ld-linux-x86-64.so.2': interpreter, 'usr/bin/a': program(['libb.so.1']), 'usr/lib/libb.so.1': { link: 'libb.so.1.2' }, 'usr/lib/libb.so.1.2': library('libb.so.1') }, []],
  ['finds a missing loader', { 'usr/bin/a': program([]) }, ['usr/bin/a: Interpreter "/lib64/ld-linux-x86-64.so.2" is not in the image']],
  ['finds a missing library of a library', { 'usr/bin/a': program(['libb.so.1']), 'usr/lib/libb.so.1': library('libb.so.1', ['libz.so.1']), 'lib64/ld-linux-x86-64.so.2': interpreter }, ['usr/lib/libb.so.1: Library "libz.so.1" is not in the image']],
  ['finds no library in a folder that is not searched', { 'usr/bin/a': program(['libb.so.1']), 'opt/lib/libb.so.1': library('libb.so.1'), 'lib64/ld-linux-x86-64.so.2': interpreter }, ['usr/bin/a: Library "libb.so.1" is not in the image']],
  ['reads ld.so.conf and what it includes', { 'etc/ld.so.conf': 'include /etc/ld.so.conf.d/*.conf\n', 'etc/ld.so.conf.d/o.conf': '/opt/lib\n', 'usr/bin/a': program(['libb.so.1']), 'opt/lib/libb.so.1': library('libb.so.1'), 'lib64/ld-linux-x86-64.so.2': interpreter }, []],
  ['passes over a library of another width', { 'usr/bin/a': program(['libb.so.1']), 'usr/lib/libb.so.1': craftElf({ bits: 32, little: true, soname: 'libb.so.1', needed: [] }), 'lib64/ld-linux-x86-64.so.2': interpreter }, ['usr/bin/a: Library "libb.so.1" is not in the image']],
  ['survives libraries that need one another', { 'usr/lib/liba.so': library('liba.so', ['libb.so']), 'usr/lib/libb.so': library('libb.so', ['liba.so']) }, []],
  ['looks at a plugin by itself', { 'usr/lib/app/p.so': library('', ['libz.so.1']) }, ['usr/lib/app/p.so: Library "libz.so.1" is not in the image']],
  ['finds a missing interpreter of a script', { 'usr/bin/s': '#!/bin/bash\n' }, ['usr/bin/s: Interpreter "/bin/bash" is not in the image']],
  ['looks through env', { 'usr/bin/env': library(''), 'usr/bin/s': '#!/usr/bin/env perl\n' }, ['usr/bin/s: Interpreter "perl" is not in the image']],
  ['finds what env starts', { 'usr/bin/env': library(''), 'usr/bin/perl': library(''), 'usr/bin/s': '#!/usr/bin/env perl\n' }, []],
  ['names a file that is cut short', { 'usr/bin/a': interpreter.subarray(0, 70) }, ['usr/bin/a: Not an ELF file that can be read: 4 bytes at 68 are past the end of 70']],
]

describe('The closure audit', () => {
  test.each(cases)('%s', async (_, files, findings) => {
    expect(await audit(files)).toEqual(findings)
  })

  test('knows that a version of a symbol is not in an older library', async () => {
    const files = { 'usr/bin/a': elfBytes('hardened'), 'lib64/ld-linux-x86-64.so.2': interpreter, 'usr/lib/libc.so.6': library('libc.so.6') }
    const libc = ['GLIBC_2.2.5', 'GLIBC_2.3.4', 'GLIBC_2.4', 'GLIBC_2.34'].map((version) => `usr/bin/a: Version "${version}" of "libc.so.6" is not in "usr/lib/libc.so.6"`)
    expect(await audit({ ...files, 'usr/lib/libanswer.so.1': elfBytes('libanswer') })).toEqual(libc)
    expect(await audit({ ...files, 'usr/lib/libanswer.so.1': elfBytes('libanswer-old') })).toEqual([...libc, 'usr/bin/a: Version "ANSWER_2" of "libanswer.so.1" is not in "usr/lib/libanswer.so.1"'])
  })

  test('follows both kinds of search path', async () => {
    const base = { 'lib64/ld-linux-x86-64.so.2': interpreter, 'usr/lib/libc.so.6': library('libc.so.6') }
    const missing = 'usr/bin/a: Library "libanswer.so.1" is not in the image'
    expect(await audit({ ...base, 'usr/bin/a': elfBytes('partial'), 'usr/lib/private/libanswer.so.1': elfBytes('libanswer') })).not.toContain(missing)
    expect(await audit({ ...base, 'usr/bin/a': elfBytes('rpath'), 'opt/app/lib/libanswer.so.1': elfBytes('libanswer') })).not.toContain(missing)
    expect(await audit({ ...base, 'usr/bin/a': elfBytes('rpath'), 'opt/lib/libanswer.so.1': elfBytes('libanswer') })).toContain(missing)
  })
})

async function audit(files: Files): Promise<readonly string[]> {
  const tree = new VirtualTree()
  for (const [path, content] of Object.entries(files)) {
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')))
    if (parent !== '') tree.makeDirectory(parent, plainDirectory)
    if (typeof content === 'string') tree.set(path, plainFile(textContent(content), 0o755))
    else if (content instanceof Uint8Array) tree.set(path, plainFile({ kind: 'bytes', bytes: content }, 0o755))
    else tree.set(path, plainSymlink(content.link))
  }
  const findings = await auditClosure(tree, () => {
    throw new Error('no blob')
  })
  return findings.map(({ path, problem }) => `${path}: ${problem}`)
}
