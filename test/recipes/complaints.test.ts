import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { Diagnostic } from '../../base/diagnostic.ts'
import { renderDiagnostics } from '../../base/render-diagnostic.ts'
import { complaints, type Checked } from '../../base/result.ts'
import { positionOf } from '../../base/source.ts'
import { compileRecipe } from '../../recipes/language/compile.ts'
import { withIncludes } from '../../recipes/language/include.ts'
import { loadSource } from '../../recipes/language/load.ts'
import { openPipelines } from '../../recipes/language/pipelines.ts'
import { parseImage, parsePackage, parseRecipes } from '../../recipes/language/recipe.ts'
import { sourcesOf } from '../../recipes/language/sources.ts'

const vectors = join(import.meta.dirname, '../vectors/recipes')
const box = mkdtempSync(join(tmpdir(), 'nacre-complaints-'))
afterAll(() => rmSync(box, { recursive: true, force: true }))
const seen = new Set<string>()

function places(result: Checked<unknown>): readonly string[] {
  if (result.kind === 'ok') return []
  for (const one of result.diagnostics) seen.add(one.code)
  return result.diagnostics.map((one) => `${place(one)} ${one.code.replace('recipe/', '')}`)
}

function place({ where }: Diagnostic): string {
  if (where === undefined) return '-'
  const { line, column } = positionOf(where.source, where.start)
  return `${line}:${column}`
}

function compile(text: string, options: { readonly buildOptions?: readonly string[]; readonly environment?: string; readonly sources?: true } = {}): Checked<unknown> {
  const parsed = parsePackage({ path: 'x.yaml', text })
  if (parsed.kind === 'complaints') return parsed
  const environmentFiles = options.environment === undefined ? [] : [{ path: 'x.env', text: options.environment }]
  const compiled = compileRecipe(parsed.value, { arch: 'x86_64', library: openPipelines([{ path: join(vectors, 'pipelines'), shown: 'pipelines' }]), buildOptions: options.buildOptions ?? [], environmentFiles })
  return compiled.kind === 'ok' && options.sources === true ? sourcesOf(compiled.value) : compiled
}

const head = 'package: {name: x, version: 1, epoch: 0}\n'

describe('A recipe that melange refuses', () => {
  it.each(readFileSync(join(import.meta.dirname, 'refused.txt'), 'utf8').trim().split('\n').map((line) => line.split(': ')))('%s is refused at %s', (name, wanted) => {
    const result = compile(readFileSync(join(vectors, `${name}.yaml`), 'utf8'))
    expect(places(result).join(', ')).toBe(wanted)
  })

  it('stands in the list', () => {
    const listed = readFileSync(join(import.meta.dirname, 'refused.txt'), 'utf8')
    const needsFlags = ['env-file-missing', 'vars-file-without-vars-block', 'nested-environment-without-parent', 'runs-syntax-error']
    const refused = readdirSync(vectors).filter((name) => /(?<!aarch64)\.error\.txt$/.test(name)).map((name) => name.replace(/(\.x86_64)?\.error\.txt$/, ''))
    expect(refused.filter((name) => !needsFlags.includes(name) && !listed.includes(`${name}: `))).toEqual([])
  })
})

describe('A mistake is named with its place:', () => {
  it.each([
    ['an alias without anchor', `${head}vars: {a: *b}\n`, ['2:11 unknown-anchor']],
    ['an alias inside its own anchor', `${head}data: &d [{name: x, items: *d}]\n`, ['2:28 unknown-anchor']],
    ['a merge of no map', `${head}vars: {<<: x}\n`, ['2:12 bad-merge']],
    ['a key that is a list', `${head}? [a]\n: b\n`, ['2:3 key-not-text']],
    ['a missing package', 'pipeline: []\n', ['1:1 missing-key']],
    ['a subpackage without name', `${head}subpackages: [{description: x}]\n`, ['2:15 missing-key']],
    ['a circle of variables', `${head}vars:\n  a: \${{vars.b}}\n  b: \${{vars.a}}\n`, ['3:6 variable-cycle']],
    ['a circle of inputs', `${head}pipeline:\n  - uses: relay\n    with: {second: "\${{inputs.third}}"}\n`, ['4:20 variable-cycle']],
    ['several at once', 'package: {name: -x, version: 1, epoch: y}\nvars: [a]\npipeline: x\n', ['1:40 wrong-type', '2:7 wrong-type', '3:11 wrong-type']],
    ['a checksum that is no hexadecimal', `${head}pipeline:\n  - uses: checked\n    with: {expected-commit: ${'z'.repeat(40)}}\n`, ['4:29 bad-checksum']],
  ])('%s', (_, text, wanted) => expect(places(compile(text))).toEqual(wanted))

  it('aliases of aliases that would fill the memory', () => {
    const lines = ['package: {name: x, version: 1, epoch: 0}', 'a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
    for (let i = 1; i < 9; i++) lines.push(`a${i}: &a${i} [${Array.from({ length: 10 }, () => `*a${i - 1}`).join(', ')}]`)
    expect(places(compile(lines.join('\n')))).toContain('7:45 alias-too-large')
  })

  it('a build option that removes a package listed twice', () => {
    const text = `${head}environment: {contents: {packages: [a, a]}}\noptions: {o: {environment: {contents: {packages: {remove: [a]}}}}}\n`
    expect(places(compile(text, { buildOptions: ['o'] }))).toEqual(['3:14 removed-twice'])
  })

  it('a line of an environment file', () => expect(places(compile(head, { environment: 'A=1\n???\n' }))).toEqual(['2:1 bad-environment-file']))

  it.each([
    ['a source without digest', 'fetch, with: {uri: "https://example.org/x.tar.gz"}', ['3:5 no-digest']],
    ['a line that pins no Debian package', 'bootstrap/debs, with: {debs: "a 1 2"}', ['3:5 bad-deb']],
    ['a Debian package outside of the archive', `bootstrap/debs, with: {debs: "a 1 ${'0'.repeat(64)} ../x"}`, ['3:5 escaping-path']],
    ['a link without target', `bootstrap/debs, with: {debs: "a 1 ${'0'.repeat(64)} x", links: a}`, ['3:5 bad-link']],
  ])('%s', (_, step, wanted) => expect(places(compile(`${head}pipeline:\n  - {uses: ${step}}\n`, { sources: true }))).toEqual(wanted))

  it('a checkout without commit, where a pipeline of the workspace allows it', () => {
    writeFileSync(join(box, 'git-checkout.yaml'), 'inputs: {repository: {}, expected-commit: {}}\npipeline: [{runs: "true"}]\n')
    const parsed = parsePackage({ path: 'x.yaml', text: `${head}pipeline:\n  - {uses: git-checkout, with: {repository: r}}\n` })
    const compiled = parsed.kind === 'ok' ? compileRecipe(parsed.value, { arch: 'x86_64', library: openPipelines([{ path: box, shown: 'p' }]) }) : parsed
    expect(places(compiled.kind === 'ok' ? sourcesOf(compiled.value) : compiled)).toEqual(['3:5 no-commit'])
  })

  it('a file of another kind', () => expect(places(parseRecipes({ path: 'x.yaml', text: 'pakage: {name: x}\n' }))).toEqual(['1:1 unknown-kind']))

  it('images that include each other, and one that includes nothing that is there', () => {
    writeFileSync(join(box, 'a.yaml'), 'include: b.yaml\n')
    writeFileSync(join(box, 'b.yaml'), 'contents: {}\ninclude: a.yaml\n')
    const read = (path: string): ReturnType<typeof loadSource> => loadSource(join(box, path), path)
    const start = (text: string): Checked<unknown> => {
      const parsed = parseImage({ path: 'a.yaml', text })
      return parsed.kind === 'ok' ? withIncludes(parsed.value, read) : parsed
    }
    expect(places(start('include: b.yaml\n'))).toEqual(['2:10 include-cycle'])
    expect(places(start('include: nowhere.yaml\n'))).toEqual(['1:10 unreadable'])
  })

  it('a text that is not one of those that count', () => {
    expect(places(parseImage({ path: 'x.yaml', text: 'contents: {}\npaths: [{path: /a, type: dir}]\n' }))).toEqual(['2:26 wrong-text'])
  })

  it('a file that is not UTF-8', () => {
    writeFileSync(join(box, 'latin'), Buffer.from([0xff, 0x41]))
    expect(places(loadSource(join(box, 'latin'), 'latin'))).toEqual(['- unreadable'])
  })

  it('and every complaint of the language has been seen here', () => {
    const text = readFileSync(join(import.meta.dirname, '../../recipes/language/complaints.ts'), 'utf8')
    const codes = [...text.matchAll(/complaint\('([a-z-]+)'/g)].map(([, code]) => `recipe/${code}`)
    expect(codes.filter((code) => !seen.has(code))).toEqual([])
  })
})

describe('A rendered complaint', () => {
  it('shows place, source line, carets, facts and hint', () => {
    const result = compile(`${head}pipeline:\n  - runs: echo \${{package.nmae}}\n`)
    expect(result.kind === 'complaints' ? renderDiagnostics(result.diagnostics) : '').toBe(
      [
        'x.yaml:3:16 error[recipe/unknown-variable] Variable "package.nmae" is not defined here',
        '    - runs: echo ${{package.nmae}}',
        '                 ^^^^^^^^^^^^^^^^^',
        '  known: package.name, package.version, package.epoch, package.full-version, package.srcdir',
        '  hint: Did you mean "package.name"?',
      ].join('\n'),
    )
  })

  it('shows a mistake in a pipeline with the step that uses it', () => {
    const result = compile(`${head}pipeline:\n  - uses: loop\n`)
    expect(result.kind === 'complaints' ? renderDiagnostics(result.diagnostics) : '').toContain('  x.yaml:3:11 used here\n')
  })

  it('lets no escape sequence through to the terminal', () => {
    const bad: Checked<unknown> = complaints([{ code: 'a/b', severity: 'error', message: '\u001b[31mred', facts: [['\u0007', 'one\ntwo']] }])
    const text = bad.kind === 'complaints' ? renderDiagnostics(bad.diagnostics) : ''
    expect(text).toBe('error[a/b] \ufffd[31mred\n  \ufffd: one\n    two')
  })
})
