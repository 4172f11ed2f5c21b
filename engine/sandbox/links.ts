// Short names for the layers of roots: mount(2) takes one page of options, and a layer's path may hold `,`, `:` or `\`.
import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AbsPath } from '../../base/ids.ts'

/** A folder of links, each lower linked once: making 400 links for every sandbox took up to 0.7 s on a disk that was busy. */
export class Links {
  readonly folder: string
  readonly #names = new Map<AbsPath, string>()

  constructor(folder: string) {
    this.folder = folder
  }

  /** The name of a lower in the folder. Base 36, so that 500 of 46,656 known lowers fit into a page. */
  name(lower: AbsPath): string {
    const known = this.#names.get(lower)
    if (known !== undefined) return known
    const name = this.#names.size.toString(36)
    symlinkSync(lower, join(this.folder, name))
    this.#names.set(lower, name)
    return name
  }
}

let shared: Links | undefined

/** The links of this process, in memory where the machine has a tmpfs for that; gone when it exits. */
export function sharedLinks(): Links {
  if (shared !== undefined && existsSync(shared.folder)) return shared
  const folder = makeFolder('/dev/shm') ?? mkdtempSync(join(tmpdir(), 'nacre-links-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  shared = new Links(folder)
  return shared
}

function makeFolder(parent: string): string | undefined {
  try {
    return mkdtempSync(join(parent, 'nacre-links-'))
  } catch {
    return undefined
  }
}
