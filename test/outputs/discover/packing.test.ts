import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { pkginfoText } from '../../../outputs/apk/pkginfo.ts'
import type { PackageRecord } from '../../../outputs/apk/record.ts'
import { discover, type Discovered, mergeEntries } from '../../../outputs/discover/discover.ts'
import type { PackageFile, PackageFiles } from '../../../outputs/discover/package-view.ts'
import { comparePaths, type PackEntry, packApk } from '../../../outputs/apk/write.ts'
import { readTar } from './read-tar.ts'

interface TreeEntry {
  readonly path: string
  readonly type: 'file' | 'elf' | 'symlink' | 'hardlink' | 'dir'
  readonly mode?: string
  readonly content?: string
  readonly content_b64?: string
  readonly target?: string
}

interface Listed {
  readonly path: string
  readonly type: string
  readonly mode: string
  readonly link?: string
  readonly size?: number
  readonly sha1?: string
}

interface Case {
  readonly id: string
  readonly tree: readonly TreeEntry[]
  readonly recipe: string
  readonly env: Readonly<Record<string, string>>
  readonly expect: Readonly<Record<string, { readonly pkginfo: readonly string[]; readonly entries: readonly Listed[] }>>
}

interface Words {
  readonly name: string
  readonly description?: string
  readonly url?: string
  readonly copyright?: readonly { readonly license: string }[]
  readonly dependencies?: Readonly<Record<string, unknown>>
  readonly options?: Readonly<Record<string, boolean>>
  readonly scriptlets?: { readonly trigger?: { readonly paths: readonly string[] } }
}

/** Where nacre does better than melange: lines that it leaves out, lines that it adds, and why. */
const better: Readonly<Record<string, { readonly without?: readonly string[]; readonly with?: readonly string[]; readonly why: string }>> = {
  commands: { without: ['provides = cmd:with space=1.2.3-r4'], why: 'a name with a space would be two entries in an index' },
  'lib-vendored': {
    with: ['depend = so:libcrypto.so.3', 'depend = so:libssl.so.3'],
    why: 'no search path of the program leads to the private copies, so the loader will look for the libraries elsewhere',
  },
  'no-commands': { with: ['depend = cmd:perl'], why: 'a package that offers no commands still needs those that it runs' },
  'python-two': { with: ['depend = python-3.11-base'], why: 'modules for two pythons need both' },
  scriptlets: { without: ['triggers = /usr/share /usr/lib/* '], with: ['triggers = /usr/share /usr/lib/*'], why: 'no space at the end of a line' },
  shebang: {
    without: ['depend = cmd:ve'],
    with: ['depend = cmd:long', 'depend = cmd:zsh'],
    why: 'Linux reads 256 bytes of a first line, and scripts in usr/sbin run too',
  },
}

/** Entries of the data section that differ, and why. */
const betterEntries: Readonly<Record<string, { readonly modes: Readonly<Record<string, string>>; readonly why: string }>> = {
  modes: { modes: { 'usr/share/sticky': '1777' }, why: 'a folder for everybody must keep its sticky bit' },
}

const folder = new URL('../../vectors/packing/', import.meta.url)
const cases = readdirSync(folder)
  .sort()
  .map((file): Case => JSON.parse(readFileSync(new URL(file, folder), 'utf8')))

describe('A packed package', () => {
  test('has all 35 recorded cases', () => {
    expect(cases).toHaveLength(35)
  })

  test.each(cases.map((one) => [one.id, one] as const))('says of itself what melange says in %s', async (id, one) => {
    const packages = split(one)
    expect(packages.map(({ title }) => title).sort()).toEqual(Object.keys(one.expect).sort())
    for (const { title, words, files, isMain } of packages) {
      const record = await recordOf(one, { words, files, isMain, family: packages.map(({ words: { name }, files: theirs }) => ({ name, files: theirs })) })
      const lines = pkginfoText(record.record, '').split('\n').filter((line) => line !== '' && !/^(size|datahash|commit|builddate) =/.test(line))
      const vendored = record.found.vendored.map((entry) => `# vendored = ${entry}`)
      const change = isMain ? better[id] : undefined
      const expected = one.expect[title]?.pkginfo ?? []
      for (const line of change?.without ?? []) expect(expected).toContain(line)
      const kept = expected.filter((line) => change?.without?.includes(line) !== true)
      expect(ordered([...lines, ...vendored])).toEqual(ordered([...kept, ...(change?.with ?? [])]))
      if (change === undefined) expect([...lines, ...vendored]).toEqual(expected)
    }
  })

  test.each(cases.map((one) => [one.id, one] as const))('holds what melange packs in %s', async (id, one) => {
    for (const { title, words, files, isMain } of split(one)) {
      const { record } = await recordOf(one, { words, files, isMain, family: [{ name: words.name, files }] })
      const chunks: Uint8Array[] = []
      const entries = await packEntries(files)
      const packed = await packApk({ record, entries, sink: async (data) => void (await collect(data, chunks)) })
      expect(packed.kind).toBe('ok')
      const expected = (one.expect[title]?.entries ?? []).map((entry) => ({ ...entry, mode: betterEntries[id]?.modes[entry.path] ?? entry.mode }))
      expect(await readTar(Buffer.concat(chunks))).toEqual(expected)
    }
  })
})

function ordered(lines: readonly string[]): readonly string[] {
  return [...lines].sort()
}

async function collect(data: AsyncIterable<Uint8Array>, into: Uint8Array[]): Promise<void> {
  for await (const chunk of data) into.push(chunk)
}

interface Part {
  readonly title: string
  readonly words: Words
  readonly files: readonly PackageFile[]
  readonly isMain: boolean
}

/** What the recipe's steps do: unpack the tree, and move paths from the package to a subpackage. */
function split(one: Case): readonly Part[] {
  const recipe = documentOf(one)
  const moves = (recipe.subpackages ?? []).map(({ pipeline }) => movesIn(pipeline.map(({ runs }) => runs).join('\n')))
  const all = filesOf(one.tree)
  const parts = [recipe.package, ...(recipe.subpackages ?? [])].map((words, index) => {
    const files = all.filter(({ path }) => moves.findIndex((list) => list.some((moved) => path === moved || path.startsWith(`${moved}/`))) === index - 1)
    return { title: `${words.name}-${recipe.package.version}-r${recipe.package.epoch}`, words, files: withFolders(files, index === 0 ? all : files).filter(({ path }) => index > 0 || !moves.flat().some((moved) => `${path}/`.startsWith(`${moved}/`))), isMain: index === 0 }
  })
  return parts
}

interface Recipe {
  readonly package: Words & { readonly version: string; readonly epoch: string }
  readonly subpackages?: readonly (Words & { readonly pipeline: readonly { readonly runs: string }[] })[]
}

function documentOf(one: Case): Recipe {
  const text = parse(one.recipe, { schema: 'failsafe' })
  const { version, epoch } = text.package
  const filled = one.recipe.replaceAll('${{package.full-version}}', `${version}-r${epoch}`).replaceAll('${{package.version}}', version)
  return parse(filled, { schema: 'failsafe' })
}

function movesIn(script: string): readonly string[] {
  return [...script.matchAll(/^mv \$\{\{targets\.destdir\}\}\/(\S+) /gm)].map(([, path]) => path ?? '')
}

function filesOf(tree: readonly TreeEntry[]): readonly PackageFile[] {
  const content = (entry: TreeEntry): Buffer => {
    const real = entry.type === 'hardlink' ? tree.find(({ path }) => path === entry.target) : entry
    return real?.content_b64 === undefined ? Buffer.from(real?.content ?? '') : Buffer.from(real.content_b64, 'base64')
  }
  const modeOf = (entry: TreeEntry): number => Number.parseInt((entry.type === 'hardlink' ? tree.find(({ path }) => path === entry.target)?.mode : entry.mode) ?? '755', 8)
  return tree.map((entry) => ({
    path: entry.path,
    mode: modeOf(entry),
    kind: entry.type === 'symlink' ? 'symlink' : entry.type === 'dir' ? 'directory' : 'file',
    ...(entry.type === 'symlink' ? { target: entry.target ?? '' } : {}),
    read: () => Promise.resolve(content(entry)),
  }))
}

/** Folders that only a path implies. A folder from which everything was moved away stays. */
function withFolders(files: readonly PackageFile[], implied: readonly PackageFile[]): readonly PackageFile[] {
  const folders = new Map<string, PackageFile>()
  for (const { path } of implied) {
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
      const folderPath = path.slice(0, at)
      folders.set(folderPath, { path: folderPath, mode: 0o755, kind: 'directory', read: () => Promise.resolve(new Uint8Array()) })
    }
  }
  for (const { path } of files) folders.delete(path)
  return [...folders.values(), ...files].sort((a, b) => comparePaths(a.path, b.path))
}

async function recordOf(
  one: Case,
  part: { readonly words: Words; readonly files: readonly PackageFile[]; readonly isMain: boolean; readonly family: readonly PackageFiles[] },
): Promise<{ readonly record: PackageRecord; readonly found: Discovered }> {
  const recipe = documentOf(one)
  const { words } = part
  const version = `${recipe.package.version}-r${recipe.package.epoch}`
  const list = (key: string): readonly string[] => {
    const value = words.dependencies?.[key]
    return Array.isArray(value) ? value.map(String) : []
  }
  const on = (key: string): boolean => String(recipe.package.options?.[key] ?? words.options?.[key] ?? 'false') === 'true'
  const versioned = one.env['MELANGE_VERSIONED_SHLIB_DEPENDS'] === undefined ? {} : { libraryVersion: () => undefined }
  const found = await discover(
    { name: words.name, version, files: part.files, depends: list('runtime') },
    {
      siblings: part.family.filter(({ name }) => name !== words.name),
      options: { noProvides: on('no-provides'), noDepends: on('no-depends'), noCommands: on('no-commands'), noVersionedShlibDeps: on('no-versioned-shlib-deps') },
      ...versioned,
    },
  )
  const priority = (key: string): number | undefined => (words.dependencies?.[key] === undefined ? undefined : Number(words.dependencies[key]))
  const provider = priority('provider-priority')
  const replaces = priority('replaces-priority')
  const record: PackageRecord = {
    name: words.name,
    version,
    arch: 'x86_64',
    description: words.description ?? '',
    url: words.url ?? '',
    license: (recipe.package.copyright ?? []).map(({ license }) => license).join(' AND '),
    origin: recipe.package.name,
    maintainer: 'unknown',
    commit: '',
    buildDate: 0,
    installedSize: 0,
    depends: mergeEntries(list('runtime'), found.depends),
    provides: mergeEntries(list('provides'), found.provides),
    replaces: list('replaces'),
    installIf: [],
    triggers: words.scriptlets?.trigger?.paths ?? [],
    ...(provider === undefined ? {} : { providerPriority: provider }),
    ...(replaces === undefined ? {} : { replacesPriority: replaces }),
  }
  return { record, found }
}

async function packEntries(files: readonly PackageFile[]): Promise<readonly PackEntry[]> {
  return Promise.all(
    files.map(async ({ path, kind, mode, target, read }): Promise<PackEntry> => {
      if (kind === 'directory') return { path, mode, node: { kind } }
      if (kind === 'symlink') return { path, mode: 0o777, node: { kind, target: target ?? '' } }
      const bytes = await read()
      return { path, mode, node: { kind, size: bytes.length, open: () => [bytes] } }
    }),
  )
}
