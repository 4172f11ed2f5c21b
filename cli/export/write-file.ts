import { createWriteStream, mkdirSync, renameSync, rmSync } from 'node:fs'
import { chmod, constants, copyFile } from 'node:fs/promises'
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
