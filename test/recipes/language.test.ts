import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Checked } from '../../base/result.ts'
import { compiledJson, compileRecipe, type CompiledPackage } from '../../recipes/language/compile.ts'
import { evaluate } from '../../recipes/language/condition.ts'
import { withIncludes } from '../../recipes/language/include.ts'
import { loadSource } from '../../recipes/language/load.ts'
import { openPipelines } from '../../recipes/language/pipelines.ts'
import { parseFirst, parseImage, parsePackage, parseRecipes } from '../../recipes/language/recipe.ts'
import { durationOf } from '../../recipes/language/schema/scalar.ts'
import { workspace } from '../../recipes/language/schema/workspace.ts'
import { scriptsOf } from '../../recipes/language/script.ts'
import { sourcesOf } from '../../recipes/language/sources.ts'
import { replaceExact, substitute } from '../../recipes/language/substitute.ts'
import { compileRe2, transform } from '../../recipes/language/transform.ts'

const head = 'package: {name: x, version: 1, epoch: 0}\n'

function value<T>(checked: Checked<T>): T {
  if (checked.kind === 'ok') return checked.value
  throw new Error(checked.diagnostics.map((one) => one.message).join('; '))
}

function compile(text: string): CompiledPackage {
  return value(compileRecipe(value(parsePackage({ path: 'x.yaml', text })), { arch: 'x86_64', library: openPipelines([]) }))
}

describe('A file of recipes', () => {
  it('may hold several documents of every kind, each told by its content', () => {
    const text = `${head}---\ntask: {name: t, run: make, inputs: ["*.c"]}\n---\n# nothing\n---\ncontents: {packages: [a]}\n---\npipeline: [{runs: x}]\n`
    expect(value(parseRecipes({ path: 'a/site.apko.yaml', text })).map((one) => (one.kind === 'image' ? `image ${one.name}` : one.kind))).toEqual(['package', 'task', 'image site', 'pipeline'])
  })

  it('gives a task every field of the table', () => {
    const text = 'task:\n  name: web\n  inputs: [web/**]\n  needs: [protocol]\n  tools: [node]\n  run: npm run build\n  outputs: [web/dist/**]\n  environment: {V: 1.10}\n  packages: [nodejs]\n  timeout: 1m30s\n  resources: {cpu: 2, memory: 1Gi}\n'
    const [task] = value(parseRecipes({ path: 't.yaml', text }))
    expect(JSON.parse(JSON.stringify(task?.kind === 'task' ? task.task : {}))).toEqual({
      name: 'web', inputs: ['web/**'], needs: ['protocol'], tools: ['node'], run: 'npm run build', outputs: ['web/dist/**'],
      environment: { V: '1.10' }, packages: ['nodejs'], timeout: 90_000, resources: { cpu: '2', memory: '1Gi' },
    })
  })
})

describe('A workspace', () => {
  it('takes short forms of remotes, mirrors and channels', () => {
    const text = 'remotes: [{url: grpc://cache:9092, write: true}, "https://cache.example.org"]\nmirrors: {debian: system, gnu: [a, b]}\nchannels: [edge, {name: staging, soak: 24h}]\n'
    const read = value(parseFirst({ path: 'nacre.yaml', text }, workspace))
    expect(read.remotes.map(({ url, write }) => [url, write])).toEqual([['grpc://cache:9092', true], ['https://cache.example.org', false]])
    expect(read.mirrors).toEqual({ debian: ['system'], gnu: ['a', 'b'] })
    expect(read.channels.map(({ name, soak }) => [name, soak])).toEqual([['edge', 0], ['staging', 86_400_000]])
  })
})

describe('The parse pass', () => {
  const variables = new Map([['a', 'A'], ['b', '${{a}}'], ['with space', 'S']])
  it.each([
    ['${{a}}${{a}}', 'AA'],
    ['${{ a }}', '${{ a }}'],
    ['${{b}}', '${{a}}'],
    ['${{no}} ${{a', '${{no}} ${{a'],
    ['$${{a}}}', '$A}'],
    ['${{x.${{a}}}}', '${{x.A}}'],
    ['${{with space}}', 'S'],
  ])('makes %s to %s', (text, wanted) => expect(replaceExact(text, variables)).toBe(wanted))
})

describe('The compile pass', () => {
  it('puts values into conditions with quotes, and finds every problem', () => {
    expect(substitute('${{ a }}', new Map([['a', 'x"y']]), { quoted: true })).toEqual({ text: '"x\\"y"', problems: [] })
    expect(substitute('${{b}} ${{}} ${{c', new Map()).problems.map((one) => one.kind)).toEqual(['unknown', 'bad', 'bad'])
  })
})

describe('A condition', () => {
  it.each([
    ['', true],
    [`'a' == "a"`, true],
    [`'a' == 'b' || 'a' == 'a' && 'a' == 'b'`, false],
    [`('a' != 'b')`, true],
    [`'a\\'' == "a'"`, true],
  ])('%s is %s', (text, wanted) => expect(evaluate(text)).toEqual({ kind: 'value', value: wanted }))

  it.each([['true', 0], [`'a' == 'a' extra`, 11], [`'a`, 0], [`'a' = 'a'`, 4], [`'a' == 'a' &&`, 13]])('%s is refused at %i', (text, at) => {
    expect(evaluate(text)).toMatchObject({ kind: 'bad', at })
  })
})

describe('An RE2 expression', () => {
  const apply = (text: string, match: string, replacement: string): string => {
    const compiled = compileRe2(match)
    return compiled.kind === 'bad' ? `refused: ${compiled.reason}` : transform(text, compiled.expression, replacement)
  }
  it.each([
    ['baac', 'a*', 'X', 'XbXcX'],
    ['1.2.3', '(\\d+)\\.(\\d+)', '${2}_$1', '2_1.3'],
    ['ab', '(?P<x>a)', '<$x>$y$$', '<a>$b'],
    ['a.b', '\\Q.\\E', '-', 'a-b'],
    ['a1', '[[:alpha:]]', 'x', 'x1'],
    ['AB', '(?i)b', 'x', 'Ax'],
    ['é1', '\\pL', 'x', 'x1'],
    ['x', '\\Ax\\z', 'y', 'y'],
  ])('of %s: %s, %s gives %s', (text, match, replacement, wanted) => expect(apply(text, match, replacement)).toBe(wanted))

  it.each(['(?=a)', '(?<!a)', '(a)\\1', '(', 'a(?i)b', '\\C'])('%s is refused', (match) => expect(compileRe2(match).kind).toBe('bad'))
})

describe('A duration', () => {
  it.each([['1h30m', 5_400_000], ['1.5s', 1500], ['250us', 0.25], ['0', 0], ['-2s', -2000]])('%s is %d ms', (text, wanted) => expect(durationOf(text)).toBeCloseTo(wanted))
  it.each(['', '90', '1x', 'h', '1h ', '.s'])('"%s" is none', (text) => expect(durationOf(text)).toBeUndefined())
})

describe('A compiled recipe', () => {
  it('prints the largest epoch exactly, and nothing of nacre\'s own', () => {
    const compiled = compile('package: {name: x, version: 1, epoch: 18446744073709551615, bootstrap: true}\nhardening: {exceptions: [{paths: [a], checks: [pie], reason: b}]}\nreproducible: {except: it holds the time}\n')
    const printed = compiledJson(compiled)
    expect(printed).toContain('"epoch":18446744073709551615')
    expect(printed).not.toMatch(/bootstrap|hardening|reproducible/)
    expect(compiled.recipe.reproducible?.except).toBe('it holds the time')
    expect(JSON.parse(compiledJson(compiled, { indent: 1 }))).toEqual(JSON.parse(printed))
  })

  it('knows which subpackages there are, by conditions that melange leaves open', () => {
    const { conditions } = compile(`${head}subpackages:\n  - {name: a, if: "\${{build.arch}} == 'x86_64'"}\n  - {name: b, if: "\${{build.arch}} == 'aarch64'"}\n  - {name: c, if: no}\n`)
    expect(conditions.map((one) => (one.kind === 'ok' ? one.value : 'bad'))).toEqual([true, false, 'bad'])
  })

  it('lists its scripts in order, with inherited environment and directory, without what a false condition leaves out', () => {
    const text = `${head}pipeline:
  - name: outer
    environment: {A: 1, B: 1}
    working-directory: sub/
    runs: first
    pipeline:
      - {runs: second, environment: {B: 2}}
      - {runs: never, if: "'a' == 'b'", pipeline: [{runs: never either}]}
  - runs: "  "
  - {uses: test/contains-files, with: {files: /x}, working-directory: /abs}
`
    const { scripts } = scriptsOf(compile(text).recipe.pipeline)
    expect(scripts.map(({ name, directory, environment, uses }) => [name, directory, environment, uses])).toEqual([
      ['outer', 'sub', { A: '1', B: '1' }, []],
      ['outer', 'sub', { A: '1', B: '2' }, []],
      ['test/contains-files', '/abs', {}, ['test/contains-files']],
    ])
  })

  it('says when not as many steps run as are required', () => {
    const text = `${head}pipeline:\n  - name: one\n    assertions: {required-steps: 1}\n    pipeline: [{runs: a}, {runs: b, if: "'a' == 'b'"}]\n  - name: two\n    assertions: {required-steps: 2}\n    pipeline: [{runs: a}, {runs: b, if: "'a' == 'b'"}]\n`
    expect(scriptsOf(compile(text).recipe.pipeline).failed).toEqual([{ step: 'two', required: 2, ran: 1 }])
  })

  it('lists its sources, each once', () => {
    const digest = '0123456789ABCDEF'.repeat(4)
    const fetch = `{uses: fetch, with: {uri: "https://example.org/\${{package.name}}.tar.gz", mirrors: "mirror://debian/pool/x.tar.gz", expected-sha256: ${digest}}}`
    const text = `${head}pipeline:\n  - ${fetch}\n  - ${fetch}\n  - {if: "'a' == 'b'", uses: fetch, with: {uri: no, expected-sha256: ${digest}}}\n  - uses: git-checkout\n    with: {repository: "https://example.org/x.git", tag: v1, expected-commit: ${'A'.repeat(40)}, recurse-submodules: true}\n  - uses: bootstrap/debs\n    with:\n      debs: |\n        # first\n        a 1.0 ${digest.toLowerCase()} pool/a.deb\n      links: |\n        usr/bin/cc gcc\n`
    const sources = value(sourcesOf(compile(text))).map(({ where: _, ...source }) => source)
    expect(sources).toEqual([
      { kind: 'file', uris: ['https://example.org/x.tar.gz', 'mirror://debian/pool/x.tar.gz'], sha256: digest.toLowerCase(), sha512: '' },
      { kind: 'git', repository: 'https://example.org/x.git', commit: 'a'.repeat(40), tag: 'v1', branch: '', submodules: true },
      { kind: 'debs', debs: [{ name: 'a', version: '1.0', sha256: digest.toLowerCase(), path: 'pool/a.deb' }], links: [{ path: 'usr/bin/cc', target: 'gcc' }] },
    ])
  })

  it('depends on every place where its pipelines were looked for', () => {
    const library = openPipelines([{ path: '/no/such/folder', shown: 'none' }])
    const parsed = value(parsePackage({ path: 'x.yaml', text: `${head}pipeline: [{uses: strip}]\n` }))
    expect(compileRecipe(parsed, { arch: 'x86_64', library }).kind).toBe('ok')
    expect(library.consulted().map((path) => path.split('/').slice(-2).join('/')).sort()).toEqual(['folder/strip.yaml', 'pipelines/strip.yaml'])
  })
})

describe('Image recipes', () => {
  const folder = join(import.meta.dirname, '../vectors/images')
  const names = readdirSync(folder).filter((name) => existsSync(join(folder, name, 'apko.yaml')))

  it.each(names)('of the vector %s are read, but for the one with an unknown key', (name) => {
    const result = parseImage(value(loadSource(join(folder, name, 'apko.yaml'), 'apko.yaml')))
    expect(result.kind).toBe(name === 'bad-key' ? 'complaints' : 'ok')
  })

  it('include others as apko does', () => {
    const read = (path: string): ReturnType<typeof loadSource> => loadSource(join(folder, path), path)
    const { recipe } = value(withIncludes(value(parseImage(value(read('include/apko.yaml')))), read))
    expect(recipe).toMatchObject({ cmd: 'from-include', environment: { A: 'inc', B: 'main', C: 'main' }, annotations: { k: 'inc' }, archs: ['x86_64'], include: '' })
    expect(recipe.contents.packages).toEqual(['base', 'libone'])
    expect([recipe.entrypoint.command, recipe.accounts.runAs]).toEqual(['/main', 'one'])
    expect(recipe.accounts.users.map((user) => user.username)).toEqual(['one', 'two'])
    expect(recipe.paths.map((path) => path.path)).toEqual(['/one', '/two'])
  })
})

describe('The catalogue', () => {
  const folder = join(import.meta.dirname, '../../recipes/os')
  const files = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.yaml')) : []

  it.runIf(files.length > 0).each(files)('%s compiles', (name) => {
    const source = value(loadSource(join(folder, name), name))
    if (/^(pipeline|runs):/m.test(source.text) && !/^package:/m.test(source.text)) return
    for (const parsed of value(parseRecipes(source))) {
      if (parsed.kind !== 'package') continue
      const compiled = compileRecipe(parsed, { arch: 'x86_64', library: openPipelines([]) })
      expect(compiled.kind === 'ok' ? sourcesOf(compiled.value) : compiled).toMatchObject({ kind: 'ok' })
    }
  })
})
