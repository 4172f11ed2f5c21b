import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Rig } from '../rig.ts'
import { read, run, until, Watched } from './watched.ts'

const files = {
  'nacre.yaml': 'default: [task:sum]\n',
  'tasks.yaml': [
    'task: {name: list, inputs: ["src/**"], run: "find src -type f -printf \'%p %m\\n\' -o -type l -printf \'%p %l\\n\' | sort > list; cat $(find src -type f | sort) > text", outputs: [list, text]}',
    '---',
    'task: {name: sum, needs: [list], run: "cat list text | cksum > sum", outputs: [sum]}',
    '',
  ].join('\n'),
  'src/a': 'a\n',
  'src/deep/b': 'b\n',
}

/** What an ordinary build of the same files makes, with nothing known from before. */
async function madeAnew(rig: Rig): Promise<readonly (string | undefined)[]> {
  await using other = new Rig()
  other.copy(rig.workspace)
  for (const name of ['.nacre', 'list', 'text', 'sum']) rmSync(join(other.workspace, name), { recursive: true, force: true })
  await other.nacre(['build'])
  return made(other)
}

function made(rig: Rig): readonly (string | undefined)[] {
  return ['list', 'text', 'sum'].map((path) => read(rig, path))
}

const at = (rig: Rig, path: string): string => join(rig.workspace, path)

const edits: readonly (readonly [string, (rig: Rig) => void])[] = [
  ['new content', (rig) => rig.write({ 'src/a': 'other\n' })],
  ['a new file', (rig) => rig.write({ 'src/new': 'new\n' })],
  ['a removed file', (rig) => rmSync(at(rig, 'src/new'))],
  ['a renamed file', (rig) => renameSync(at(rig, 'src/a'), at(rig, 'src/z'))],
  ['a renamed folder', (rig) => renameSync(at(rig, 'src/deep'), at(rig, 'src/deeper'))],
  ['content below the renamed folder', (rig) => rig.write({ 'src/deeper/b': 'B\n' })],
  ['an executable bit', (rig) => chmodSync(at(rig, 'src/z'), 0o755)],
  ['a new symlink', (rig) => symlinkSync('z', at(rig, 'src/link'))],
  ['a swapped symlink', (rig) => (rmSync(at(rig, 'src/link')), symlinkSync('deeper/b', at(rig, 'src/link')))],
  ['a save by a rename, as editors do', (rig) => (rig.write({ 'src/.z.swp': 'saved\n' }), renameSync(at(rig, 'src/.z.swp'), at(rig, 'src/z')))],
  ['a folder that takes the place of another', (rig) => (renameSync(at(rig, 'src'), at(rig, 'old')), mkdirSync(at(rig, 'src')), rig.write({ 'src/only': 'one\n' }))],
  ['many files at once, as a checkout does', (rig) => rig.write(Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`src/${i % 7}/f${i}`, `${i}\n`])))],
  ['another recipe', (rig) => rig.write({ 'tasks.yaml': files['tasks.yaml'].replace('cksum', 'wc -c') })],
  ['a lost output', (rig) => rmSync(at(rig, 'sum'))],
  ['an altered output', (rig) => writeFileSync(at(rig, 'sum'), 'mine\n')],
]

describe('nacre watch', () => {
  it('builds again whatever changes, as an ordinary build would', { timeout: 300_000 }, async () => {
    await using watched = await Watched.start(new Rig(files))
    const { rig } = watched
    for (const [what, edit] of edits) {
      const before = [...watched.stderr.matchAll(/changed {2}/g)].length
      edit(rig)
      await watched.says(/changed {2}/, before + 1)
      const answer = await watched.build()
      expect([what, answer.code]).toEqual([what, 0])
      expect([what, ...made(rig)]).toEqual([what, ...(await madeAnew(rig))])
    }
  })

  it('answers a build that was asked for at once after a write with what was written', { timeout: 300_000 }, async () => {
    await using watched = await Watched.start(new Rig(files), ['--debounce', '60000'])
    const { rig } = watched
    for (let i = 0; i < 20; i++) {
      rig.write({ 'src/a': `${i}\n` })
      expect((await watched.build()).code).toBe(0)
      expect(read(rig, 'text')).toBe(`${i}\nb\n`)
      expect((await watched.build()).stdout).toMatch(/^nothing changed\n0 ran, 0 hit, 0 cut off, 0 failed in /)
    }
    expect([...watched.stderr.matchAll(/answered/g)].length).toBeGreaterThanOrEqual(20)
  })

  it('says the same as without it, also to --json, and gives the same code', async () => {
    await using watched = await Watched.start(new Rig(files))
    const timeless = (text: string): string => text.replace(/in [0-9.]+ m?s/g, 'in T').replace(/"seconds":[0-9.e-]+/g, '"seconds":T')
    for (const argv of [['build'], ['build', '--json'], ['build', 'task:list'], ['build', '--all'], ['build', 'nothing'], ['build', '--wrong']]) {
      await run(watched.rig, argv)
      const [through, alone] = [await run(watched.rig, argv), await watched.rig.nacre(argv)]
      expect([timeless(through.stdout), through.stderr, through.code]).toEqual([timeless(alone.stdout), alone.stderr, alone.code])
    }
  })

  it('answers from any folder of the workspace, and leaves other stores, paths and workspaces alone', async () => {
    await using watched = await Watched.start(new Rig(files))
    const { rig } = watched
    const answered = async (options: Parameters<typeof run>[2], argv: readonly string[] = ['build']): Promise<boolean> => {
      const before = watched.stderr.length
      expect((await run(rig, argv, options)).code).toBe(0)
      return watched.stderr.slice(before).includes('answered')
    }
    expect(await answered({ cwd: at(rig, 'src/deep') })).toBe(true)
    expect(await answered({ environment: { NACRE_STORE: join(rig.folder, 'other') } })).toBe(false)
    expect(await answered({ environment: { PATH: `${process.env['PATH'] ?? ''}:/nowhere` } })).toBe(false)
    expect(await answered({}, ['build', '--force'])).toBe(false)
    rig.write({ 'inner/nacre.yaml': 'default: [task:x]\n', 'inner/x.yaml': 'task: {name: x, run: "echo > x", outputs: [x]}\n' })
    expect(await answered({ cwd: at(rig, 'inner') })).toBe(false)
    expect(existsSync(at(rig, 'inner/x'))).toBe(true)
  })

  it('waits for any change after a build that failed, and says the failure', async () => {
    await using watched = await Watched.start(new Rig({ ...files, 'tasks.yaml': 'task: {name: sum, inputs: [src/a], run: "test -e src/b && cp src/b sum", outputs: [sum]}\n' }))
    expect(watched.stderr).toMatch(/failed.*task sum/)
    watched.rig.write({ 'src/b': 'b\n', 'tasks.yaml': 'task: {name: sum, inputs: [src/b], run: "cp src/b sum", outputs: [sum]}\n' })
    await watched.says(/watching/)
    expect(read(watched.rig, 'sum')).toBe('b\n')
  })

  it('ends with Ctrl-C, gives 130 and leaves a workspace that builds', async () => {
    await using watched = await Watched.start(new Rig(files))
    expect(await watched.kill('SIGINT')).toBe(130)
    expect(read(watched.rig, '.nacre/watch')).toBe('')
    expect((await watched.build()).stdout).toContain('nothing changed')
  })

  it('ends when the workspace goes', async () => {
    await using watched = await Watched.start(new Rig(files))
    renameSync(watched.rig.workspace, join(watched.rig.folder, 'moved'))
    expect(await watched.ended).toBe(0)
    expect(watched.stderr).toContain('is no workspace any more')
  })

  it('refuses to be the second one, and says so', async () => {
    await using watched = await Watched.start(new Rig(files))
    const second = await run(watched.rig, ['watch'])
    expect(second.code).toBe(2)
    expect(second.stderr).toContain(`error[cli/watched] Process ${watched.pid} watches this workspace already`)
  })

  it('refuses a debounce that is no number', async () => {
    await using rig = new Rig(files)
    expect((await run(rig, ['watch', '--debounce', 'soon'])).stderr).toContain('--debounce takes milliseconds, not "soon"')
  })

  it('prints one event a line with --json', async () => {
    await using watched = await Watched.start(new Rig(files), ['--json'])
    watched.rig.write({ 'src/a': 'other\n' })
    await watched.says(/"kind":"watching"/, 2)
    const events: { kind?: string; paths?: string[] }[] = watched.stdout.trim().split('\n').map((line) => JSON.parse(line))
    expect(events.find(({ kind }) => kind === 'changed')?.paths).toEqual([at(watched.rig, 'src/a')])
  })
})

describe('a client of nacre watch', () => {
  it('does without it after kill -9', async () => {
    await using watched = await Watched.start(new Rig(files))
    await watched.kill('SIGKILL')
    watched.rig.write({ 'src/a': 'after\n' })
    expect((await watched.build()).code).toBe(0)
    expect(read(watched.rig, 'text')).toBe('after\nb\n')
  })

  it('does without it when the file that leads to it is stale, damaged or of another version', { timeout: 120_000 }, async () => {
    await using rig = new Rig(files)
    await run(rig, ['build'])
    for (const text of [`1 1 ${process.pid} 0 token\n`, '1 99999 1 1 token\n', '2 1 1 1 1\n', 'nonsense', '1 $(touch owned) ; x\n', `1 9 ${process.pid} ${startOf(process.pid)} token\n`]) {
      rig.write({ '.nacre/watch': text })
      expect((await run(rig, ['build'])).stdout).toContain('nothing changed')
    }
    expect(existsSync(at(rig, 'owned'))).toBe(false)
  })

  it('interrupts the build that it became', async () => {
    await using watched = await Watched.start(new Rig({ ...files, 'tasks.yaml': `${files['tasks.yaml']}---\ntask: {name: slow, run: "echo > started; sleep 60", outputs: [slow]}\n` }))
    const abort = new AbortController()
    const slow = run(watched.rig, ['build', 'slow'], { signal: abort.signal })
    // The task runs, so the client has become a build.
    await until(() => readdirSync(watched.rig.store, { recursive: true }).some((path) => String(path).endsWith('/started')), () => 'a started task')
    abort.abort()
    expect((await slow).code).toBe(130)
  })
})

describe('the port of nacre watch', () => {
  it('is told to its owner alone', async () => {
    await using watched = await Watched.start(new Rig(files))
    expect(statSync(at(watched.rig, '.nacre/watch')).mode & 0o777).toBe(0o600)
  })

  it.each([
    ['no token', 'build\n'],
    ['another token', `${'0'.repeat(64)} ${process.pid} 1\n`],
    ['too much', 'x'.repeat(1000)],
  ])('says nothing to who shows %s', async (_, text) => {
    await using watched = await Watched.start(new Rig(files))
    const [, port] = (read(watched.rig, '.nacre/watch') ?? '').split(' ')
    let said = ''
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), '127.0.0.1', () => socket.write(text))
      socket.on('data', (data) => (said += String(data))).on('close', () => resolve()).on('error', () => resolve())
    })
    expect(said).toBe('')
    expect((await watched.build()).code).toBe(0)
  })

  it('listens on the loopback interface alone', async () => {
    await using watched = await Watched.start(new Rig(files))
    const [, port] = (read(watched.rig, '.nacre/watch') ?? '').split(' ')
    const wanted = Number(port).toString(16).toUpperCase().padStart(4, '0')
    await until(() => true, () => '')
    const listening = readFileSync('/proc/net/tcp', 'latin1').split('\n').map((line) => line.trim().split(/\s+/)).filter(([, local, , state]) => local?.endsWith(`:${wanted}`) === true && state === '0A')
    expect(listening.map(([, local]) => local)).toEqual([`0100007F:${wanted}`])
  })
})

function startOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}
