import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { compileRecipe } from '../../recipes/language/compile.ts'
import { builtInPipelines, openPipelines } from '../../recipes/language/pipelines.ts'
import { parsePackage } from '../../recipes/language/recipe.ts'
import { buildPipelines, scriptsOf } from '../../recipes/language/script.ts'
import type { Step } from '../../recipes/language/schema/step.ts'

let box = ''
beforeEach(() => {
  box = mkdtempSync(join(tmpdir(), 'nacre-pipelines-'))
  mkdirSync(join(box, 'home'), { recursive: true })
  mkdirSync(join(box, 'sources'))
})
afterEach(() => rmSync(box, { recursive: true, force: true }))

/** The scripts of a recipe, with the folders of the sandbox led into the box. */
function scripts(recipe: string, choose: (pipelines: readonly (readonly Step[])[]) => readonly Step[] = (all) => all.flat()): readonly { readonly script: string; readonly scope: string }[] {
  const parsed = parsePackage({ path: 'x.yaml', text: recipe })
  if (parsed.kind === 'complaints') throw new Error(JSON.stringify(parsed.diagnostics.map((one) => one.message)))
  const compiled = compileRecipe(parsed.value, { arch: 'x86_64', library: openPipelines([]) })
  if (compiled.kind === 'complaints') throw new Error(JSON.stringify(compiled.diagnostics.map((one) => one.message)))
  return scriptsOf(choose(buildPipelines(compiled.value))).scripts.map((one) => ({
    ...one,
    script: one.script.replaceAll('/home/build', join(box, 'home')).replaceAll('/var/cache/nacre/sources', join(box, 'sources')),
  }))
}

function run(recipe: string): { readonly code: number; readonly output: string } {
  let output = ''
  for (const { script } of scripts(recipe)) {
    const ran = spawnSync('/bin/sh', ['-e', '-c', script], { cwd: join(box, 'home'), encoding: 'utf8' })
    output += ran.stdout + ran.stderr
    if (ran.status !== 0) return { code: ran.status ?? -1, output }
  }
  return { code: 0, output }
}

const head = 'package: {name: thing, version: 1.2, epoch: 0}\n'

function archive(): string {
  mkdirSync(join(box, 'thing-1.2/sub'), { recursive: true })
  writeFileSync(join(box, 'thing-1.2/sub/file.txt'), 'one\n')
  const tar = join(box, 'thing.tar.gz')
  execFileSync('tar', ['-C', box, '-czf', tar, 'thing-1.2'])
  const digest = createHash('sha256').update(readFileSync(tar)).digest('hex')
  execFileSync('cp', [tar, join(box, 'sources', digest)])
  return digest
}

function files(folder: string, prefix = ''): readonly string[] {
  return readdirSync(join(folder, prefix), { withFileTypes: true })
    .flatMap((entry) => (entry.isDirectory() ? [`${prefix}${entry.name}/`, ...files(folder, `${prefix}${entry.name}/`)] : [`${prefix}${entry.name}`]))
    .sort()
}

function put(...paths: readonly string[]): void {
  for (const path of paths) {
    const file = join(box, 'home/melange-out/thing', path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, path)
  }
}

const split = (name: string): string => `${head}subpackages:\n  - name: thing-part\n    pipeline:\n      - uses: split/${name}\n`
const main = (): readonly string[] => files(join(box, 'home/melange-out/thing'))
const part = (): readonly string[] => files(join(box, 'home/melange-out/thing-part')).filter((path) => !path.endsWith('/'))

describe('The fetch pipeline', () => {
  it('unpacks the archive of the digest without its first directory', () => {
    const digest = archive()
    expect(run(`${head}pipeline:\n  - uses: fetch\n    with: {uri: "https://example.org/thing.tar.gz", expected-sha256: ${digest}}\n`)).toEqual({ code: 0, output: '' })
    expect(readFileSync(join(box, 'home/sub/file.txt'), 'utf8')).toBe('one\n')
  })

  it('copies the file under the last part of its URI when it is not to be unpacked', () => {
    const digest = archive()
    run(`${head}pipeline:\n  - uses: fetch\n    with: {uri: "https://example.org/a/thing.tar.gz?x=/y", extract: false, directory: in, expected-sha256: ${digest.toUpperCase()}}\n`)
    expect(files(join(box, 'home'))).toEqual(['in/', 'in/thing.tar.gz'])
  })
})

describe('The git-checkout pipeline', () => {
  const commit = '0123456789abcdef0123456789abcdef01234567'
  const recipe = (more: string): string => `${head}pipeline:\n  - uses: git-checkout\n    with: {repository: r, expected-commit: ${commit}${more}}\n`
  beforeEach(() => {
    mkdirSync(join(box, 'sources', commit, 'src'), { recursive: true })
    writeFileSync(join(box, 'sources', commit, 'src/a.c'), 'a')
    writeFileSync(join(box, 'sources', commit, 'b'), 'b')
  })

  it('copies the files of the commit', () => {
    expect(run(recipe(', destination: d'))).toEqual({ code: 0, output: '' })
    expect(files(join(box, 'home'))).toEqual(['d/', 'd/b', 'd/src/', 'd/src/a.c'])
  })

  it('takes only the sparse paths', () => {
    run(recipe(', sparse-paths: src'))
    expect(files(join(box, 'home'))).toEqual(['src/', 'src/a.c'])
  })

  it('refuses cherry-picks', () => {
    expect(run(recipe(', cherry-picks: "main/abc: fix"')).code).toBe(1)
  })
})

describe('The split pipelines', () => {
  it('run as actions of their own, but for the one that changes files', () => {
    const scope = (name: string): readonly string[] => scripts(split(name)).map((one) => one.scope)
    const names = readdirSync(join(builtInPipelines, 'split')).map((name) => name.replace('.yaml', ''))
    expect(names.filter((name) => scope(name)[0] !== 'output')).toEqual(['debug'])
  })

  it('dev takes headers, pkg-config files, static libraries and linking links, and leaves no empty folder', () => {
    put('usr/include/z/a.h', 'usr/lib/pkgconfig/z.pc', 'usr/lib/libz.so.1.0', 'usr/lib/libz.a', 'usr/bin/z-config', 'usr/bin/z', 'usr/lib/plugin.so')
    symlinkSync('libz.so.1.0', join(box, 'home/melange-out/thing/usr/lib/libz.so'))
    expect(run(split('dev')).code).toBe(0)
    expect(part()).toEqual(['usr/bin/z-config', 'usr/include/z/a.h', 'usr/lib/libz.a', 'usr/lib/libz.so', 'usr/lib/pkgconfig/z.pc'])
    expect(main()).toEqual(['usr/', 'usr/bin/', 'usr/bin/z', 'usr/lib/', 'usr/lib/libz.so.1.0', 'usr/lib/plugin.so'])
  })

  it('joins folders that both packages have', () => {
    put('usr/share/man/man1/b.1')
    mkdirSync(join(box, 'home/melange-out/thing-part/usr/share/man/man1'), { recursive: true })
    writeFileSync(join(box, 'home/melange-out/thing-part/usr/share/man/man1/a.1'), '')
    expect(run(split('manpages')).code).toBe(0)
    expect(part()).toEqual(['usr/share/man/man1/a.1', 'usr/share/man/man1/b.1'])
    expect(main()).toEqual([])
  })

  it.each([
    ['alldocs', ['usr/share/doc/a b', 'usr/share/man/man3/f.3', 'usr/share/info/z.info'], ['usr/bin/z']],
    ['infodir', ['usr/share/info/z.info'], ['usr/share/man/man1/z.1']],
    ['static', ['usr/lib/libz.a'], ['usr/lib/libz.so.1']],
    ['lib', ['usr/lib/libz.so.1'], ['usr/lib/libz.a', 'usr/bin/z']],
    ['bin', ['usr/bin/z', 'usr/sbin/zd'], ['usr/lib/libz.so.1']],
    ['locales', ['usr/share/locale/de/LC_MESSAGES/z.mo'], ['usr/bin/z']],
  ])('%s takes what its name says', (name, taken, left) => {
    put(...taken, ...left)
    expect(run(split(name)).code).toBe(0)
    expect(part()).toEqual([...taken].sort())
    expect(main().filter((path) => !path.endsWith('/'))).toEqual([...left].sort())
  })

  it('takes nothing from a package that is not there, and from one that has nothing for it', () => {
    expect(run(split('dev')).code).toBe(0)
    put('usr/bin/z')
    expect(run(split('static')).code).toBe(0)
    expect(part()).toEqual([])
  })
})

describe('The patch pipeline', () => {
  const patch = '--- a/file\n+++ b/file\n@@ -1 +1 @@\n-one\n+two\n'
  beforeEach(() => {
    writeFileSync(join(box, 'home/file'), 'one\n')
    mkdirSync(join(box, 'home/patches'))
    writeFileSync(join(box, 'home/patches/a.patch'), patch)
    writeFileSync(join(box, 'home/patches/series'), '# first\na.patch # why\n')
  })

  it.each(['{patches: patches/a.patch}', '{series: patches/series}'])('applies what %s names', (inputs) => {
    expect(run(`${head}pipeline:\n  - uses: patch\n    with: ${inputs}\n`).code).toBe(0)
    expect(readFileSync(join(box, 'home/file'), 'utf8')).toBe('two\n')
  })

  it('fails when a patch does not fit', () => {
    writeFileSync(join(box, 'home/file'), 'three\n')
    expect(run(`${head}pipeline:\n  - uses: patch\n    with: {patches: patches/a.patch}\n`).code).not.toBe(0)
  })
})

describe('The test pipelines', () => {
  const uses = (name: string, inputs: string): string => `${head}pipeline:\n  - uses: test/${name}\n    with: ${inputs}\n`
  it.each([
    ['contains-files', '{files: /bin/sh /etc}', 0],
    ['contains-files', '{files: /bin/sh /no/such/file}', 1],
    ['help-check', '{bins: sort}', 0],
    ['help-check', '{bins: "true", expect-contains: "no such words"}', 1],
    ['help-check', '{bins: no-such-program}', 1],
    ['ver-check', '{bins: sort, version: coreutils}', 0],
    ['ver-check', '{bins: sort, version: "999.999"}', 1],
    ['ldd-check', '{files: /bin/sh}', 0],
    ['daemon-check-output', "{start: sh -c 'echo ready; exec sleep 20', expected_output: ready, timeout: 5}", 0],
    ['daemon-check-output', "{start: sh -c 'echo FATAL; exec sleep 20', expected_output: ready, timeout: 5}", 1],
    ['daemon-check-output', '{start: echo hello, expected_output: ready, timeout: 5}', 1],
  ])('%s with %s ends with %i', (name, inputs, code) => {
    const ran = run(uses(name, inputs))
    expect(ran, ran.output).toMatchObject({ code })
  })
})

describe('Every built-in pipeline', () => {
  const names = openPipelines([]).names()

  it('is found by its name', () => {
    expect(names).toContain('autoconf/configure')
    expect(names.length).toBeGreaterThan(25)
  })

  it.each(names)('%s is a file without mistakes whose inputs say what they are for', (name) => {
    const pipeline = openPipelines([]).find(name)
    expect(pipeline?.diagnostics).toEqual([])
    expect(Object.entries(pipeline?.step.inputs ?? {}).filter(([, input]) => input.description === '')).toEqual([])
    expect(existsSync(pipeline?.path ?? '')).toBe(true)
  })

  it.each(names)('%s is a script that the shell can read', (name) => {
    const inputs = openPipelines([]).find(name)?.step.inputs ?? {}
    const given = Object.entries(inputs).filter(([, input]) => input.required).map(([key]) => `${key}: ${key === 'expected-commit' ? '0'.repeat(40) : 'x'}`)
    for (const { script } of scripts(`${head}subpackages:\n  - name: thing-part\n    pipeline:\n      - uses: ${name}\n        with: {${given.join(', ')}}\n`)) {
      expect(spawnSync('/bin/sh', ['-n', '-c', script], { encoding: 'utf8' }).stderr).toBe('')
    }
  })
})
