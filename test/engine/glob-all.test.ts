import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { byBytes } from '../../base/bytes.ts'
import { globFiles } from '../../engine/glob.ts'
import { LeafRecorder } from '../../engine/leaves.ts'

const fastGlob = createRequire(import.meta.url)('fast-glob') as typeof import('fast-glob')

it.each([
  ['plain names', ['a', 'b/c', 'b/d/e', 'b-', '.hidden', '.git/config', 'ä/ö']],
  ['names that fast-glob takes otherwise', ['a', 'line\nbreak', 'back\\slash', 'b/c\rd', 'e\u2028f/g']],
])('everything below a folder is what fast-glob finds, with %s', (_, paths) => {
  const folder = mkdtempSync(join(tmpdir(), 'nacre-glob-'))
  for (const path of paths) {
    mkdirSync(join(folder, path, '..'), { recursive: true })
    writeFileSync(join(folder, path), path)
  }
  mkdirSync(join(folder, 'empty'))
  symlinkSync('a', join(folder, 'link'))
  symlinkSync('b', join(folder, 'folder-link'))
  symlinkSync('nowhere', join(folder, 'dangling'))
  const theirs = fastGlob.sync('**', { cwd: folder, dot: true, onlyFiles: false, markDirectories: true, followSymbolicLinks: false })
  const [ours, others] = [new LeafRecorder(0), new LeafRecorder(0)]
  expect(globFiles(folder, ['**'], ours)).toEqual(theirs.filter((path) => !path.endsWith('/')).sort(byBytes))
  // A second glob that matches nothing keeps fast-glob at work.
  globFiles(folder, ['**', 'nothing-of-this-name'], others)
  const folders = (leaves: LeafRecorder) => leaves.leaves().filter(({ kind }) => kind === 'listing').map(({ path }) => path).sort(byBytes)
  expect(folders(ours)).toEqual(folders(others))
  expect(globFiles(join(folder, 'not there'), ['**'], ours)).toEqual([])
  expect(() => globFiles(join(folder, 'a'), ['**'], ours)).toThrow('ENOTDIR')
  rmSync(folder, { recursive: true })
})
