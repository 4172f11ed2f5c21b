import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseElf } from '../../../outputs/elf/elf.ts'
import { inspectLibrary } from '../../../outputs/elf/inspect-library.ts'
import { craftElf, elfBytes, elfNames, readElf } from './elf-files.ts'

const packing = new URL('../../vectors/packing/', import.meta.url)

interface Recorded {
  readonly path: string
  readonly type: string
  readonly soname?: string
  readonly needed?: readonly string[]
  readonly interp?: string
  readonly content_b64?: string
}

const recorded = readdirSync(packing).flatMap((file) => {
  const { tree }: { readonly tree: readonly Recorded[] } = JSON.parse(readFileSync(new URL(file, packing), 'utf8'))
  return tree.filter(({ type }) => type === 'elf').map((entry) => [`${file} ${entry.path}`, entry] as const)
})

describe('An ELF file', () => {
  test.each(recorded)('in %s says what it was linked with', (_, { soname, needed, interp, content_b64 }) => {
    const elf = readElf(Buffer.from(content_b64 ?? '', 'base64'))
    expect([elf.soname, elf.needed, elf.interpreter, elf.bits, elf.endian, elf.machine]).toEqual([soname, needed, interp, 64, 'little', 62])
  })

  test('of a hardened program says all that readelf says', () => {
    const elf = readElf(elfBytes('hardened'))
    expect(elf).toMatchObject({
      type: 'shared', isDynamic: true, isPie: true, bindNow: true, hasRelro: true, stackFlags: 6, hasTextRelocations: false,
      interpreter: '/lib64/ld-linux-x86-64.so.2', needed: ['libanswer.so.1', 'libc.so.6'], soname: undefined, rpath: [], runpath: [],
      buildId: '6ed3de4771609ef71ced5c31cefe52ce99713335',
    })
    expect(elf.versionNeeds.map(({ library, versions }) => [library, versions.map(({ name, weak }) => [name, weak])])).toEqual([
      ['libc.so.6', [['GLIBC_2.2.5', false], ['GLIBC_2.3.4', false], ['GLIBC_2.4', false], ['GLIBC_2.34', false]]],
      ['libanswer.so.1', [['ANSWER_2', false]]],
    ])
    expect(elf.symbols).toContainEqual({ name: 'answer', version: 'ANSWER_2', isDefined: false, isWeak: false })
    expect(elf.symbols).toContainEqual({ name: '__stack_chk_fail', version: 'GLIBC_2.4', isDefined: false, isWeak: false })
    expect(elf.symbols).toContainEqual({ name: '__gmon_start__', version: undefined, isDefined: false, isWeak: true })
    expect(elf.symbols).toHaveLength(10)
  })

  test('of a library defines versions and symbols', () => {
    const elf = readElf(elfBytes('libanswer'))
    expect(elf).toMatchObject({ soname: 'libanswer.so.1', versionDefinitions: ['libanswer.so.1', 'ANSWER_1', 'ANSWER_2'], isPie: false, interpreter: undefined })
    expect(elf.features).toEqual(new Set(['ibt', 'shstk']))
    expect(elf.symbols.filter(({ isDefined }) => isDefined).map(({ name, version }) => `${name}@${version}`)).toEqual(
      expect.arrayContaining(['answer@ANSWER_2', 'old@ANSWER_1']),
    )
    expect(inspectLibrary(elfBytes('libanswer'))).toEqual({ machine: 62, bits: 64, soname: 'libanswer.so.1' })
  })

  test('has search paths of both kinds', () => {
    expect(readElf(elfBytes('partial'))).toMatchObject({ runpath: ['$ORIGIN/../lib/private'], rpath: [], bindNow: false })
    expect(readElf(elfBytes('rpath'))).toMatchObject({ rpath: ['/opt/app/lib'], runpath: [] })
  })

  test('may be static, of 32 bits, or an object', () => {
    expect(readElf(elfBytes('static'))).toMatchObject({ type: 'executable', isDynamic: false, bits: 64, machine: 62, needed: [], symbols: [] })
    expect(readElf(elfBytes('static32'))).toMatchObject({ type: 'executable', isDynamic: false, bits: 32, machine: 3 })
    expect(readElf(elfBytes('object'))).toMatchObject({ type: 'relocatable', isDynamic: false })
    expect(readElf(elfBytes('object')).staticNames).toContain('_start')
    expect(inspectLibrary(elfBytes('hardened'))).toBeUndefined()
  })

  test.each([[32, true], [32, false], [64, true], [64, false]] as const)('is read at %i bits, little endian %s', (bits, little) => {
    const elf = readElf(craftElf({ bits, little, soname: 'liba.so.1', needed: ['libb.so.2', 'libc.so.6'], interpreter: '/lib/ld.so' }))
    expect([elf.bits, elf.endian, elf.soname, elf.needed, elf.interpreter]).toEqual([bits, little ? 'little' : 'big', 'liba.so.1', ['libb.so.2', 'libc.so.6'], '/lib/ld.so'])
  })

  test('is not every file', () => {
    for (const text of ['', '\x7f', '\x7fEL', '#!/bin/sh\n', 'MZ']) expect(parseElf(Buffer.from(text)).kind).toBe('not-elf')
    expect(parseElf(Buffer.from('\x7fELF')).kind).toBe('malformed')
  })

  test.each(elfNames)('%s cut short or altered is refused or read, never thrown at', (name) => {
    const bytes = elfBytes(name)
    for (let size = 4; size < bytes.length; size += 7) expect(['elf', 'malformed']).toContain(parseElf(bytes.subarray(0, size)).kind)
    let state = 12345
    const random = (below: number): number => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0
      return (state >>> 8) % below
    }
    for (let round = 0; round < 1500; round++) {
      const altered = Buffer.from(bytes)
      for (let i = 0; i <= random(4); i++) altered[4 + random(round % 2 === 0 ? 1500 : 120) % (altered.length - 4)] = [0, 1, 0x7f, 0x80, 0xff, random(256)][random(6)] ?? 0
      expect(['elf', 'malformed']).toContain(parseElf(altered).kind)
    }
    expect(parseElf(bytes.subarray(0, 60)).kind).toBe('malformed')
  })
})
