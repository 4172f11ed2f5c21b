import { createWriteStream } from 'node:fs'
import { chmod, link, mkdir, rm, symlink } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { join } from 'node:path'
import { type AbsPath, parseRelPath } from '../../base/ids.ts'
import { type Checked, complaints, ok } from '../../base/result.ts'
import { BadArchive, defaultLimits, plainName, readTar, type ReadEntry, type ReadLimits } from './tar-read.ts'

export interface Unpacked {
  readonly entries: number
  /** Bytes of all files. */
  readonly bytes: number
}

/**
 * Unpacks an uncompressed tar into `folder`, which must be empty and nobody else's. Owners and times are not restored; modes are.
 * Complaints `archive/escape`, `archive/limit`, `archive/unreadable`.
 *
 * Attacks: a name with `..` or an absolute one; an entry below a symlink that an earlier entry made (`a -> /etc`, then `a/passwd`); a hard link
 * to a file outside, or to a symlink; a file written through a symlink of the same name. So: every parent must be a directory that this very
 * archive made, files are created and never opened for change, and hard links join only files that this very archive made.
 */
export async function unpackTar(source: AsyncIterable<Uint8Array>, folder: AbsPath, limits: ReadLimits = defaultLimits): Promise<Checked<Unpacked>> {
  const unpacking = new Unpacking(folder)
  try {
    for await (const [entry, content] of readTar(source, limits)) await unpacking.add(entry, content)
  } catch (error) {
    if (error instanceof BadArchive) return complaints([{ code: error.code, severity: 'error', message: `The archive can't be unpacked: ${error.message}` }])
    throw error
  }
  await unpacking.finish()
  return ok({ entries: unpacking.entries, bytes: unpacking.bytes })
}

class Unpacking {
  entries = 0
  bytes = 0
  readonly #folder: AbsPath
  readonly #made = new Map<string, ReadEntry['kind']>()
  readonly #modes = new Map<string, number>()

  constructor(folder: AbsPath) {
    this.#folder = folder
  }

  async add(entry: ReadEntry, content: AsyncIterable<Uint8Array>): Promise<void> {
    const { path, kind } = entry
    await this.#parents(path)
    const before = this.#made.get(path)
    const target = join(this.#folder, path)
    if (before === 'directory' && kind !== 'directory') throw new BadArchive('archive/escape', `"${path}" would take the place of a directory`)
    if (before !== undefined && before !== 'directory') await rm(target)
    this.#made.set(path, kind)
    this.entries++
    if (kind === 'directory') {
      if (before !== 'directory') await mkdir(target, { mode: 0o755 })
      this.#modes.set(path, entry.mode)
    } else if (kind === 'file') {
      await pipeline(content, createWriteStream(target, { flags: 'wx', mode: 0o600 }))
      await chmod(target, entry.mode)
      this.bytes += entry.size
    } else if (kind === 'symlink') await symlink(entry.link ?? '', target)
    else if (kind === 'hardlink') await link(join(this.#folder, this.#linked(path, entry.link ?? '')), target)
    else throw new BadArchive('archive/unreadable', `"${path}" is a ${kind === 'fifo' ? 'fifo' : `${kind} device`}`)
  }

  /** Modes of directories come last: one that can't be written must still be filled. Deepest first, while parents can be searched. */
  async finish(): Promise<void> {
    for (const [path, mode] of [...this.#modes].sort(([a], [b]) => b.length - a.length)) await chmod(join(this.#folder, path), mode)
  }

  async #parents(path: string): Promise<void> {
    for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
      const parent = path.slice(0, slash)
      const kind = this.#made.get(parent)
      if (kind === 'directory') continue
      if (kind !== undefined) throw new BadArchive('archive/escape', `"${path}" lies below "${parent}", which is no directory`)
      await mkdir(join(this.#folder, parent), { mode: 0o755 })
      this.#made.set(parent, 'directory')
    }
  }

  #linked(path: string, link: string): string {
    const target = parseRelPath(plainName(link))
    const kind = target === undefined ? undefined : this.#made.get(target)
    if (target === undefined || (kind !== 'file' && kind !== 'hardlink')) throw new BadArchive('archive/escape', `hard link "${path}" points to ${JSON.stringify(link)}, which is no file of the archive`)
    return target
  }
}
