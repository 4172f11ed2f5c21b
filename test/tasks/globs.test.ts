import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { globFiles } from '../../engine/glob.ts'
import { LeafRecorder, sameContent } from '../../engine/leaves.ts'
import { baseOf, globFault, OutputGlobs } from '../../recipes/plan/task-globs.ts'

let base: string
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'nacre-task-globs-'))
})
afterEach(() => rmSync(base, { recursive: true }))

function write(...paths: readonly string[]): void {
  for (const path of paths) {
    mkdirSync(join(base, path, '..'), { recursive: true })
    writeFileSync(join(base, path), '')
  }
}

describe('globs of tasks', () => {
  it.each([
    ['a/b.c', 'a'],
    ['a.c', ''],
    ['a/*/c', 'a'],
    ['**', ''],
    ['a/{b/c,d}/e', 'a'],
    ['a/b(1).c', 'a'],
  ])('%s lies below "%s"', (glob, folder) => expect(baseOf(glob)).toBe(folder))

  it.each(['', '/a', 'a/', 'a//b', './a', 'a/../b', 'a\nb', '!../a'])('%j is refused', (glob) => expect(globFault(glob)).toBeTypeOf('string'))
  it.each(['a', '!a/**', '.a/..b', 'a/{b,c}.ts'])('%j is fine', (glob) => expect(globFault(glob)).toBeUndefined())

  it('meet the outputs that they could match, and no others', () => {
    const outputs = new OutputGlobs()
    for (const glob of ['web/dist/**', 'web/src/made.ts', 'docs/x.html', 'webs/y', 'lib/*.o']) outputs.add(glob, 'task')
    expect(outputs.near('web/**')).toEqual(['web/dist/**', 'web/src/made.ts'])
    expect(outputs.near('web/src/*.ts')).toEqual(['web/src/made.ts'])
    expect(outputs.near('web/dist/deep/file')).toEqual(['web/dist/**'])
    expect(outputs.near('web/package.json')).toEqual([])
    expect([...outputs.near('**/*')].sort()).toEqual(['docs/x.html', 'lib/*.o', 'web/dist/**', 'web/src/made.ts', 'webs/y'])
    expect(outputs.owner('docs/x.html')).toBe('task')
  })

  it('without a wildcard find what they find with one, and note what is not there', () => {
    write('a/b', 'a/c', 'top')
    const leaves = new LeafRecorder(0)
    expect(globFiles(base, ['top', 'a/c', 'a', 'missing', 'top/below', 'a/c'], leaves)).toEqual(['a/c', 'top'])
    expect(leaves.leaves().map(({ kind, path }) => `${kind} ${path.slice(base.length + 1)}`)).toEqual(['absent missing', 'absent top/below'])
    expect(globFiles(base, ['{top,none}', 'a/c', 'a', 'missing'], new LeafRecorder(0))).toEqual(['a/c', 'top'])
  })
})

describe('a folder that the build itself changed', () => {
  it('says what it said, unless somebody else changed it too', () => {
    write('own', 'old')
    const told = (): LeafRecorder => {
      const leaves = new LeafRecorder(0)
      leaves.listing(base)
      leaves.listing(join(base, 'new'))
      return leaves
    }
    const [ours, theirs] = [told(), told()]
    rmSync(join(base, 'old'))
    write('made', 'new/file')
    const change = { made: new Set(['fmade', 'dnew']), removed: ['fold'] }
    ours.relist(base, change)
    ours.relist(join(base, 'new'), { made: new Set(['ffile']), removed: [] })
    expect(ours.leaves().map((leaf) => [leaf.kind, sameContent(leaf)])).toEqual([['listing', true], ['listing', true]])
    write('foreign', 'new/foreign')
    theirs.relist(base, change)
    theirs.relist(join(base, 'new'), { made: new Set(['ffile']), removed: [] })
    expect(theirs.leaves().map((leaf) => sameContent(leaf))).toEqual([false, false])
  })
})
