import { createWriteStream, mkdirSync, renameSync, rmSync } from 'node:fs'
import { chmod, constants, copyFile, type FileHandle, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { errno, Fault } from '../../base/result.ts'

/** Writes a file beside its place and moves it there when it is whole: who reads meanwhile sees the old one or the new one. */
export function writeWhole(path: string, bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
  return placed(path, (temporary) => pipeline(Readable.from(bytes), createWriteStream(temporary, { mode: 0o644 })))
}

/** The same from a file. The kernel copies, or shares what it can share until one of the two is changed. */
export function copyWhole(from: string, path: string): Promise<void> {
  return placed(path, async (temporary) => {
    await copyFile(from, temporary, constants.COPYFILE_FICLONE)
    await chmod(temporary, 0o644)
  })
}

/** A file of a head and, after it, bytes that are at hand or in a file. */
export function writeHeaded(head: Uint8Array, rest: Uint8Array | string, path: string): Promise<void> {
  return placed(path, async (temporary) => {
    await using target = await open(temporary, 'wx', 0o644)
    await whole(target, head)
    if (typeof rest !== 'string') return whole(target, rest)
    await using source = await open(rest)
    const chunk = Buffer.allocUnsafe(1 << 20)
    for (let n = await filled(source, chunk); n > 0; n = await filled(source, chunk)) await whole(target, chunk.subarray(0, n))
  })
}

async function filled(source: FileHandle, chunk: Uint8Array): Promise<number> {
  return (await source.read(chunk, 0, chunk.length)).bytesRead
}

async function whole(target: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await target.write(bytes, at)).bytesWritten
}

/** So many files at once keep two processors busy; more would only wait for each other. */
const atOnce = 4

/** What `write` answers for each, in the order of the list. */
export async function besideEachOther<T, R>(list: readonly T[], write: (item: T, index: number) => Promise<R>): Promise<readonly R[]> {
  const answers: R[] = []
  const rest = list.entries()
  const turns = Array.from({ length: atOnce }, async () => {
    for (const [i, item] of rest) answers[i] = await write(item, i)
  })
  await Promise.all(turns)
  return answers
}

async function placed(path: string, write: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = `${path}.${process.pid}.part`
  try {
    mkdirSync(dirname(path), { recursive: true })
    await write(temporary)
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    const code = errno(error)
    throw code === undefined ? error : new Fault('machine', `Can't write "${path}": ${code}`, { cause: error, hint: 'check the place and the space that is left on it' })
  }
}
