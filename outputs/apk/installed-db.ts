import { type TarHeader, tarBytes } from '../archive/tar-write.ts'
import { indexLines } from './apkindex.ts'
import type { ApkEntry } from './read.ts'
import type { PackageRecord } from './record.ts'
import { comparePaths, type ScriptName, scriptNames } from './write.ts'

/** A package as the installed database knows it. */
export interface InstalledPackage {
  /** With `checksum`, `replaces` and `replacesPriority`, which an index doesn't have. */
  readonly record: PackageRecord
  /** Those of its entries that it owns after installing. Owner ids are numbers of the target. */
  readonly entries: readonly ApkEntry[]
  readonly scripts: Readonly<Partial<Record<ScriptName, string>>>
  readonly repositoryTag?: string
}

/**
 * lib/apk/db/installed (apk-tools src/database.c): the head of each package as in an index, `r:` replaces, `q:` their priority, `s:` the
 * repository's tag; then each directory `F:` with `M:uid:gid:mode` unless it is 0:0:755, and in it each file `R:` with `a:uid:gid:mode` unless it
 * is 0:0:644 and `Z:` its SHA-1; a blank line. apk counts the mode of a symlink as 777.
 */
export function installedText(packages: readonly InstalledPackage[]): string {
  return packages.map((one) => `${indexLines(one.record)}${installedHead(one)}${installedFiles(one.entries)}\n`).join('')
}

/** lib/apk/db/scripts.tar: `<name>-<version>.<checksum>.<script>`, with the checksum as apk 2 and apko write it; apk 3 reads it too. */
export function scriptsTar(packages: readonly InstalledPackage[]): Uint8Array {
  const entries = packages.flatMap(({ record, scripts }) =>
    scriptNames.flatMap((name): (TarHeader & { content: Uint8Array })[] => {
      const text = scripts[name]
      if (text === undefined) return []
      return [{ path: `${record.name}-${record.version}.${record.checksum ?? ''}.${name}`, kind: 'file', mode: 0o755, mtime: record.buildDate, content: Buffer.from(text) }]
    }),
  )
  return tarBytes(entries, true)
}

/** lib/apk/db/triggers: a line for each package that has triggers, `<checksum> glob glob`. */
export function triggersText(packages: readonly InstalledPackage[]): string {
  return packages.map(({ record }) => (record.triggers.length === 0 ? '' : `${record.checksum ?? ''} ${record.triggers.join(' ')}\n`)).join('')
}

/** etc/apk/world: what was asked for, one dependency a line, sorted, each once. */
export function worldText(world: readonly string[]): string {
  return [...new Set(world)].sort(comparePaths).map((dependency) => `${dependency}\n`).join('')
}

function installedHead({ record, repositoryTag }: InstalledPackage): string {
  return [
    record.replaces.length === 0 ? '' : `r:${record.replaces.join(' ')}\n`,
    record.replacesPriority === undefined || record.replacesPriority === 0 ? '' : `q:${record.replacesPriority}\n`,
    repositoryTag === undefined ? '' : `s:${repositoryTag}\n`,
  ].join('')
}

function installedFiles(entries: readonly ApkEntry[]): string {
  const directories = new Map<string, { lines: string; files: ApkEntry[] }>()
  const directory = (path: string): { lines: string; files: ApkEntry[] } => {
    const known = directories.get(path)
    if (known !== undefined) return known
    const made = { lines: `F:${path}\n`, files: [] }
    directories.set(path, made)
    return made
  }
  for (const entry of entries) {
    if (entry.kind === 'directory') directory(entry.path).lines = `F:${entry.path}\n${owned('M', entry, 0o755)}`
    else directory(entry.path.slice(0, Math.max(0, entry.path.lastIndexOf('/')))).files.push(entry)
  }
  return [...directories.keys()].sort(comparePaths).map((path) => {
    const { lines, files } = directory(path)
    return lines + files.sort((a, b) => comparePaths(a.path, b.path)).map(fileLines).join('')
  }).join('')
}

function fileLines(entry: ApkEntry): string {
  const checksum = entry.sha1 === undefined ? '' : `Z:Q1${Buffer.from(entry.sha1, 'hex').toString('base64')}\n`
  return `R:${entry.path.slice(entry.path.lastIndexOf('/') + 1)}\n${owned('a', entry, 0o644)}${checksum}`
}

function owned(key: string, { uid, gid, mode }: ApkEntry, usual: number): string {
  return uid === 0 && gid === 0 && mode === usual ? '' : `${key}:${uid}:${gid}:${mode.toString(8)}\n`
}
