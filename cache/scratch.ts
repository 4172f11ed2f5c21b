import { spawn } from 'node:child_process'
import { existsSync, lstatSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type AbsPath, absPath } from '../base/ids.ts'
import type { Clock, Random } from '../base/ports.ts'
import type { Layout } from './layout.ts'
import { machineFault } from './machine-fault.ts'
import { removeTree } from './remove.ts'
import { livenessOf, type Session } from './session.ts'

/** A folder of its own on the store's file system. Disposing of it removes it, unless it was kept. */
export interface TempFolder extends AsyncDisposable {
  readonly path: AbsPath
  /** Leaves the folder in place for people to look at, for a week. */
  keep(): void
  /** Has it removed by a process that nobody waits for and that goes on when this one ends. Instead of disposing. */
  handOver(): void
}

/** Milliseconds that kept folders, and sessions of which nobody can tell whether they live, are left alone. */
const patience = 7 * 24 * 3600 * 1000

/** Unfinished work: `tmp/<session>/…`. What a killed session left is removed by whoever comes later. */
export class Scratch {
  readonly #layout: Layout
  readonly #session: Session
  readonly #clock: Clock
  readonly #random: Random
  #folder: string | undefined
  #next = 0

  constructor(layout: Layout, options: { readonly session: Session; readonly clock: Clock; readonly random: Random }) {
    this.#layout = layout
    this.#session = options.session
    this.#clock = options.clock
    this.#random = options.random
  }

  /** A path that nobody else uses; nothing is there yet. */
  path(name = 'f'): AbsPath {
    return absPath(`${this.#open()}/${name}-${(this.#next++).toString(36)}`)
  }

  temp(name: string): TempFolder {
    const path = this.path(name.replaceAll(/[^A-Za-z0-9._-]/g, '-').slice(0, 80))
    try {
      mkdirSync(path)
    } catch (error) {
      throw machineFault(error, 'make a temporary folder')
    }
    let kept = false
    return {
      path,
      keep: () => {
        kept = true
        writeFileSync(`${path}.keep`, '')
      },
      handOver: () => handOver(path),
      [Symbol.asyncDispose]: async () => {
        if (!kept) removeTree(path)
      },
    }
  }

  /** Removes the session's folder when nothing kept is in it. */
  close(): void {
    if (this.#folder === undefined) return
    try {
      rmdirSync(this.#folder)
    } catch {
      // A kept folder, or a temporary folder that somebody still uses.
    }
    this.#folder = undefined
  }

  /** Removes what sessions that have ended left behind. Returns how many entries went. */
  sweep(): number {
    let gone = 0
    for (const name of list(this.#layout.tmp)) {
      const session = name.replace(/\.[a-z0-9]+$/, '')
      const folder = join(this.#layout.tmp, name)
      const liveness = livenessOf(session)
      if (liveness === 'alive' || (liveness === 'unknown' && this.#young(folder))) continue
      for (const entry of list(folder)) {
        const path = join(folder, entry.replace(/\.keep$/, ''))
        if (existsSync(`${path}.keep`) && this.#young(`${path}.keep`)) continue
        removeTree(join(folder, entry))
        gone++
      }
      if (list(folder).length === 0) removeTree(folder)
    }
    return gone
  }

  #young(path: string): boolean {
    const stat = lstatSync(path, { throwIfNoEntry: false })
    return stat !== undefined && this.#clock.now() - stat.mtimeMs < patience
  }

  /** Two stores in one process have different folders of one session. */
  #open(): string {
    if (this.#folder !== undefined) return this.#folder
    const folder = join(this.#layout.tmp, `${this.#session.name}.${this.#random.name(6)}`)
    try {
      mkdirSync(folder, { recursive: true })
    } catch (error) {
      throw machineFault(error, 'make a temporary folder')
    }
    this.#folder = folder
    return folder
  }
}

/** The folder of the session goes with its last entry, as in `close`. What a killed remover leaves, `sweep` finds. */
function handOver(path: AbsPath): void {
  const remover = spawn('/bin/sh', ['-c', 'rm -rf -- "$1" || { chmod -R u+rwx -- "$1"; rm -rf -- "$1"; }; rmdir -- "${1%/*}"', 'remove', path], { cwd: '/', env: { PATH: '/usr/bin:/bin' }, stdio: 'ignore', detached: true })
  remover.on('error', () => removeTree(path))
  remover.unref()
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
