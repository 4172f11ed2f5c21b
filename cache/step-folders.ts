import { mkdirSync, readdirSync, renameSync, statSync, utimesSync } from 'node:fs'
import { type AbsPath, absPath, type Digest, digestHash } from '../base/ids.ts'
import type { Clock } from '../base/ports.ts'
import { errno } from '../base/result.ts'
import type { CleanMark } from './clean-mark.ts'
import type { Layout } from './layout.ts'
import { machineFault } from './machine-fault.ts'
import { removeTree } from './remove.ts'
import type { Scratch } from './scratch.ts'

export interface StepFoldersPorts {
  readonly mark: CleanMark
  readonly scratch: Scratch
  readonly clock: Clock
}

/**
 * Folders as builds left them between two of their steps, by the digest of all that led to them. Folders and not trees, because make
 * goes by times, which no tree has. They are a convenience: one that is lost, or that a stop of the machine may have cut short, is just not there.
 */
export class StepFolders {
  readonly #layout: Layout
  readonly #ports: StepFoldersPorts

  constructor(layout: Layout, ports: StepFoldersPorts) {
    this.#layout = layout
    this.#ports = ports
  }

  /** What was kept under the digest; finding it counts as use. */
  find(id: Digest): AbsPath | undefined {
    const path = this.#path(id)
    const stat = statSync(path, { throwIfNoEntry: false })
    if (stat === undefined || this.#ports.mark.doubts(stat.ctimeMs)) return undefined
    const now = this.#ports.clock.now() / 1000
    try {
      utimesSync(path, now, now)
      return path
    } catch (error) {
      if (errno(error) === 'ENOENT') return undefined
      throw machineFault(error, `use "${path}"`)
    }
  }

  /** Keeps what `fill` puts into an empty folder; nothing when `fill` says that it could not. Whole or not at all. */
  async keep(id: Digest, fill: (folder: AbsPath) => Promise<boolean>): Promise<AbsPath | undefined> {
    const temporary = this.#ports.scratch.path('step')
    try {
      mkdirSync(temporary)
      if (!(await fill(temporary))) return undefined
      mkdirSync(this.#layout.steps, { recursive: true })
      const path = this.#path(id)
      removeTree(path)
      renameSync(temporary, path)
      return path
    } catch (error) {
      throw errno(error) === undefined ? error : machineFault(error, 'keep a step')
    } finally {
      removeTree(temporary)
    }
  }

  /** Removes the folders that `condemned` says of by their last use, in milliseconds since the epoch. Returns how many went. */
  sweep(condemned: (used: number) => boolean): number {
    let gone = 0
    for (const name of names(this.#layout.steps)) {
      const path = `${this.#layout.steps}/${name}`
      const stat = statSync(path, { throwIfNoEntry: false })
      if (stat === undefined || !condemned(stat.mtimeMs)) continue
      removeTree(path)
      gone++
    }
    return gone
  }

  #path(id: Digest): AbsPath {
    return absPath(`${this.#layout.steps}/${digestHash(id)}`)
  }
}

function names(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (errno(error) === 'ENOENT') return []
    throw error
  }
}
