import { realpathSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Requester } from './requester.ts'

/** This program's folder: package.json is in it. */
function home(): string {
  for (let at = dirname(fileURLToPath(import.meta.url)); ; at = dirname(at)) {
    if (statSync(join(at, 'package.json'), { throwIfNoEntry: false }) !== undefined || at === dirname(at)) return at
  }
}

/** The installed program as it was when this process loaded it. One that was replaced since might answer otherwise. */
export class Program {
  readonly #home = realpathSync(home())
  readonly #files = [join(this.#home, 'package.json'), fileURLToPath(import.meta.url)]
  readonly #was = this.#now()

  /** Whether the client would run this very program. */
  isThatOf({ script, cwd }: Pick<Requester, 'script' | 'cwd'>): boolean {
    try {
      return dirname(dirname(realpathSync(join(script.startsWith('/') ? '/' : cwd, script)))) === this.#home && this.unchanged
    } catch {
      return false
    }
  }

  get unchanged(): boolean {
    return this.#now() === this.#was
  }

  #now(): string {
    return this.#files.map((file) => {
      const stat = statSync(file, { bigint: true, throwIfNoEntry: false })
      return `${stat?.ino} ${stat?.mtimeNs} ${stat?.ctimeNs}`
    }).join()
  }
}
