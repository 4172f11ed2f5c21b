import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Rig } from '../rig.ts'
import { counts, pair, task, text } from './task-rig.ts'

describe('a task sees what it declares', () => {
  it('misses a file that it did not declare', async () => {
    await using rig = new Rig({ 'nacre.yaml': '', 't.yaml': task('t', 'inputs: [a]\nrun: cat a b > c\noutputs: [c]'), a: 'a', b: 'b' })
    const ran = await rig.nacre(['build', 't'])
    expect(ran, ran.stderr).toMatchObject({ code: 1 })
    expect(ran.stderr).toContain('b: No such file')
  })

  it('sees outputs of its own needs and not of theirs', async () => {
    const chain = [task('a', 'run: echo a > a\noutputs: [a]'), task('b', 'needs: [a]\nrun: cat a > b\noutputs: [b]'), task('c', 'needs: [b]\nrun: ls > c\noutputs: [c]')]
    await using rig = new Rig({ 'nacre.yaml': '', 't.yaml': chain.join('---\n') })
    expect(await rig.nacre(['build', 'c'])).toMatchObject({ code: 0 })
    expect([text(rig, 'b'), text(rig, 'c')]).toEqual(['a\n', 'b\nc\n'])
  })

  it('takes for outputs only what it made, not what was laid there', async () => {
    const two = [task('a', 'run: mkdir o; echo a > o/a\noutputs: [o/a]'), task('b', 'needs: [a]\nrun: echo b > o/b\noutputs: ["o/*"]')]
    await using rig = new Rig({ 'nacre.yaml': '', 't.yaml': two.join('---\n') })
    expect(await rig.nacre(['build', 'b'])).toMatchObject({ code: 0 })
    expect([text(rig, 'o/a'), text(rig, 'o/b')]).toEqual(['a\n', 'b\n'])
  })

  it('has a clean environment and its own variables', async () => {
    await using rig = new Rig({ 'nacre.yaml': '', 't.yaml': task('t', 'run: env | sort > env.txt; echo "$HOME $TMPDIR" > places.txt; umask >> places.txt\noutputs: [env.txt, places.txt]\nenvironment: {OWN: "a b", LANG: C}') })
    await rig.nacre(['build', 't'], { environment: { SECRET: 'host', LD_PRELOAD_X: 'x' } })
    const variables = Object.fromEntries((text(rig, 'env.txt') ?? '').trim().split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]))
    expect(Object.keys(variables).filter((name) => !['PWD', 'OLDPWD', 'SHLVL', '_'].includes(name)).sort()).toEqual(['HOME', 'LANG', 'LC_ALL', 'OWN', 'PATH', 'SOURCE_DATE_EPOCH', 'TERM', 'TMPDIR', 'TZ'])
    expect(variables).toMatchObject({ OWN: 'a b', LANG: 'C', TZ: 'UTC', PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' })
    expect(text(rig, 'places.txt')).toMatch(new RegExp(`^${rig.store}/\\S+ ${rig.store}/\\S+\n0*22\n$`))
  })

  it('can write to its inputs without changing the workspace or the store', async () => {
    await using rig = new Rig({ 'nacre.yaml': '', 't.yaml': task('t', 'inputs: [a]\nrun: cat a > b; chmod u+w a; echo damaged > a\noutputs: [b]'), a: 'a\n' })
    await rig.nacre(['build', 't'])
    expect(text(rig, 'a')).toBe('a\n')
    expect(counts(await rig.nacre(['build', 't', '--force']))).toBe('0 ran, 0 hit, 1 cut off, 0 failed')
    expect(text(rig, 'b')).toBe('a\n')
  })

  it('runs host tools by name, and again when one of them is another', async () => {
    await using rig = new Rig({ 'nacre.yaml': '', 't.yaml': task('t', 'tools: [shout]\nrun: shout hello world > out; ! neighbour\noutputs: [out]') })
    const folder = join(rig.folder, 'tools')
    mkdirSync(folder)
    for (const [name, script] of [['shout', 'echo "$#: $*!"'], ['neighbour', 'true']] as const) {
      writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`)
      chmodSync(join(folder, name), 0o755)
    }
    const environment = { PATH: `${folder}:${process.env['PATH'] ?? ''}` }
    expect(await rig.nacre(['build', 't'], { environment })).toMatchObject({ code: 0 })
    expect(text(rig, 'out')).toBe('2: hello world!\n')
    expect((await rig.nacre(['build', 't'], { environment })).stdout).toContain('nothing changed')
    const digest = createHash('sha256').update(readFileSync(join(folder, 'shout'))).digest('hex')
    expect(existsSync(join(rig.store, 'v1/cas', digest.slice(0, 2), digest.slice(2)))).toBe(false)
    writeFileSync(join(folder, 'shout'), '#!/bin/sh\necho "$*?"\n')
    const again = await rig.nacre(['build', 't'], { environment })
    expect(counts(again)).toBe('1 ran, 0 hit, 0 cut off, 0 failed')
    expect(again.stderr).toMatch(/tool \S+\/shout changed/)
    expect(text(rig, 'out')).toBe('hello world?\n')
  })

  it('notices that another program of the name comes first on PATH now', async () => {
    await using rig = new Rig({ 'nacre.yaml': '', 't.yaml': task('t', 'tools: [say]\nrun: say > out\noutputs: [out]') })
    const folders = ['early', 'late'].map((name) => join(rig.folder, name))
    const write = (folder: string, word: string): void => {
      writeFileSync(join(folder, 'say'), `#!/bin/sh\necho ${word}\n`)
      chmodSync(join(folder, 'say'), 0o755)
    }
    for (const folder of folders) mkdirSync(folder)
    const environment = { PATH: `${folders.join(':')}:${process.env['PATH'] ?? ''}` }
    write(folders[1] ?? '', 'late')
    await rig.nacre(['build', 't'], { environment })
    write(folders[0] ?? '', 'early')
    await rig.nacre(['build', 't'], { environment })
    expect(text(rig, 'out')).toBe('early\n')
  })
})

describe('a task that goes wrong', () => {
  it('tells its last words and its code, and leaves a folder to enter', async () => {
    await using rig = new Rig({ 'nacre.yaml': '', 't.yaml': task('t', 'inputs: [a]\nrun: |\n  echo so far so good\n  test -f b && false\n  exit 7\noutputs: [b]'), a: 'here' })
    const ran = await rig.nacre(['build', 't'])
    expect(ran, ran.stderr).toMatchObject({ code: 1 })
    expect(ran.stderr).toContain('so far so good')
    expect(ran.stderr).toContain('ended with code 7')
    const enter = /look around in it with (\S+)/.exec(ran.stderr)?.[1] ?? ''
    expect(execFileSync(enter, ['cat', 'a'], { encoding: 'utf8' })).toBe('here')
  })

  it('prints both streams in their order, also through /dev/stdout and /dev/stderr', async () => {
    await using rig = new Rig({ 'nacre.yaml': '', 't.yaml': task('t', 'run: for i in 1 2 3; do echo out $i; echo err $i >&2; echo dev $i >/dev/stdout; echo device $i >/dev/stderr; done; exit 1') })
    const said = (await rig.nacre(['build', 't'])).stderr.split('\n').filter((line) => line.startsWith('  | ')).map((line) => line.slice(4))
    expect(said).toEqual([1, 2, 3].flatMap((i) => [`out ${i}`, `err ${i}`, `dev ${i}`, `device ${i}`]))
  })

  it('fails when the last command fails, even behind an and', async () => {
    await using rig = new Rig({ 'nacre.yaml': '', 't.yaml': task('t', 'run: echo x > out; test -f missing && echo y\noutputs: [out]') })
    expect(await rig.nacre(['build', 't'])).toMatchObject({ code: 1 })
    expect(text(rig, 'out')).toBeUndefined()
  })

  it('fails when one of its outputs was not made', async () => {
    await using rig = new Rig({ 'nacre.yaml': '', 't.yaml': task('t', 'run: echo x > out\noutputs: [out, "dist/**"]') })
    const ran = await rig.nacre(['build', 't'])
    expect(ran, ran.stderr).toMatchObject({ code: 1 })
    expect(ran.stderr).toContain('Output "dist/**" was not made')
  })

  it.each([
    ['a link that leads out', 'ln -s /etc/passwd out', '[out]'],
    ['a file behind a link', 'ln -s /etc out', '[out/passwd]'],
    ['a fifo', 'mkfifo out', '[out]'],
    ['a folder', 'mkdir out', '[out]'],
  ])('is refused %s as an output', async (_, run, outputs) => {
    await using rig = new Rig({ 'nacre.yaml': '', 't.yaml': task('t', `run: ${run}\noutputs: ${outputs}`) })
    const ran = await rig.nacre(['build', 't'])
    expect(ran, ran.stderr).toMatchObject({ code: 1 })
    expect(ran.stderr).toContain('task/odd-output')
    expect(existsSync(join(rig.workspace, 'out'))).toBe(false)
  })

  it('is refused two needs that differ at a path', async () => {
    const all = [task('a', 'run: mkdir o; echo a > o/x\noutputs: [o/*]'), task('b', 'run: mkdir o; echo b > o/x\noutputs: ["o/**"]'), task('c', 'needs: [a, b]\nrun: cat o/x > c\noutputs: [c]')]
    await using rig = new Rig({ 'nacre.yaml': '', 't.yaml': all.join('---\n') })
    const ran = await rig.nacre(['build', 'c'])
    expect(ran, ran.stderr).toMatchObject({ code: 1 })
    expect(ran.stderr).toContain('task/same-path')
  })

  it('is ended when its time is over, with all that it started', async () => {
    await using rig = new Rig({ 'nacre.yaml': '', 't.yaml': task('t', `run: sleep 9${process.pid} & sleep 9${process.pid}\noutputs: [out]\ntimeout: 500ms`) })
    const ran = await rig.nacre(['build', 't'])
    expect(ran, ran.stderr).toMatchObject({ code: 1 })
    expect(ran.stderr).toContain('took longer than 0.5 s')
    expect(ran.stderr).toContain('kept:')
    await expect.poll(() => isRunning(`9${process.pid}`)).toBe(false)
  })

  it('is ended by Ctrl-C, with all that it started, and runs again afterwards', async () => {
    await using rig = new Rig({ 'nacre.yaml': '', 't.yaml': task('t', `inputs: [wait]\nrun: sh -c "sleep $(cat wait)" & sleep $(cat wait); echo done > out\noutputs: [out]`), wait: `8${process.pid}` })
    const stop = new AbortController()
    const running = rig.nacre(['build', 't'], { signal: stop.signal })
    await expect.poll(() => isRunning(`8${process.pid}`), { timeout: 20_000 }).toBe(true)
    stop.abort()
    expect(await running).toMatchObject({ code: 130 })
    await expect.poll(() => isRunning(`8${process.pid}`)).toBe(false)
    rig.write({ wait: '0' })
    expect(await rig.nacre(['build', 't'])).toMatchObject({ code: 0 })
    expect(text(rig, 'out')).toBe('done\n')
  })

  it('keeps others going when it is told so, and their outputs are not lost', async () => {
    await using rig = new Rig({ ...pair, 'bad.yaml': task('bad', 'run: exit 3') })
    expect(counts(await rig.nacre(['build', '--all', '--keep-going']))).toBe('2 ran, 0 hit, 0 cut off, 1 failed')
    expect(counts(await rig.nacre(['build']))).toBe('0 ran, 2 hit, 0 cut off, 0 failed')
  })
})

describe('two builds at once', () => {
  it('share the work of a task', async () => {
    await using rig = new Rig({ 'nacre.yaml': '', 't.yaml': task('t', 'inputs: [a]\nrun: sleep 1; cat a > b\noutputs: [b]'), a: 'a\n' })
    const both = await Promise.all([rig.nacre(['build', 't']), rig.nacre(['build', 't'])])
    expect(both.map(({ code }) => code)).toEqual([0, 0])
    expect(both.map(counts).sort()).toEqual(['0 ran, 1 hit, 0 cut off, 0 failed', '1 ran, 0 hit, 0 cut off, 0 failed'])
    expect(text(rig, 'b')).toBe('a\n')
  })
})

function isRunning(mark: string): boolean {
  return readdirSync('/proc').some((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(mark)
    } catch {
      return false
    }
  })
}
