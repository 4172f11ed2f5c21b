import { mkdirSync, renameSync, statSync, utimesSync } from 'node:fs'
import { type AbsPath, absPath, type Digest, digestHash } from '../base/ids.ts'
import type { Clock } from '../base/ports.ts'
import { errno } from '../base/result.ts'
import { touchSlack } from './blob-files.ts'
import type { Cas } from './cache.ts'
import type { CleanMark } from './clean-mark.ts'
import { type Layout, rootPath } from './layout.ts'
import type { Lease } from './lease.ts'
import type { Locks } from './lock.ts'
import { machineFault } from './machine-fault.ts'
import { removeTree } from './remove.ts'
import type { Scratch } from './scratch.ts'
import { writeTree } from './tree-write.ts'

export interface RootsPorts {
  readonly cas: Cas
  readonly locks: Locks
  readonly lease: Lease
  readonly mark: CleanMark
  readonly scratch: Scratch
  readonly clock: Clock
}

/** Trees written out once, to lie under overlays and read-only mounts of any number of builds. Nobody writes to them. */
export class Roots {
  readonly #layout: Layout
  readonly #ports: RootsPorts
  readonly #making = new Map<Digest, Promise<AbsPath>>()

  constructor(layout: Layout, ports: RootsPorts) {
    this.#layout = layout
    this.#ports = ports
  }

  /**
   * The folder of a tree: true modes, every time 0. Stays until the store's lease ends. However many ask at once, in however many
   * processes, it is written once. Rejects with MissingBlob when the store lacks a part of the tree.
   */
  async folder(tree: Digest, signal: AbortSignal = new AbortController().signal): Promise<AbsPath> {
    this.#ports.lease.hold([tree])
    if (this.#ready(tree)) return treeFolder(this.#layout, tree)
    let making = this.#making.get(tree)
    if (making === undefined) {
      making = this.#make(tree, signal).finally(() => this.#making.delete(tree))
      this.#making.set(tree, making)
    }
    return making
  }

  /** One stat. A folder that a stop of the machine may have cut short doesn't count. */
  #ready(tree: Digest): boolean {
    const path = rootPath(this.#layout, tree)
    const stat = statSync(path, { throwIfNoEntry: false })
    if (stat === undefined || this.#ports.mark.doubts(stat.ctimeMs)) return false
    const now = this.#ports.clock.now() / 1000
    if (now - stat.mtimeMs / 1000 < touchSlack) return true
    try {
      utimesSync(path, now, now)
      return true
    } catch (error) {
      if (errno(error) === 'ENOENT') return false
      throw machineFault(error, `use "${path}"`)
    }
  }

  async #make(tree: Digest, signal: AbortSignal): Promise<AbsPath> {
    await using _ = await this.#ports.locks.acquire(`root-${digestHash(tree)}`, signal)
    if (this.#ready(tree)) return treeFolder(this.#layout, tree)
    const temporary = this.#ports.scratch.path('root')
    try {
      mkdirSync(temporary)
      await writeTree(this.#ports.cas, tree, absPath(`${temporary}/tree`))
      mkdirSync(this.#layout.roots, { recursive: true })
      this.#takeAway(tree)
      renameSync(temporary, rootPath(this.#layout, tree))
    } catch (error) {
      removeTree(temporary)
      throw errno(error) === undefined ? error : machineFault(error, 'write out a tree')
    }
    return treeFolder(this.#layout, tree)
  }

  /** Moves a folder that is in doubt out of the way. */
  #takeAway(tree: Digest): void {
    const old = this.#ports.scratch.path('old-root')
    try {
      renameSync(rootPath(this.#layout, tree), old)
    } catch (error) {
      if (errno(error) === 'ENOENT') return
      throw error
    }
    removeTree(old)
  }
}

function treeFolder(layout: Layout, tree: Digest): AbsPath {
  return absPath(`${rootPath(layout, tree)}/tree`)
}
