import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { digestBytes, Hasher } from '../base/digest.ts'
import type { AbsPath, Digest } from '../base/ids.ts'
import { errno } from '../base/result.ts'

/** Files up to this size are read at once and synchronously: a trip through the thread pool costs more than reading them. */
export const smallFile = 1 << 20

const chunkSize = 1 << 20

/** Never follows a symlink at the end of the path, never waits for a fifo's writer. */
export const openToRead = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

export function hashFileSync(path: AbsPath): Digest {
  const file = openSync(path, openToRead)
  try {
    const hasher = new Hasher()
    const chunk = Buffer.allocUnsafe(Math.min(chunkSize, fstatSync(file).size + 1))
    for (let n = readSync(file, chunk); n > 0; n = readSync(file, chunk)) hasher.update(chunk.subarray(0, n))
    return hasher.digest()
  } finally {
    closeSync(file)
  }
}

/**
 * Opens a file without its reading counting as a use: with the usual mount options (relatime, mount(8)) the kernel would
 * set the access time, in which the store keeps the last use. Only the owner may ask for that; for anybody else it counts.
 */
export function openQuietly(path: string): number {
  try {
    return openSync(path, openToRead | constants.O_NOATIME)
  } catch (error) {
    if (errno(error) !== 'EPERM') throw error
    return openSync(path, openToRead)
  }
}

/**
 * Digest of a small open file, read into one buffer that all calls share: a fresh one for each file cost as much as the hash.
 * Undefined when the file holds more than `smallFile` bytes by now.
 */
export function hashSmallFile(file: number): Digest | undefined {
  scratch ??= Buffer.allocUnsafeSlow(smallFile + 1)
  let length = 0
  for (let n = readSync(file, scratch, 0, scratch.length, null); n > 0; n = readSync(file, scratch, length, scratch.length - length, null)) {
    length += n
    if (length > smallFile) return undefined
  }
  return digestBytes(scratch.subarray(0, length))
}

let scratch: Buffer | undefined

/** Reads a small open file whole; the bytes are those that the file had while it was read. */
export function readWhole(file: number, size: number): Uint8Array {
  let bytes = Buffer.allocUnsafe(size + 1)
  let length = 0
  for (let n = readSync(file, bytes, length, bytes.length - length, null); n > 0; n = readSync(file, bytes, length, bytes.length - length, null)) {
    length += n
    // It grew while it was read.
    if (length === bytes.length) bytes = Buffer.concat([bytes, Buffer.allocUnsafe(bytes.length)])
  }
  return bytes.subarray(0, length)
}

/** Digest of a file of any size. Gives other work a turn between chunks of a large one. */
export async function hashFile(path: AbsPath): Promise<Digest> {
  const file = openSync(path, openToRead)
  try {
    const { size } = fstatSync(file)
    if (size <= smallFile) return digestBytes(readWhole(file, size))
  } finally {
    closeSync(file)
  }
  const hasher = new Hasher()
  for await (const chunk of chunksOf(path)) hasher.update(chunk)
  return hasher.digest()
}

/** The bytes of a file in chunks. A chunk is valid until the next one is asked for. */
export async function* chunksOf(path: AbsPath): AsyncGenerator<Uint8Array> {
  const handle = await open(path, openToRead)
  try {
    const chunk = Buffer.allocUnsafe(chunkSize)
    for (let n = await fill(); n > 0; n = await fill()) yield chunk.subarray(0, n)
    async function fill(): Promise<number> {
      return (await handle.read(chunk, 0, chunkSize)).bytesRead
    }
  } finally {
    await handle.close()
  }
}
