import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type AbsPath, absPath, nodeId } from '../../base/ids.ts'
import { MemoryCas } from '../../cache/memory-cas.ts'
import { walkTree } from '../../cache/tree-walk.ts'
import type { Action } from '../../engine/action.ts'
import { Inputs } from '../../engine/inputs.ts'
import { LeafRecorder } from '../../engine/leaves.ts'
import { puppet, pure, states, World } from './puppet.ts'

let base: AbsPath
let leaves: LeafRecorder
let cas: MemoryCas
let inputs: Inputs
const world = new World()

beforeEach(() => {
  base = absPath(mkdtempSync(join(tmpdir(), 'nacre-inputs-')))
  leaves = new LeafRecorder(0)
  cas = new MemoryCas(absPath(join(base, '..', 'never')))
  inputs = new Inputs(cas, world.ports.files, leaves)
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

const write = (path: string, text = path): void => {
  mkdirSync(join(base, path, '..'), { recursive: true })
  writeFileSync(join(base, path), text)
}
const files = (...globs: string[]) => ({ kind: 'files', base, globs }) as const
async function listed(...globs: string[]): Promise<string[]> {
  const found = await inputs.resolve(files(...globs))
  if (found.kind === 'complaints') return found.diagnostics.map(({ code, message }) => `${code}: ${message.replaceAll(base, 'BASE')}`)
  const entries: string[] = []
  for await (const { path, node, mode } of walkTree(cas, found.value.output.digest)) {
    if (node.kind !== 'directory') entries.push(node.kind === 'symlink' ? `${path} -> ${node.target}` : `${path} ${mode.toString(8)}`)
  }
  return entries
}
const leafNames = (): string[] => leaves.leaves().map(({ kind, path }) => `${kind} ${path.slice(base.length + 1)}`).sort()

describe('files of the workspace', () => {
  it('are what the globs match: names with dots, links as links, executables as such', async () => {
    for (const path of ['a.txt', '.hidden/x', 'deep/er/b.txt', 'é', 'z/']) if (!path.endsWith('/')) write(path)
    mkdirSync(join(base, 'empty'))
    symlinkSync('a.txt', join(base, 'link'))
    symlinkSync('deep', join(base, 'folder-link'))
    symlinkSync('nowhere', join(base, 'dangling'))
    chmodSync(join(base, 'a.txt'), 0o744)
    chmodSync(join(base, 'deep/er/b.txt'), 0o660)
    expect(await listed('**')).toEqual(['.hidden/x 644', 'a.txt 755', 'dangling -> nowhere', 'deep/er/b.txt 644', 'folder-link -> deep', 'link -> a.txt', 'é 644'])
    expect(await listed('**', '!deep/**', '!*link')).toEqual(['.hidden/x 644', 'a.txt 755', 'dangling -> nowhere', 'é 644'])
    expect(await listed('*.none')).toEqual([])
  })

  it('give the same tree whatever the umask, the order of the globs or the order of the folder', async () => {
    write('b')
    write('a')
    const one = await inputs.resolve(files('a', 'b'))
    chmodSync(join(base, 'a'), 0o600)
    const again = new Inputs(cas, world.ports.files, leaves)
    expect((await again.resolve(files('b', '*'))) satisfies unknown).toMatchObject({ value: { output: one.kind === 'ok' ? one.value.output : undefined } })
  })

  it('leave as leaves each file, each link, each folder that was listed and each name that was missed', async () => {
    write('src/a')
    symlinkSync('a', join(base, 'src/l'))
    await listed('src/**', 'missing.txt', 'src/a/below')
    expect(leafNames()).toEqual(['absent missing.txt', 'absent src/a/below', 'file src/a', 'listing src', 'symlink src/l'])
  })

  it('are looked at once in a build, and hashed through the memo', async () => {
    write('a')
    const before = world.digested.length
    await listed('a')
    await listed('a')
    expect(world.digested.length - before).toBe(1)
  })

  it('that are neither files nor links are refused', async () => {
    execFileSync('mkfifo', [join(base, 'pipe')])
    expect(await listed('*')).toEqual(['engine/odd-file: "BASE/pipe" is neither a file nor a symlink'])
  })

  it('whose names leave the base, or hold control characters, are refused', async () => {
    write('inside/a')
    write('a\nb')
    inputs.resolve(files('*'))
    expect((await listed('*')).map((line) => line.split(':')[0])).toEqual(['engine/file-name'])
    const found = await inputs.resolve({ kind: 'files', base: absPath(join(base, 'inside')), globs: ['../*'] })
    expect(found.kind === 'complaints' && found.diagnostics.map(({ code }) => code)).toContain('engine/file-name')
  })

  it('may be one file, which a link counts as', async () => {
    write('real', 'text')
    chmodSync(join(base, 'real'), 0o755)
    symlinkSync('real', join(base, 'link'))
    const found = await inputs.resolve({ kind: 'file', path: absPath(join(base, 'link')) })
    expect(found.kind === 'ok' && found.value.output).toMatchObject({ kind: 'blob', executable: true })
    expect(leafNames()).toEqual(['file real', 'symlink link'])
  })

  it('that are named and missing, or a folder, are refused', async () => {
    mkdirSync(join(base, 'folder'))
    const codes = async (path: string) => {
      const found = await inputs.resolve({ kind: 'file', path: absPath(join(base, path)) })
      return found.kind === 'complaints' ? found.diagnostics.map(({ code }) => code) : []
    }
    expect(await codes('none')).toEqual(['engine/no-file'])
    expect(await codes('folder')).toEqual(['engine/odd-file'])
  })

  it.skipIf(process.getuid?.() === 0)('that nobody may read are refused', async () => {
    write('secret')
    chmodSync(join(base, 'secret'), 0)
    expect((await listed('*')).map((line) => line.split(':')[0])).toEqual(['engine/unreadable-file'])
  })

  it('that can not be read are refused, whoever asks', async () => {
    write('a')
    const broken = new Inputs(cas, { digest: () => Promise.reject(Object.assign(new Error('no'), { code: 'EACCES' })) }, leaves)
    const found = await broken.resolve(files('a'))
    expect(found).toMatchObject({ kind: 'complaints', diagnostics: [{ code: 'engine/unreadable-file', facts: [['system', 'EACCES']] }] })
  })
})

describe('an action that reads files', () => {
  const reader = (): Action => puppet('a', [], { inputs: { source: { kind: 'files', base, globs: ['*'] } } })

  it('has them in the store when it runs, and not before', async () => {
    using here = new World()
    write('f', 'text')
    const digest = await new MemoryCas(base).put(Buffer.from('text'))
    here.puppet.automatic = async (context) => {
      expect(context.cas.has(digest)).toBe(true)
      return pure(context)
    }
    await here.build([reader()])
    here.cas.forget(digest)
    expect(states(await here.build([reader()]))).toEqual(['a: hit'])
    expect(here.cas.has(digest)).toBe(false)
  })

  it('runs again when a file becomes executable', async () => {
    using here = new World()
    here.puppet.automatic = pure
    write('tool', 'text')
    const action = puppet('a', [], { inputs: { tool: { kind: 'file', path: absPath(join(base, 'tool')) } } })
    await here.build([action])
    chmodSync(join(base, 'tool'), 0o755)
    expect(states(await here.build([action]))).toEqual(['a: cutOff'])
  })

  it('can not record what it made of a file that changed while it ran: it starts over', async () => {
    using here = new World()
    write('f', 'one')
    const building = here.build([reader()])
    const first = await here.puppet.started('a')
    write('f', 'three')
    await first.done('made of one')
    await (await here.puppet.started('a')).done('made of three')
    const report = await building
    expect(await here.text(report, 'a')).toBe('made of three')
    expect(here.told('restarted')).toEqual(['a'])
    expect(states(await here.build([reader()]))).toEqual(['a: hit'])
    write('f', 'one')
    const back = here.build([reader()])
    await (await here.puppet.started('a')).done('made of one')
    expect(states(await back)).toEqual(['a: ran'])
  })

  it('fails when they never stop changing', async () => {
    using here = new World()
    write('f', '0')
    let n = 0
    here.puppet.automatic = async (context) => {
      write('f', `now ${'x'.repeat(++n)}`)
      return pure(context)
    }
    expect((await here.build([reader()])).nodes.get(nodeId('a'))).toMatchObject({ failure: { diagnostics: [{ code: 'engine/restless' }] } })
  })

  it('fails, and nothing else, when its files are wrong', async () => {
    using here = new World()
    here.puppet.automatic = pure
    const wrong = puppet('wrong', [], { inputs: { one: { kind: 'file', path: absPath(join(base, 'none')) } } })
    const report = await here.build([wrong, puppet('right')], { keepGoing: true })
    expect(states(report)).toEqual(['right: ran', 'wrong: failed'])
  })
})
