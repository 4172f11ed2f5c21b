import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type Installable, planInstall } from '../../../outputs/apk/install.ts'
import type { ApkEntry } from '../../../outputs/apk/read.ts'
import type { PackageRecord } from '../../../outputs/apk/record.ts'
import { plainRecord, problems, value } from './pack-rig.ts'

function entry(path: string, what: Partial<ApkEntry> & { readonly content?: string } = {}): ApkEntry {
  const { content, ...rest } = what
  const kind = rest.kind ?? (rest.link !== undefined ? 'symlink' : content === undefined ? 'directory' : 'file')
  const sha1 = content === undefined ? {} : { sha1: createHash('sha1').update(content).digest('hex') }
  return { path, kind, mode: kind === 'directory' ? 0o755 : 0o644, uid: 0, gid: 0, uname: 'root', gname: 'root', size: 0, mtime: 0, xattrs: {}, ...sha1, ...rest }
}

function installable(name: string, entries: readonly ApkEntry[], record: Partial<PackageRecord> = {}): Installable {
  return { record: { ...plainRecord, name, origin: name, ...record }, entries }
}

const tool = (content: string): ApkEntry[] => [entry('bin'), entry('bin/tool', { content })]
const a = installable('a', tool('a'))

function ownerOf(packages: readonly Installable[], path: string): string | undefined {
  const owner = value(planInstall(packages)).paths.get(path)?.owner
  return owner === undefined ? undefined : packages[owner]?.record.name
}

describe('installing packages over one another', () => {
  it('names both packages of a conflict', () => {
    expect(problems(planInstall([a, installable('c', tool('c'))]))).toMatchObject([{ code: 'apk/file-conflict', message: '"bin/tool" is in both "a" 1.2.3-r4 and "c" 1.2.3-r4' }])
  })

  it.each([
    ['equal files are no conflict, and stay with the first', [a, installable('c', tool('a'))], 'a'],
    ['a package that replaces the other wins', [a, installable('b', tool('b'), { replaces: ['a'] })], 'b'],
    ['a package that replaces the other wins when it comes first too', [installable('b', tool('b'), { replaces: ['a'] }), a], 'b'],
    ['a bound that does not hold replaces nothing, but one origin does', [installable('b', tool('b'), { replaces: ['a<1'], origin: 'a' }), a], 'a'],
    ['of two that replace each other the higher priority wins', [installable('a', tool('a'), { replaces: ['b'], replacesPriority: 5 }), installable('b', tool('b'), { replaces: ['a'], replacesPriority: 1 })], 'a'],
    ['of two that replace each other the later wins at equal priority', [installable('a', tool('a'), { replaces: ['b'] }), installable('b', tool('b'), { replaces: ['a'] })], 'b'],
    ['the later of one origin wins', [a, installable('a-compat', tool('x'), { origin: 'a' })], 'a-compat'],
  ])('%s', (_, packages, winner) => {
    expect(ownerOf(packages, 'bin/tool')).toBe(winner)
  })

  it('takes lost files from the package that lost them, and leaves directories to everyone', () => {
    const plan = value(planInstall([a, installable('b', tool('b'), { replaces: ['a'] })]))
    expect(plan.owned.map((entries) => entries.map((one) => one.path))).toEqual([['bin'], ['bin', 'bin/tool']])
  })

  it('gives a directory the mode of the highest priority, then of the first name', () => {
    const at = (name: string, mode: number, record: Partial<PackageRecord> = {}) => installable(name, [entry('var', { mode })], record)
    const mode = (...packages: Installable[]) => value(planInstall(packages)).paths.get('var')?.entry.mode
    expect(mode(at('b', 0o700), at('a', 0o755))).toBe(0o755)
    expect(mode(at('a', 0o755), at('b', 0o700))).toBe(0o755)
    expect(mode(at('a', 0o755), at('b', 0o700, { replacesPriority: 1 }))).toBe(0o700)
    expect(mode(at('a-sub', 0o755, { origin: 'b' }), at('b', 0o700))).toBe(0o700)
  })

  it('puts what is in a directory where the link of an earlier package leads', () => {
    const merged = installable('merged', [entry('usr'), entry('usr/sbin'), entry('sbin', { link: 'usr/sbin' })])
    const through = installable('through', [entry('sbin'), entry('sbin/other', { content: 'x' })])
    const plan = value(planInstall([merged, through]))
    expect([...plan.paths.keys()]).toEqual(['usr', 'usr/sbin', 'sbin', 'usr/sbin/other'])
    expect(plan.paths.get('usr/sbin/other')?.entry.path).toBe('sbin/other')
  })

  it('never leaves the tree through a link, however it climbs', () => {
    const climbing = installable('a', [entry('out', { link: '../../../etc' }), entry('etc')])
    const plan = value(planInstall([climbing, installable('b', [entry('out'), entry('out/x', { content: 'x' })])]))
    expect([...plan.paths.keys()]).toContain('etc/x')
  })

  it('refuses links in circles, files as directories, and directories as files', () => {
    const circle = installable('a', [entry('x', { link: 'y' }), entry('y', { link: 'x' })])
    expect(problems(planInstall([circle, installable('b', [entry('x/f', { content: 'x' })])]))[0]?.code).toBe('apk/bad-link')
    expect(problems(planInstall([a, installable('b', [entry('bin/tool'), entry('bin/tool/x', { content: 'x' })])])).map((one) => one.code)).toEqual(['apk/file-conflict', 'apk/bad-link'])
  })
})
