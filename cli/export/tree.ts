import { chmodSync, createReadStream, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Digest } from '../../base/ids.ts'
import { errno, Fault } from '../../base/result.ts'
import type { Cas } from '../../cache/cache.ts'
import { walkTree } from '../../cache/tree-walk.ts'
import { writeWhole } from './write-file.ts'

/** Writes a tree into a folder, over what is there under the same names; anything else in the folder stays. */
export async function exportTree(cas: Cas, tree: Digest, folder: string): Promise<void> {
  for await (const { path, node, mode } of walkTree(cas, tree)) {
    const place = join(folder, path)
    if (node.kind === 'directory') made(place, () => mkdirSync(place, { recursive: true }))
    else if (node.kind === 'symlink') made(place, () => link(node.target, place))
    else {
      const file = await cas.file(node.digest, false)
      if (file === undefined) throw new Fault('internal', `a file of an exported tree is not in the store: "${path}"`)
      await writeWhole(place, createReadStream(file))
      chmodSync(place, mode)
    }
  }
}

function link(target: string, place: string): void {
  const temporary = `${place}.${process.pid}.part`
  mkdirSync(dirname(place), { recursive: true })
  rmSync(temporary, { force: true })
  symlinkSync(target, temporary)
  renameSync(temporary, place)
}

function made(place: string, make: () => void): void {
  try {
    make()
  } catch (error) {
    throw errno(error) === undefined ? error : new Fault('machine', `Can't write "${place}": ${errno(error) ?? ''}`, { cause: error, hint: 'something else of that name may be in the way' })
  }
}
