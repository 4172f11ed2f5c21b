import { chmodSync, closeSync, constants, copyFileSync, fchmodSync, fstatSync, openSync, writeSync } from 'node:fs'
import { type AbsPath, type Digest, digestSize } from '../base/ids.ts'
import type { Cas } from './cache.ts'
import { blobMode } from './layout.ts'

/** Bytes up to which a file is written from memory: that takes half of the system calls of a copy, and the content may lie in no file. */
const smallCopy = 16_384

const permissions = 0o7777

/** Writes content to a file that is not there yet, with this mode under any umask; nothing of it is shared with the store. False when the store lacks it. */
export async function writeContent(cas: Cas, content: { readonly digest: Digest; readonly mode: number }, path: AbsPath): Promise<boolean> {
  return digestSize(content.digest) <= smallCopy ? writeSmall(cas, content, path) : copy(cas, content, path)
}

async function writeSmall(cas: Cas, { digest, mode }: { readonly digest: Digest; readonly mode: number }, path: AbsPath): Promise<boolean> {
  const bytes = await cas.read(digest)
  if (bytes === undefined) return false
  const file = openSync(path, 'wx', mode)
  try {
    for (let at = 0; at < bytes.byteLength; ) at += writeSync(file, bytes, at)
    if ((fstatSync(file).mode & permissions) !== mode) fchmodSync(file, mode)
  } finally {
    closeSync(file)
  }
  return true
}

async function copy(cas: Cas, { digest, mode }: { readonly digest: Digest; readonly mode: number }, path: AbsPath): Promise<boolean> {
  const source = await cas.file(digest, false)
  if (source === undefined) return false
  copyFileSync(source, path, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL)
  // The copy has the mode of its source, whatever the umask.
  if (mode !== blobMode) chmodSync(path, mode)
  return true
}
