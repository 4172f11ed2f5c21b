import { accessSync, constants, lstatSync, readlinkSync, statSync } from 'node:fs'
import { hash } from 'node:crypto'
import { dirname, join, resolve } from 'node:path'
import { type AbsPath, absPath } from '../../base/ids.ts'
import { errno } from '../../base/result.ts'
import { type LeafRecorder, statLeaf } from '../../engine/leaves.ts'

/** Folders of programs that are on every host task's PATH, in this order. */
export const systemFolders: readonly string[] = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']

/** Host programs, looked for on the caller's PATH once each. Where they were found, and that they were not before, are leaves of the build. */
export class Tools {
  readonly #folders: readonly string[]
  readonly #leaves: LeafRecorder
  readonly #found = new Map<string, AbsPath | undefined>()

  constructor(path: string, leaves: LeafRecorder) {
    this.#folders = [...path.split(':').filter((folder) => folder.startsWith('/')), ...systemFolders]
    this.#leaves = leaves
  }

  find(name: string): AbsPath | undefined {
    if (this.#found.has(name)) return this.#found.get(name)
    const path = this.#folders.map((folder) => join(folder, name)).find((place) => this.#isProgram(place))
    const found = path === undefined ? undefined : absPath(path)
    if (found !== undefined) this.#noteLinks(found)
    this.#found.set(name, found)
    return found
  }

  #isProgram(path: string): boolean {
    try {
      accessSync(path, constants.X_OK)
      if (statSync(path).isFile()) return true
    } catch (error) {
      if (errno(error) === undefined) throw error
    }
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) this.#leaves.absent(path)
    return false
  }

  /** Alternatives are links to links: each of them decides which program it is. The file at the end is read by the engine. */
  #noteLinks(path: string): void {
    let at = path
    while (lstatSync(at).isSymbolicLink()) {
      const stat = statLeaf('symlink', at)
      const target = readlinkSync(at)
      this.#leaves.add({ kind: 'symlink', path: at, stat, hash: hash('sha256', target) })
      at = resolve(dirname(at), target)
    }
  }
}

/** Whether the system's own folders lead to this very file, so that nothing has to be added to PATH for it. */
export function isSystemTool(name: string, path: string): boolean {
  const first = systemFolders.map((folder) => join(folder, name)).find((place) => statSync(place, { throwIfNoEntry: false })?.isFile() === true)
  return first === path
}
