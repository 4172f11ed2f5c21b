import { createHash } from 'node:crypto'
import { readlinkSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import type { Diagnostic } from '../base/diagnostic.ts'
import { type AbsPath, absPath, type Digest, digestHash, parseRelPath, type RelPath } from '../base/ids.ts'
import { type Checked, complaints, errno, ok } from '../base/result.ts'
import type { Cas, Output } from '../cache/cache.ts'
import { buildTree, type TreeEntry } from '../cache/tree-builder.ts'
import type { Input } from './action.ts'
import { globFiles } from './glob.ts'
import { type LeafRecorder, type LeafStat, sameStat, statLeaf } from './leaves.ts'
import type { StatMemo } from './ports.ts'

export type FileInput = Extract<Input, { readonly kind: 'files' | 'file' }>

/** A workspace file that an input read: its content is put into the store only when an action is about to run. */
interface Source {
  readonly path: AbsPath
  readonly digest: Digest
  readonly stat: LeafStat
}

export interface Found {
  readonly output: Output
  readonly sources: readonly Source[]
  /** Of a tree: so that lost folders can be made again. */
  readonly entries: ReadonlyMap<RelPath, TreeEntry>
}

const regular = 0o100000n
const symlink = 0o120000n
const typeMask = 0o170000n

/** Files of the workspace as content. Each glob is listed, and each file looked at, once in a build. */
export class Inputs {
  readonly #cas: Cas
  readonly #files: StatMemo
  readonly #leaves: LeafRecorder
  readonly #found = new Map<string, Promise<Checked<Found>>>()

  constructor(cas: Cas, files: StatMemo, leaves: LeafRecorder) {
    this.#cas = cas
    this.#files = files
    this.#leaves = leaves
  }

  resolve(input: FileInput): Promise<Checked<Found>> {
    const name = inputName(input)
    const known = this.#found.get(name) ?? (input.kind === 'file' ? this.#file(input.path, this.#leaves.scope(name)) : this.#tree(input, this.#leaves.scope(name)))
    this.#found.set(name, known)
    return known
  }

  /** Puts what is missing into the store. Returns the files that are no longer what they were: whoever asks next looks at them again. */
  async store(input: FileInput, { output, sources, entries }: Found): Promise<readonly string[]> {
    if (input.kind === 'file' && input.witness === true) return []
    const missing = new Set(this.#cas.missing(sources.map(({ digest }) => digest)))
    const changed: string[] = []
    for (const { path, digest } of sources) {
      if (missing.has(digest) && (await this.#put(path)) !== digest) changed.push(path)
    }
    if (output.kind === 'tree') await buildTree(this.#cas, entries)
    if (changed.length > 0) this.#found.delete(inputName(input))
    return changed
  }

  /** Files whose stat is not what it was when they were read: whoever asks next looks at them again. */
  changed(input: FileInput, { sources }: Found): readonly string[] {
    const changed = sources.filter(({ path, stat }) => !sameStat(stat, statLeaf('file', path))).map(({ path }) => path)
    if (changed.length > 0) this.#found.delete(inputName(input))
    return changed
  }

  async #put(path: AbsPath): Promise<Digest | undefined> {
    try {
      return await this.#cas.putFile(path, 'copy', 'many')
    } catch (error) {
      if (errno(error) === 'ENOENT') return undefined
      throw error
    }
  }

  /** A link to a file counts as the file: both are leaves. */
  async #file(path: AbsPath, leaves: LeafRecorder): Promise<Checked<Found>> {
    try {
      if ((statLeaf('file', path).mode & typeMask) === symlink) link(path, leaves)
      const real = absPath(realpathSync(path))
      const source = await this.#source(real, leaves)
      if (source === undefined) return complaints([oddFile(path)])
      const executable = (source.stat.mode & 0o100n) !== 0n
      return ok({ output: { kind: 'blob', digest: source.digest, ...(executable && { executable }) }, sources: [source], entries: new Map() })
    } catch (error) {
      if (errno(error) === 'ENOENT') leaves.absent(path)
      return complaints([unreadable(path, error)])
    }
  }

  async #tree({ base, globs }: Extract<FileInput, { kind: 'files' }>, leaves: LeafRecorder): Promise<Checked<Found>> {
    const entries = new Map<RelPath, TreeEntry>()
    const sources: Source[] = []
    const diagnostics: Diagnostic[] = []
    let paths: readonly string[] = []
    try {
      paths = globFiles(base, globs, leaves)
    } catch (error) {
      return complaints([unreadable(base, error)])
    }
    for (const name of paths) {
      const path = absPath(join(base, name))
      const rel = parseRelPath(name)
      if (rel === undefined) diagnostics.push(badName(path))
      else {
        try {
          await this.#entry(path, leaves, (entry, source) => {
            entries.set(rel, entry)
            if (source !== undefined) sources.push(source)
          }) || diagnostics.push(oddFile(path))
        } catch (error) {
          diagnostics.push(unreadable(path, error))
        }
      }
    }
    if (diagnostics.length > 0) return complaints(diagnostics)
    return ok({ output: { kind: 'tree', digest: await buildTree(this.#cas, entries) }, sources, entries })
  }

  /** Modes are those of the two kinds of file that everybody's umask leaves alike. False for what is neither a file nor a link. */
  async #entry(path: AbsPath, leaves: LeafRecorder, take: (entry: TreeEntry, source?: Source) => void): Promise<boolean> {
    const stat = statLeaf('file', path)
    if ((stat.mode & typeMask) === symlink) {
      take({ kind: 'symlink', target: link(path, leaves) })
      return true
    }
    const source = await this.#source(path, leaves, stat)
    if (source === undefined) return false
    take({ kind: 'file', digest: source.digest, mode: (source.stat.mode & 0o100n) === 0n ? 0o644 : 0o755 }, source)
    return true
  }

  /** The stat is taken before the content is read: a change in between shows as a difference, not as a false match. */
  async #source(path: AbsPath, leaves: LeafRecorder, stat: LeafStat = statLeaf('file', path)): Promise<Source | undefined> {
    if (stat.ino !== 0n && (stat.mode & typeMask) !== regular) return undefined
    const digest = await this.#files.digest(path)
    leaves.add({ kind: 'file', path, stat, hash: digestHash(digest) })
    return { path, digest, stat }
  }
}

function link(path: AbsPath, leaves: LeafRecorder): string {
  const stat = statLeaf('symlink', path)
  const target = readlinkSync(path)
  leaves.add({ kind: 'symlink', path, stat, hash: createHash('sha256').update(target).digest('hex') })
  return target
}

/** Equal for inputs that read the same: the leaves' scope of what they read. */
export function inputName(input: FileInput): string {
  return JSON.stringify(input.kind === 'file' ? [input.path] : [input.base, input.globs])
}

function unreadable(path: string, error: unknown): Diagnostic {
  const code = errno(error)
  if (code === undefined) throw error
  if (code === 'ENOENT') return { code: 'engine/no-file', severity: 'error', message: `No file "${path}"` }
  return { code: 'engine/unreadable-file', severity: 'error', message: `"${path}" can't be read`, facts: [['system', code]] }
}

function oddFile(path: string): Diagnostic {
  return { code: 'engine/odd-file', severity: 'error', message: `"${path}" is neither a file nor a symlink`, hint: 'Leave it out of the globs' }
}

function badName(path: string): Diagnostic {
  return {
    code: 'engine/file-name',
    severity: 'error',
    message: `The name ${JSON.stringify(path)} can't be an input: only files below the base, without control characters`,
  }
}
