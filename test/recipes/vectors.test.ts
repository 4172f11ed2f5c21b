// What melange prints for small recipes, each about one feature: see vectors/recipes/README.md.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { print } from 'sh-syntax'
import { describe, expect, test } from 'vitest'
import type { Diagnostic } from '../../base/diagnostic.ts'
import { complaints, type Checked } from '../../base/result.ts'
import type { SourceFile } from '../../base/source.ts'
import { compiledJson, compileRecipe, type CompiledPackage } from '../../recipes/language/compile.ts'
import { loadSource } from '../../recipes/language/load.ts'
import { openPipelines } from '../../recipes/language/pipelines.ts'
import { parsePackage } from '../../recipes/language/recipe.ts'
import { durationOf } from '../../recipes/language/schema/scalar.ts'

const folder = join(import.meta.dirname, '../vectors/recipes')
const names = readdirSync(folder).filter((name) => name.endsWith('.yaml')).map((name) => name.slice(0, -'.yaml'.length))
const architectures = ['x86_64', 'aarch64']

/** melange fails where nacre does not, and why. */
const ACCEPTED: Readonly<Record<string, string>> = {
  'nested-environment-without-parent': 'melange crashes; the child has its environment as written',
  'vars-file-without-vars-block': 'melange crashes; the variables of the file are there',
  'runs-syntax-error': 'scripts stay as written and are checked by lint, since the check needs a shell parser',
}

interface Flags {
  readonly environmentFiles: readonly string[]
  readonly varsFile?: string
  readonly buildOptions: readonly string[]
  readonly resources: Readonly<Record<string, string>>
  readonly timeout?: number
}

function flagsOf(name: string): Flags {
  const path = join(folder, `${name}.args`)
  const words = existsSync(path) ? readFileSync(path, 'utf8').trim().split(/\s+/) : []
  const values = (flag: string): readonly string[] => words.flatMap((word, index) => (word === flag ? [words[index + 1] ?? ''] : []))
  const resources = Object.fromEntries(['cpu', 'memory'].flatMap((key) => values(`--${key}`).map((value) => [key, value] as const)))
  const [varsFile] = values('--vars-file')
  const [timeout] = values('--timeout').map(durationOf)
  return {
    environmentFiles: values('--env-file'),
    buildOptions: values('--build-option'),
    resources,
    ...(varsFile === undefined ? {} : { varsFile }),
    ...(timeout === undefined ? {} : { timeout }),
  }
}

function compile(name: string, arch: string): Checked<CompiledPackage> {
  const flags = flagsOf(name)
  const trouble: Diagnostic[] = []
  const load = (file: string): SourceFile => {
    const source = loadSource(join(folder, file), file)
    if (source.kind === 'ok') return source.value
    trouble.push(...source.diagnostics)
    return { path: file, text: '' }
  }
  const parsed = parsePackage(load(`${name}.yaml`))
  if (parsed.kind === 'complaints') return parsed
  const options = {
    arch,
    library: openPipelines([{ path: join(folder, 'pipelines'), shown: 'pipelines' }]),
    commit: '0123456789abcdef0123456789abcdef01234567',
    buildOptions: flags.buildOptions,
    environmentFiles: flags.environmentFiles.map(load),
    resources: flags.resources,
    ...(flags.timeout === undefined ? {} : { timeout: flags.timeout }),
    ...(flags.varsFile === undefined ? {} : { varsFile: load(flags.varsFile) }),
  }
  return trouble.length > 0 ? complaints(trouble) : compileRecipe(parsed.value, options)
}

function expectedJson(name: string, arch: string): string | undefined {
  const path = join(folder, `${name}.${arch}.json`)
  if (existsSync(path)) return readFileSync(path, 'utf8')
  const other = join(folder, `${name}.x86_64.json`)
  if (arch === 'x86_64' || !existsSync(other)) return undefined
  return asAarch64(readFileSync(other, 'utf8'))
}

/** What the recorded forms of one architecture and of the other have in common. */
function asAarch64(text: string): string {
  return text.replaceAll('x86_64', 'aarch64').replaceAll('amd64', 'arm64')
}

const AUTHORS_MAPS = ['vars', 'Vars', 'with', 'environment', 'annotations', 'services', 'add']

/** Without null, {}, [] and "", which mean the same as nothing, but for those in maps that the author wrote; scripts as a formatter prints them. */
async function comparable(value: unknown, key = ''): Promise<unknown> {
  if (typeof value === 'string') return key === 'runs' ? formatted(value) : value
  if (Array.isArray(value)) return Promise.all(value.map((item) => comparable(item)))
  if (typeof value !== 'object' || value === null) return value
  const isMap = AUTHORS_MAPS.includes(key) && Object.values(value).every((item) => typeof item === 'string')
  const entries = await Promise.all(Object.entries(value).map(async ([name, item]) => [name, await comparable(item, name)] as const))
  return Object.fromEntries(entries.filter(([, item]) => isMap || !isNothing(item)))
}

function isNothing(value: unknown): boolean {
  return value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0)
}

async function formatted(script: string): Promise<string> {
  const [shebang] = /^#!.*\n/.exec(script) ?? ['']
  const printed = await print(script, { keepComments: false, useTabs: true, binaryNextLine: false, switchCaseIndent: false, spaceRedirects: false })
  return `${shebang}${printed.replace(/^\n+/, '').replace(/\n{2,}/g, '\n')}`
}

describe.each(architectures)('On %s,', (arch) => {
  test.each(names)('%s compiles to what melange prints, or fails where melange fails', async (name) => {
    const result = compile(name, arch)
    const json = expectedJson(name, arch)
    const failure = [`${name}.error.txt`, `${name}.${arch}.error.txt`].some((file) => existsSync(join(folder, file)))
    if (json === undefined || failure) {
      expect(json === undefined || failure).toBe(true)
      expect(result.kind).toBe(name in ACCEPTED ? 'ok' : 'complaints')
      return
    }
    if (result.kind === 'complaints') expect(result.diagnostics).toEqual([])
    else {
      const own = compiledJson(result.value)
      const shared = arch === 'aarch64' && !existsSync(join(folder, `${name}.aarch64.json`))
      expect(await comparable(JSON.parse(shared ? asAarch64(own) : own))).toEqual(await comparable(JSON.parse(json)))
    }
  })
})
