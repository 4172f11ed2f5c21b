// What a root holds beside packages' files so that apk, scanners and container runtimes know it (the layout of apk --initdb, as apko writes it).
import { byBytes } from '../../base/bytes.ts'
import { type Content, textContent } from './content.ts'
import { type DirectoryEntry, join, parentOf, plainDirectory, plainFile, plainSymlink, type VirtualTree } from './virtual-tree.ts'

export interface OsFiles {
  /** apk's architecture name. */
  readonly arch: string
  /** Items of etc/apk/world: what the user asked for, in apk's dependency syntax. */
  readonly world: readonly string[]
  readonly repositories: readonly string[]
  readonly keys: readonly { readonly name: string; readonly content: Content }[]
}

/** Folder of the installed database; lib/apk leads to it. */
export const databaseFolder = 'usr/lib/apk/db'

const folders: readonly (readonly [path: string, mode: number])[] = [
  ['dev', 0o755], ['etc', 0o755], ['etc/apk', 0o755], ['etc/apk/keys', 0o755], ['lib', 0o755], ['opt', 0o755], ['proc', 0o555], ['tmp', 0o1777], ['usr', 0o755],
  ['usr/lib', 0o755], ['usr/lib/apk', 0o755], [databaseFolder, 0o755], ['usr/lib/apk/exec', 0o755], ['var', 0o755], ['var/cache', 0o755],
  ['var/cache/apk', 0o755], ['var/cache/misc', 0o755],
]

/** Makes the folders that every root has and no package brought. */
export function makeOsFolders(tree: VirtualTree): void {
  for (const [path, mode] of folders) tree.makeDirectory(path, directory(mode))
  if (tree.resolve('lib/apk') === undefined && tree.resolve('lib') !== undefined) tree.set(join(tree.resolve('lib') ?? 'lib', 'apk'), plainSymlink('../usr/lib/apk'))
}

export function writeOsFiles(tree: VirtualTree, files: OsFiles): void {
  writeFile(tree, 'etc/apk/arch', textContent(`${files.arch}\n`))
  writeFile(tree, 'etc/apk/world', textContent(lines([...new Set(files.world)].sort(byBytes))))
  writeFile(tree, 'etc/apk/repositories', textContent(lines(files.repositories)))
  for (const { name, content } of files.keys) writeFile(tree, `etc/apk/keys/${name}`, content)
}

/** The devices that a container runtime expects before it mounts its own /dev. */
export function makeDevices(tree: VirtualTree): void {
  const place = tree.resolve('dev') ?? 'dev'
  for (const [name, mode, major, minor] of [['console', 0o620, 5, 1], ['null', 0o666, 1, 3], ['random', 0o666, 1, 8], ['urandom', 0o666, 1, 9], ['zero', 0o666, 1, 5]] as const) {
    tree.set(join(place, name), { kind: 'device', type: 'char', major, minor, mode, uid: 0, gid: 0, mtime: 0 })
  }
}

/** Puts a generated file where links on its way lead, making parents. */
export function writeFile(tree: VirtualTree, path: string, content: Content, mode?: number): void {
  const parent = tree.makeDirectory(parentOf(path), plainDirectory) ?? parentOf(path)
  tree.set(join(parent, path.slice(path.lastIndexOf('/') + 1)), plainFile(content, mode))
}

function directory(mode: number): DirectoryEntry {
  return { ...plainDirectory, mode }
}

function lines(items: readonly string[]): string {
  return items.map((item) => `${item}\n`).join('')
}
