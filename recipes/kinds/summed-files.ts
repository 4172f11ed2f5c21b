import { hash } from 'node:crypto'
import type { PackageFile } from './package-files.ts'

/** A file whose SHA-1 is known after it was read, so that who reads all files anyway need not read them again for it. */
export interface SummedFile extends PackageFile {
  /** Hex, of a regular file's content. */
  sha1(): Promise<string>
}

export function summedFiles(files: readonly PackageFile[]): readonly SummedFile[] {
  return files.map(summed)
}

function summed(file: PackageFile): SummedFile {
  let sum: string | undefined
  const read = async (): Promise<Uint8Array> => {
    const bytes = await file.read()
    sum ??= hash('sha1', bytes, 'hex')
    return bytes
  }
  const sha1 = async (): Promise<string> => (sum ??= hash('sha1', await file.read(), 'hex'))
  return { ...file, read, sha1 }
}
