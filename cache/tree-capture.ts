import { chmodSync, closeSync, lstatSync, openSync, readdirSync, readlinkSync, rmdirSync, type Stats, unlinkSync } from 'node:fs'
import { byBytes } from '../base/bytes.ts'
import type { Diagnostic } from '../base/diagnostic.ts'
import { type AbsPath, absPath, type Digest } from '../base/ids.ts'
import { errno, Fault } from '../base/result.ts'
import type { Cas } from './cache.ts'
import { openToRead } from './file-hash.ts'
import type { TreeNode } from './tree.ts'
import { putDirectory } from './tree-builder.ts'
import { isTreeName, isTreeTarget } from './tree-codec.ts'

export interface CaptureOptions {
  /** Moves the files into the store instead of copying them: the folder is empty afterwards, and nobody may use it meanwhile. */
  readonly move?: boolean
  /** Leaves out what it answers true for (a path relative to the folder, in `/` form); a folder is left out with all that is in it. */
  readonly ignore?: (path: string, kind: TreeNode['kind']) => boolean
}

export type CaptureResult =
  | { readonly kind: 'captured'; readonly digest: Digest; readonly files: number; readonly bytes: number }
  | { readonly kind: 'refused'; readonly diagnostics: readonly Diagnostic[] }

/**
 * Stores a folder as a tree: bytes, names, symlinks as they are and permission bits (0o7777); hard links become files, owners and
 * times are dropped. The folder may be hostile: nothing is followed, and what a tree can't hold is refused, all of it at once.
 */
export async function captureTree(cas: Cas, folder: AbsPath, options: CaptureOptions = {}): Promise<CaptureResult> {
  const capture: Capture = { cas, folder, options, refused: [], files: 0, bytes: 0 }
  const stat = lstatSync(folder)
  if (!stat.isDirectory()) return { kind: 'refused', diagnostics: [complaint('cache/not-a-folder', `"${folder}" is not a folder`)] }
  const digest = await captureFolder(capture, '', stat)
  if (capture.refused.length > 0) return { kind: 'refused', diagnostics: capture.refused }
  return { kind: 'captured', digest, files: capture.files, bytes: capture.bytes }
}

interface Capture {
  readonly cas: Cas
  readonly folder: AbsPath
  readonly options: CaptureOptions
  readonly refused: Diagnostic[]
  files: number
  bytes: number
}

async function captureFolder(capture: Capture, path: string, stat: Stats): Promise<Digest> {
  const own = place(capture, path)
  // A folder that its owner can't list or empty, such as one of mode 0000, is opened up; when it isn't consumed it gets its mode back.
  const opened = (stat.mode & 0o700) !== 0o700 && stat.uid === process.geteuid?.()
  if (opened) chmodSync(own, 0o700)
  const entries = new Map<string, TreeNode>()
  for (const name of namesIn(capture, path)) {
    const node = await captureEntry(capture, path === '' ? name : `${path}/${name}`)
    if (node !== undefined) entries.set(name, node)
  }
  if (opened && capture.options.move !== true) chmodSync(own, stat.mode & 0o7777)
  return (await putDirectory(capture.cas, stat.mode & 0o7777, entries)).digest
}

async function captureEntry(capture: Capture, path: string): Promise<TreeNode | undefined> {
  const stat = lstatSync(place(capture, path))
  const kind = kindOf(stat)
  if (kind === undefined) {
    capture.refused.push(special(path, stat))
    return undefined
  }
  if (capture.options.ignore?.(path, kind) === true) return undefined
  if (kind === 'file') return captureFile(capture, path, stat)
  if (kind === 'symlink') return captureSymlink(capture, path)
  const digest = await captureFolder(capture, path, stat)
  if (capture.options.move === true && capture.refused.length === 0) removeEmpty(place(capture, path))
  return { kind: 'directory', digest }
}

async function captureFile(capture: Capture, path: string, stat: Stats): Promise<TreeNode | undefined> {
  const move = capture.options.move === true
  const own = place(capture, path)
  const mode = stat.mode & 0o7777
  const locked = (stat.mode & 0o400) === 0 && stat.uid === process.geteuid?.()
  if (locked) chmodSync(own, 0o600)
  try {
    // Opened once here, so that an unreadable file is the folder's fault and what fails later is the store's.
    if (!locked && (stat.mode & 0o004) === 0) closeSync(openSync(own, openToRead))
    const digest = await capture.cas.putFile(own, move ? 'move' : 'copy')
    if (locked && !move) chmodSync(own, mode)
    capture.files++
    capture.bytes += stat.size
    return { kind: 'file', digest, mode }
  } catch (error) {
    if (error instanceof Fault || errno(error) !== 'EACCES') throw error
    capture.refused.push(complaint('cache/unreadable', `"${path}" can't be read: ${error instanceof Error ? error.message : ''}`))
    return undefined
  }
}

function captureSymlink(capture: Capture, path: string): TreeNode | undefined {
  const own = place(capture, path)
  const raw = readlinkSync(own, { encoding: 'buffer' })
  const target = raw.toString()
  if (!isTreeTarget(target) || !Buffer.from(target).equals(raw)) {
    capture.refused.push(complaint('cache/bad-name', `Symlink ${JSON.stringify(path)} has a target that is not valid UTF-8`))
    return undefined
  }
  if (capture.options.move === true) unlinkSync(own)
  return { kind: 'symlink', target }
}

/** Names in byte order; those that a tree can't hold are refused here. Read as bytes, since decoding hides what is not UTF-8. */
function namesIn(capture: Capture, path: string): string[] {
  const names: string[] = []
  for (const raw of readdirSync(place(capture, path), { encoding: 'buffer' })) {
    const name = raw.toString()
    if (isTreeName(name) && Buffer.byteLength(name) === raw.length && Buffer.from(name).equals(raw)) names.push(name)
    else capture.refused.push(badName(path, raw))
  }
  return names.sort(byBytes)
}

function removeEmpty(folder: AbsPath): void {
  try {
    rmdirSync(folder)
  } catch (error) {
    // What was ignored stays.
    if (errno(error) !== 'ENOTEMPTY') throw error
  }
}

function kindOf(stat: Stats): TreeNode['kind'] | undefined {
  return stat.isFile() ? 'file' : stat.isDirectory() ? 'directory' : stat.isSymbolicLink() ? 'symlink' : undefined
}

function special(path: string, stat: Stats): Diagnostic {
  const what = stat.isFIFO() ? 'a fifo' : stat.isSocket() ? 'a socket' : 'a device'
  return complaint('cache/special-file', `"${path}" is ${what}, and a tree holds only files, folders and symlinks`)
}

function badName(path: string, raw: Buffer): Diagnostic {
  const shown = JSON.stringify(raw.toString('latin1'))
  return complaint('cache/bad-name', `Folder "${path === '' ? '.' : path}" has an entry named ${shown}, which is not UTF-8 without control characters`)
}

function complaint(code: string, message: string): Diagnostic {
  return { code, severity: 'error', message }
}

function place(capture: Capture, path: string): AbsPath {
  return path === '' ? capture.folder : absPath(`${capture.folder}/${path}`)
}
