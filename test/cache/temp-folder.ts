import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { type AbsPath, absPath } from '../../base/ids.ts'
import { removeTree } from '../../cache/remove.ts'

const made: AbsPath[] = []

afterAll(() => {
  for (const path of made.splice(0)) removeTree(path)
})

/** A folder that is gone after the tests of the file. */
export function tempFolder(): AbsPath {
  const path = absPath(mkdtempSync(join(tmpdir(), 'nacre-cache-')))
  made.push(path)
  return path
}
