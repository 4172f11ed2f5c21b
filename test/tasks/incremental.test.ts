import { chmodSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Rig } from '../rig.ts'
import { counts, pair, task, text } from './task-rig.ts'

describe('tasks are built again only when they must', () => {
  it('makes outputs in the workspace, and says when nothing changed', async () => {
    await using rig = new Rig(pair)
    const first = await rig.nacre(['build'])
    expect(first).toMatchObject({ code: 0 })
    expect(counts(first)).toBe('2 ran, 0 hit, 0 cut off, 0 failed')
    expect(text(rig, 'page.txt')).toBe('Title\nWORD\n')
    const second = await rig.nacre(['build'])
    expect(second.stdout).toContain('nothing changed')
    expect(counts(second)).toBe('0 ran, 0 hit, 0 cut off, 0 failed')
  })

  it('runs just what a changed input reaches', async () => {
    await using rig = new Rig(pair)
    await rig.nacre(['build'])
    rig.write({ 'src/title.txt': 'Other\n' })
    expect(counts(await rig.nacre(['build']))).toBe('1 ran, 1 hit, 0 cut off, 0 failed')
    expect(text(rig, 'page.txt')).toBe('Other\nWORD\n')
  })

  it('does not run dependents of an output that came out the same', async () => {
    await using rig = new Rig(pair)
    await rig.nacre(['build'])
    rig.write({ 'src/word.txt': 'WORD\n' })
    expect(counts(await rig.nacre(['build']))).toBe('0 ran, 1 hit, 1 cut off, 0 failed')
  })

  it('reverts to a result that it has seen before without running anything', async () => {
    await using rig = new Rig(pair)
    await rig.nacre(['build'])
    rig.write({ 'src/word.txt': 'other\n' })
    await rig.nacre(['build'])
    rig.write({ 'src/word.txt': 'word\n' })
    expect(counts(await rig.nacre(['build']))).toBe('0 ran, 2 hit, 0 cut off, 0 failed')
    expect(text(rig, 'page.txt')).toBe('Title\nWORD\n')
  })

  it('notices a new file under a glob, one that is gone, and an executable bit', async () => {
    await using rig = new Rig({
      'nacre.yaml': '',
      'list.yaml': task('list', "inputs: ['src/**/*.txt', '!src/no/**']\nrun: find src -type f -perm -100 -name '*.txt' > x.list; find src -type f | sort > all.list\noutputs: [x.list, all.list]"),
      'src/a.txt': '',
      'src/no/b.txt': '',
    })
    await rig.nacre(['build', 'list'])
    expect(text(rig, 'all.list')).toBe('src/a.txt\n')
    rig.write({ 'src/deep/c.txt': '' })
    expect(counts(await rig.nacre(['build', 'list']))).toBe('1 ran, 0 hit, 0 cut off, 0 failed')
    expect(text(rig, 'all.list')).toBe('src/a.txt\nsrc/deep/c.txt\n')
    chmodSync(join(rig.workspace, 'src/a.txt'), 0o755)
    await rig.nacre(['build', 'list'])
    expect(text(rig, 'x.list')).toBe('src/a.txt\n')
    rmSync(join(rig.workspace, 'src/deep'), { recursive: true })
    await rig.nacre(['build', 'list'])
    expect(text(rig, 'all.list')).toBe('src/a.txt\n')
  })

  it('leaves outputs out of input globs, so that what was built before changes no key', async () => {
    const own = task('bundle', 'inputs: [web/**]\nrun: mkdir -p web/dist; cat web/*.js > web/dist/all.js\noutputs: [web/dist/**]')
    const other = task('count', 'inputs: ["**/*.js"]\nrun: find web -type f | wc -l > count.txt\noutputs: [count.txt]')
    await using rig = new Rig({ 'nacre.yaml': '', 'a.yaml': `${own}---\n${other}`, 'web/a.js': 'a\n', 'web/b.js': 'b\n' })
    expect(counts(await rig.nacre(['build', '--all']))).toBe('2 ran, 0 hit, 0 cut off, 0 failed')
    expect(text(rig, 'count.txt')?.trim()).toBe('2')
    expect((await rig.nacre(['build', '--all'])).stdout).toContain('nothing changed')
    rig.write({ 'web/a.js': 'c\n' })
    expect(counts(await rig.nacre(['build', '--all']))).toBe('1 ran, 0 hit, 1 cut off, 0 failed')
    expect(text(rig, 'web/dist/all.js')).toBe('c\nb\n')
  })

  it('builds three hundred tasks of one file, and then the one whose input changed', async () => {
    const all = Array.from({ length: 300 }, (_, i) => task(`t${i}`, `inputs: [in/${i}]\n${i < 10 ? '' : `needs: [t${Math.floor(i / 10)}]\n`}run: mkdir -p out; cat in/${i} > out/${i}\noutputs: [out/${i}]`))
    await using rig = new Rig({ 'nacre.yaml': '', 'all.yaml': all.join('---\n'), ...Object.fromEntries(all.map((_, i) => [`in/${i}`, `${i}\n`])) })
    expect(counts(await rig.nacre(['build', '--all']))).toBe('300 ran, 0 hit, 0 cut off, 0 failed')
    rig.write({ 'in/299': 'changed\n' })
    expect(counts(await rig.nacre(['build', '--all']))).toBe('1 ran, 299 hit, 0 cut off, 0 failed')
    expect(text(rig, 'out/299')).toBe('changed\n')
    expect((await rig.nacre(['build', '--all'])).stdout).toContain('nothing changed')
  })

  it('is not part of nacre test', async () => {
    await using rig = new Rig(pair)
    await rig.nacre(['test', '--all'])
    expect(text(rig, 'page.txt')).toBeUndefined()
  })
})

describe('outputs stand in the workspace', () => {
  it('are put back when they are lost, altered, or lose their mode, and nothing runs', async () => {
    await using rig = new Rig({ 'nacre.yaml': 'default: [t]\n', 't.yaml': task('t', 'run: mkdir o; echo "echo hi" > o/run; chmod 755 o/run; ln -s run o/link; echo x > o/x\noutputs: [o/**]') })
    expect((await rig.nacre(['build'])).stdout).toContain('3 outputs put into the workspace')
    rmSync(join(rig.workspace, 'o/x'))
    rmSync(join(rig.workspace, 'o/link'))
    rig.write({ 'o/run': 'altered' })
    chmodSync(join(rig.workspace, 'o/run'), 0o644)
    const again = await rig.nacre(['build'])
    expect(again.stdout).toContain('3 outputs put into the workspace')
    expect(counts(again)).toBe('0 ran, 1 hit, 0 cut off, 0 failed')
    expect([text(rig, 'o/x'), text(rig, 'o/run'), text(rig, 'o/link')]).toEqual(['x\n', 'echo hi\n', 'echo hi\n'])
    expect(statSync(join(rig.workspace, 'o/run')).mode & 0o777).toBe(0o755)
    chmodSync(join(rig.workspace, 'o/x'), 0o755)
    await rig.nacre(['build'])
    expect(statSync(join(rig.workspace, 'o/x')).mode & 0o777).toBe(0o644)
    rmSync(join(rig.workspace, 'o'), { recursive: true })
    await rig.nacre(['build'])
    expect(text(rig, 'o/x')).toBe('x\n')
    expect((await rig.nacre(['build'])).stdout).toContain('nothing changed')
  })

  it('never reach the store: writing to one leaves the stored bytes as they are', async () => {
    await using rig = new Rig(pair)
    await rig.nacre(['build'])
    rig.write({ 'gen/word.txt': 'DAMAGED' })
    rmSync(join(rig.workspace, 'page.txt'))
    await rig.nacre(['build'])
    expect([text(rig, 'gen/word.txt'), text(rig, 'page.txt')]).toEqual(['WORD\n', 'Title\nWORD\n'])
  })

  it('that are outputs no more are removed, with the folders that were made for them', async () => {
    await using rig = new Rig({ 'nacre.yaml': 'default: [t]\n', 't.yaml': task('t', 'inputs: [names]\nrun: for n in $(cat names); do mkdir -p $(dirname $n); echo $n > $n; done\noutputs: [o/**]'), names: 'o/a o/deep/b' })
    await rig.nacre(['build'])
    expect(text(rig, 'o/deep/b')).toBe('o/deep/b\n')
    rig.write({ names: 'o/a' })
    expect((await rig.nacre(['build'])).stdout).toContain('1 output of a former run removed')
    expect(() => statSync(join(rig.workspace, 'o/deep'))).toThrow('ENOENT')
    rig.write({ names: 'o/a/now/a/folder' })
    await rig.nacre(['build'])
    expect(text(rig, 'o/a/now/a/folder')).toBe('o/a/now/a/folder\n')
    rig.write({ names: 'o/a' })
    await rig.nacre(['build'])
    expect(text(rig, 'o/a')).toBe('o/a\n')
  })

  it('of a task that is gone go with it, but not what somebody altered', async () => {
    await using rig = new Rig({ ...pair, 'old.yaml': task('old', 'run: echo 1 > one; echo 2 > two\noutputs: [one, two]') })
    await rig.nacre(['build', '--all'])
    rig.write({ two: 'mine now' })
    rmSync(join(rig.workspace, 'old.yaml'))
    await rig.nacre(['build'])
    expect([text(rig, 'one'), text(rig, 'two')]).toEqual([undefined, 'mine now'])
  })

  it('of tasks that were not asked for stay', async () => {
    await using rig = new Rig(pair)
    await rig.nacre(['build'])
    rig.write({ 'src/word.txt': 'changed\n' })
    await rig.nacre(['build', 'upper'])
    expect([text(rig, 'gen/word.txt'), text(rig, 'page.txt')]).toEqual(['CHANGED\n', 'Title\nWORD\n'])
  })

  it('do not replace a file that nacre did not put there, unless it is equal', async () => {
    await using rig = new Rig({ ...pair, 'page.txt': 'mine' })
    const first = await rig.nacre(['build'])
    expect(first).toMatchObject({ code: 2 })
    expect(first.stderr).toContain('task/in-the-way')
    expect([text(rig, 'page.txt'), text(rig, 'gen/word.txt')]).toEqual(['mine', undefined])
    rig.write({ 'page.txt': 'Title\nWORD\n' })
    expect(await rig.nacre(['build'])).toMatchObject({ code: 0 })
    rig.write({ 'src/title.txt': 'Adopted\n' })
    await rig.nacre(['build'])
    expect(text(rig, 'page.txt')).toBe('Adopted\nWORD\n')
  })

  it('are known again by another store', async () => {
    await using rig = new Rig(pair)
    await rig.nacre(['build'])
    rig.write({ 'src/title.txt': 'Changed\n' })
    expect(await rig.nacre(['build', '--store', join(rig.folder, 'other')])).toMatchObject({ code: 0 })
    expect(text(rig, 'page.txt')).toBe('Changed\nWORD\n')
  })

  it('of two tasks at one path are a complaint', async () => {
    await using rig = new Rig({ 'nacre.yaml': '', 't.yaml': `${task('a', 'run: mkdir o; echo a > o/x\noutputs: [o/*]')}---\n${task('b', 'run: mkdir o; echo b > o/x\noutputs: ["o/**"]')}` })
    const ran = await rig.nacre(['build', '--all'])
    expect(ran, ran.stderr).toMatchObject({ code: 2 })
    expect(ran.stderr).toContain('task/made-twice')
  })
})
