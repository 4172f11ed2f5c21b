// The root of an image: packages, then what its configuration adds, in the order in which apko adds it.
import type { Diagnostic } from '../../base/diagnostic.ts'
import { type Checked, complaints, ok } from '../../base/result.ts'
import { parseProvide } from '../apk/dependency.ts'
import { installedText, type InstalledPackage, scriptsTar, triggersText } from '../apk/installed-db.ts'
import { type AccountFiles, addAccounts, makeHomes, writeAccounts } from '../rootfs/accounts.ts'
import { linkBusybox } from '../rootfs/busybox-links.ts'
import { addCertificates, isCertificatePath } from '../rootfs/certificates.ts'
import { type Content, readContent, type ReadBlob, textContent } from '../rootfs/content.ts'
import { installPackages, type PackageFiles } from '../rootfs/install-packages.ts'
import { type InspectLibrary, writeLdCache } from '../rootfs/ld-cache.ts'
import { databaseFolder, makeDevices, makeOsFolders, writeFile, writeOsFiles } from '../rootfs/os-files.ts'
import { mutatePaths } from '../rootfs/paths.ts'
import { type Entry, VirtualTree } from '../rootfs/virtual-tree.ts'
import type { ImageConfiguration } from './image-config.ts'

export interface RootOptions {
  /** apk's architecture name. */
  readonly arch: string
  /** Seconds since the epoch: the time of edited files. */
  readonly time: number
  readonly keys: readonly { readonly name: string; readonly content: Content }[]
  readonly read: ReadBlob
  readonly inspect: InspectLibrary
}

export interface Root {
  readonly tree: VirtualTree
  /** Real path of everything packaged but directories to its package's name. */
  readonly owners: ReadonlyMap<string, string>
  /** What installing put at these paths, before the configuration changed anything. */
  readonly installed: ReadonlyMap<string, Entry>
  /** Text of etc/passwd in the end. */
  readonly passwd: string
}

/** Composes the whole root in memory: metadata, and the bytes of the few files that are edited. Packages come in install order. */
export async function composeRoot(config: ImageConfiguration, packages: readonly PackageFiles[], options: RootOptions): Promise<Checked<Root>> {
  const tree = new VirtualTree()
  const { owners, installed, diagnostics } = installPackages(tree, packages)
  if (diagnostics.length > 0) return complaints(diagnostics)
  const untouched = new Map<string, Entry>()
  for (const path of owners.keys()) {
    const entry = tree.get(path)
    if (entry !== undefined) untouched.set(path, entry)
  }
  makeOsFolders(tree)
  const { repositories = [], runtime_repositories = [] } = config.contents ?? {}
  writeOsFiles(tree, { arch: options.arch, world: packages.map(({ record }) => `${record.name}=${record.version}`), repositories: [...repositories, ...runtime_repositories], keys: options.keys })
  writeRecords(tree, installed)
  const before = await accountFiles(tree, options.read)
  const edit = addAccounts(before, config.accounts ?? {})
  writeAccounts(tree, before, edit)
  makeHomes(tree, config.accounts?.users ?? [])
  await certify(tree, config, { packages, owners, options })
  const faults: readonly Diagnostic[] = [...edit.diagnostics, ...mutatePaths(tree, config.paths ?? [])]
  if (faults.length > 0) return complaints(faults)
  writeServices(tree, config)
  await linkBusybox(tree, options.read)
  await writeLdCache(tree, options.read, options.inspect)
  makeDevices(tree)
  return ok({ tree, owners, installed: untouched, passwd: edit.passwd })
}

function writeRecords(tree: VirtualTree, installed: readonly InstalledPackage[]): void {
  writeFile(tree, `${databaseFolder}/installed`, textContent(installedText(installed)))
  writeFile(tree, `${databaseFolder}/lock`, textContent(''), 0o600)
  writeFile(tree, `${databaseFolder}/scripts.tar`, { kind: 'bytes', bytes: scriptsTar(installed) })
  writeFile(tree, `${databaseFolder}/triggers`, textContent(triggersText(installed)))
}

async function accountFiles(tree: VirtualTree, read: ReadBlob): Promise<AccountFiles> {
  const text = async (path: string): Promise<string> => {
    const file = tree.file(path)
    return file === undefined ? '' : Buffer.from(await readContent(file.content, read)).toString()
  }
  return { passwd: await text('etc/passwd'), group: await text('etc/group'), shadow: await text('etc/shadow') }
}

interface Installed {
  readonly packages: readonly PackageFiles[]
  readonly owners: ReadonlyMap<string, string>
  readonly options: RootOptions
}

async function certify(tree: VirtualTree, config: ImageConfiguration, { packages, owners, options }: Installed): Promise<void> {
  const wanted = new Set(config.certificates?.providers ?? [])
  const providers = packages.filter(({ record }) => record.provides.some((each) => wanted.has(parseProvide(each)?.name ?? '')))
  const provided = providers.flatMap(({ record, entries }) => entries.map(({ path }) => path).filter((path) => isCertificatePath(path) && owners.get(path) === record.name))
  await addCertificates(tree, config.certificates ?? {}, { read: options.read, time: options.time, provided })
}

/** s6 runs each of the folders under /sv (apko's service bundles). */
function writeServices(tree: VirtualTree, { entrypoint }: ImageConfiguration): void {
  if (entrypoint?.type !== 'service-bundle') return
  for (const [name, command] of Object.entries(entrypoint.services ?? {})) writeFile(tree, `sv/${name}/run`, textContent(`#!/bin/execlineb\n${command}\n`), 0o755)
}
