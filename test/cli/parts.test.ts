import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { absPath } from '../../base/ids.ts'
import { LayeredCas } from '../../cache/layered-cas.ts'
import { MemoryCas } from '../../cache/memory-cas.ts'
import { parseArguments } from '../../cli/arguments.ts'
import { pathPattern } from '../../cli/audit/path-pattern.ts'
import { commands, everywhere } from '../../cli/flags.ts'
import { aptMirrors, aptSources } from '../../cli/machine/apt-mirrors.ts'
import { nodeVersion, storeFolder } from '../../cli/machine/examine.ts'
import { mirrorResolver } from '../../cli/machine/mirrors.ts'
import { compareFiles } from '../../outputs/compare/compare-files.ts'
import { elfSections } from '../../outputs/compare/elf-sections.ts'

describe('the words of a command line', () => {
  it('may begin with flags of every command and their values', () => {
    const parsed = parseArguments(['--store', 'build', '--offline', 'plan', 'jq', '--arch=aarch64'])
    expect(parsed.kind === 'run' && [parsed.arguments.command.name, parsed.arguments.words, [...parsed.arguments.values]]).toEqual(['plan', ['jq'], [['store', ['build']], ['offline', ['true']], ['arch', ['aarch64']]]])
  })

  it('belong to the program after two dashes', () => {
    const parsed = parseArguments(['run', 'jq', '--', '--help', '-n'])
    expect(parsed.kind === 'run' && [parsed.arguments.words, parsed.arguments.rest]).toEqual([['jq'], ['--help', '-n']])
  })

  it('name no flag of a command twice in its table', () => {
    for (const { name, flags } of commands) {
      const names = [...flags, ...everywhere].map((flag) => flag.name)
      expect([name, names.filter((one, i) => names.indexOf(one) !== i)]).toEqual([name, []])
    }
  })
})

describe('a path pattern', () => {
  it.each([
    ['usr/bin/*', 'usr/bin/jq', true],
    ['usr/bin/*', 'usr/bin/more/jq', false],
    ['/usr/**', 'usr/lib/a/b.so', true],
    ['**/*.so', 'b.so', true],
    ['**/*.so', 'a/c/b.so', true],
    ['**/*.so', 'a/bxso', false],
    ['usr/{bin,sbin}/a?', 'usr/sbin/ab', true],
    ['usr/{bin,sbin}/a?', 'usr/lib/ab', false],
    ['a,b', 'a,b', true],
    ['[x]+', '[x]+', true],
  ])('%s and %s: %s', (glob, path, matches) => {
    expect(pathPattern(glob).test(path)).toBe(matches)
  })
})

describe('package sources', () => {
  it('are read in both forms, without what is off', () => {
    const folder = mkdtempSync(join(tmpdir(), 'nacre-apt-'))
    mkdirSync(join(folder, 'sources.list.d'))
    writeFileSync(join(folder, 'sources.list'), '# deb http://no.example/debian x main\ndeb [arch=amd64] http://one.example/debian/ bookworm main\ndeb-src http://src.example/debian bookworm main\n')
    writeFileSync(join(folder, 'sources.list.d', 'a.sources'), 'Types: deb\n# a comment\nURIs: http://two.example/debian\n http://three.example/debian\nSuites: trixie trixie-updates\nComponents: main\n\nEnabled: no\nURIs: http://off.example/debian\nSuites: x\n')
    expect(aptSources(absPath(folder))).toEqual([
      { uri: 'http://one.example/debian', suite: 'bookworm' },
      { uri: 'http://two.example/debian', suite: 'trixie' },
      { uri: 'http://two.example/debian', suite: 'trixie-updates' },
      { uri: 'http://three.example/debian', suite: 'trixie' },
      { uri: 'http://three.example/debian', suite: 'trixie-updates' },
    ])
    expect(aptMirrors(folder)).toEqual(['http://one.example/debian', 'http://two.example/debian', 'http://three.example/debian'])
    rmSync(folder, { recursive: true })
  })

  it('give way to the mirrors that nacre.yaml names', () => {
    const resolve = mirrorResolver({ debian: ['https://a.example/debian/', 'https://b.example'] })
    expect(resolve('mirror://debian/pool/x')).toEqual(['https://a.example/debian/pool/x', 'https://b.example/pool/x'])
    expect(resolve('https://other.example/x')).toEqual(['https://other.example/x'])
  })
})

describe('the doctor', () => {
  it.each([['18.20.0', 'missing'], ['20.18.9', 'missing'], ['20.19.0', 'ok'], ['22.1.0', 'ok']])('judges Node %s as %s', (version, kind) => {
    expect(nodeVersion(version).result.kind).toBe(kind)
  })

  it('says that a store can not be written', () => {
    const check = storeFolder(absPath('/dev/null/store'))
    expect([check.required, check.result.kind]).toEqual([true, 'missing'])
  })
})

describe('the comparison of two files', () => {
  const program = readFileSync(process.execPath)

  it('names the section of an ELF file', () => {
    const text = elfSections(program)?.find(({ name }) => name === '.text')
    const other = Buffer.from(program)
    const at = (text?.offset ?? 0) + 100
    other[at] = (other[at] ?? 0) ^ 0xff
    expect(compareFiles(program, other)).toEqual([expect.stringMatching(/^\.text: from byte 100: [0-9a-f]+ and [0-9a-f]+$/)])
    expect(compareFiles(program, program)).toEqual([])
  })

  it('names the member of a static library', () => {
    const library = (content: string): Buffer => Buffer.from(`!<arch>\n${'a_long_name.o/'.padEnd(16)}${'0'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'644'.padEnd(8)}${String(content.length).padEnd(10)}\`\n${content}`)
    expect(compareFiles(library('abcd'), library('abxd'))).toEqual(['a_long_name.o: from byte 2: "abcd" and "abxd"'])
  })

  it('falls back to the first byte, and to sizes', () => {
    expect(compareFiles(Buffer.from('one'), Buffer.from('two'))).toEqual(['from byte 0: "one" and "two"'])
    expect(compareFiles(Buffer.from('one'), Buffer.from('one more'))).toEqual(['3 bytes and 8 bytes'])
    expect(compareFiles(Buffer.from('\u007fELF\u0002\u0001broken'), Buffer.from('\u007fELF\u0002\u0001BROKEN')).length).toBe(1)
  })
})

describe('a store over another', () => {
  it('reads from both, and writes to the upper alone', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nacre-cas-'))
    const [upper, lower] = [new MemoryCas(absPath(folder)), new MemoryCas(absPath(folder))]
    const below = await lower.put(Buffer.from('below'))
    const both = new LayeredCas(upper, lower)
    const made = await both.put(Buffer.from('made'))
    expect([both.has(below), both.has(made), lower.has(made), upper.has(below)]).toEqual([true, true, false, false])
    expect(Buffer.from((await both.read(below)) ?? []).toString()).toBe('below')
    expect(both.missing([below, made])).toEqual([])
    rmSync(folder, { recursive: true })
  })
})
