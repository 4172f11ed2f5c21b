import { describe, expect, it } from 'vitest'
import type { PackageRecord } from '../../../outputs/apk/record.ts'
import { runConfig } from '../../../outputs/oci/image.ts'
import { planLayers } from '../../../outputs/oci/plan-layers.ts'
import { applyLayer, topLayer } from '../../../outputs/oci/layers.ts'
import { shellWords } from '../../../outputs/oci/shell-words.ts'
import { addAccounts, resolveRunAs } from '../../../outputs/rootfs/accounts.ts'
import { linkBusybox } from '../../../outputs/rootfs/busybox-links.ts'
import { textContent } from '../../../outputs/rootfs/content.ts'
import { mutatePaths, type PathMutation } from '../../../outputs/rootfs/paths.ts'
import { plainDirectory, plainFile, plainSymlink, sameEntry, VirtualTree } from '../../../outputs/rootfs/virtual-tree.ts'

const none = (): never => {
  throw new Error('nothing is stored')
}

function treeOf(entries: Readonly<Record<string, string | null>>): VirtualTree {
  const tree = new VirtualTree()
  for (const [path, text] of Object.entries(entries)) tree.set(path, text === null ? plainDirectory : text.startsWith('->') ? plainSymlink(text.slice(2)) : plainFile(textContent(text)))
  return tree
}

describe('a tree', () => {
  const tree = treeOf({ usr: null, 'usr/lib': null, 'usr/lib/x': 'x', lib: '->usr/lib', abs: '->/usr', up: '->usr/../usr/lib/x', loop: '->loop', away: '->../../../usr' })
  it.each([
    ['lib/x', 'usr/lib/x'], ['abs/lib/x', 'usr/lib/x'], ['up', 'usr/lib/x'], ['away/lib', 'usr/lib'], ['lib', 'usr/lib'], ['', ''],
    ['loop', undefined], ['loop/x', undefined], ['usr/lib/x/y', undefined], ['no', undefined],
  ])('follows links: "%s" is %s', (path, real) => {
    expect(tree.resolve(path)).toBe(real)
  })

  it('keeps a file under its other name when the first goes', () => {
    const links = treeOf({ a: 'text' })
    links.set('b', { kind: 'hardlink', target: 'a' })
    links.set('c', { kind: 'hardlink', target: 'a' })
    links.remove('a')
    expect(links.get('b')).toEqual(plainFile(textContent('text')))
    expect(links.get('c')).toEqual({ kind: 'hardlink', target: 'b' })
  })

  it('sorts a folder before what is beside it with a longer name', () => {
    expect(treeOf({ 'a-b': '', a: null, 'a/z': '', 'a.b': '' }).sorted().map(([path]) => path)).toEqual(['a', 'a/z', 'a-b', 'a.b'])
  })

  it('refuses an entry below a file', () => {
    expect(() => treeOf({ a: '', 'a/b': '' })).toThrow('not a directory')
  })
})

describe('paths', () => {
  const refused: readonly (readonly [string, PathMutation])[] = [
    ['a link over a file', { path: '/etc/a', type: 'symlink', source: '/x' }],
    ['a link without a source', { path: '/etc/n', type: 'symlink' }],
    ['a hard link to a folder', { path: '/etc/n', type: 'hardlink', source: '/etc' }],
    ['a hard link to nothing', { path: '/etc/n', type: 'hardlink', source: '/none' }],
    ['permissions of nothing', { path: '/none', type: 'permissions', permissions: 0o755 }],
    ['a folder where a file is', { path: '/etc/a', type: 'directory' }],
    ['a file where a folder is', { path: '/etc', type: 'empty-file' }],
    ['a path below a file', { path: '/etc/a/b', type: 'empty-file' }],
    ['a path that climbs out', { path: '/etc/../../x', type: 'directory' }],
    ['the root itself', { path: '/', type: 'directory' }],
  ]
  it.each(refused)('%s is refused and changes nothing', (_name, mutation) => {
    const tree = treeOf({ etc: null, 'etc/a': 'a' })
    const before = tree.sorted()
    expect(mutatePaths(tree, [mutation]).map(({ code }) => code)).toEqual(['image/bad-path'])
    expect(tree.sorted()).toEqual(before)
  })

  it('go through links that the packages have', () => {
    const tree = treeOf({ usr: null, 'usr/lib': null, lib: '->usr/lib' })
    expect(mutatePaths(tree, [{ path: '/lib/x/y', type: 'empty-file', uid: 5 }])).toEqual([])
    expect(tree.get('usr/lib/x/y')).toMatchObject({ kind: 'file', uid: 5, gid: 0, mode: 0o644 })
  })
})

describe('accounts', () => {
  const files = { passwd: 'root:x:0:0:root:/root:/bin/sh\n', group: 'root:x:0:root\nwheel:x:10:root\n', shadow: '' }
  it('add members to a group that a package has', () => {
    expect(addAccounts(files, { groups: [{ groupname: 'wheel', gid: 10, members: ['web', 'root'] }] }).group).toBe('root:x:0:root\nwheel:x:10:root,web\n')
  })
  it('complain of a number that a package gave to the same name', () => {
    const edit = addAccounts(files, { users: [{ username: 'root', uid: 1 }], groups: [{ groupname: 'wheel', gid: 11 }] })
    expect(edit.diagnostics.map(({ code }) => code)).toEqual(['image/account-taken', 'image/account-taken'])
  })
  it('name whom to run as', () => {
    expect(resolveRunAs('root', files.passwd)).toBe('0')
    expect(resolveRunAs('1:2', files.passwd)).toBe('1:2')
    expect(resolveRunAs('nobody', files.passwd)).toMatchObject({ code: 'image/unknown-run-as' })
  })
})

describe('busybox', () => {
  it('links applets through the links of a merged root, and never over a program', async () => {
    const tree = treeOf({ usr: null, 'usr/bin': null, bin: '->usr/bin', 'usr/bin/busybox': 'b', 'usr/bin/ls': 'real', etc: null, 'etc/busybox-paths.d': null, 'etc/busybox-paths.d/a': '/bin/ls\n/bin/cat\n/../out\n\nrelative\n' })
    await linkBusybox(tree, none)
    expect(tree.names('usr/bin')).toEqual(['busybox', 'cat', 'ls'])
    expect(tree.get('usr/bin/cat')).toEqual(plainSymlink('/bin/busybox'))
    expect(tree.get('out')).toBeUndefined()
  })
})

describe('the top layer', () => {
  it('turns whatever lies below into the root', () => {
    const below = treeOf({ keep: 'k', gone: null, 'gone/x': '', 'gone/y': '', swap: null, 'swap/in': '', text: 'old', dir: null, 'dir/a': '', 'dir/b': '' })
    const root = treeOf({ keep: 'k', swap: '->keep', text: 'new', dir: null, 'dir/a': '', fresh: null })
    root.set('dir/c', { kind: 'hardlink', target: 'dir/a' })
    const top = topLayer(root, [below.sorted()])
    expect(top.map(([path]) => path)).toEqual(['.wh.gone', 'dir', 'dir/.wh.b', 'dir/a', 'dir/c', 'fresh', 'swap', 'text'])
    applyLayer(below, top)
    expect(below.sorted()).toEqual(root.sorted())
  })
})

describe('layers', () => {
  const record = (name: string, size: number, more: Partial<PackageRecord> = {}): PackageRecord => ({
    name, version: '1-r0', arch: 'noarch', description: '', url: '', license: '', origin: name, maintainer: '', commit: '', buildDate: 0, installedSize: size,
    depends: [], provides: [], replaces: [], installIf: [], triggers: [], ...more,
  })
  const records = [record('a', 1), record('b', 5), record('c', 3), record('b-dev', 1, { origin: 'b' }), record('d', 2, { replaces: ['a<2'] }), record('e', 2, { replaces: ['c>1-r0'] })]
  const names = (budget: number): readonly string[] => planLayers(records, { strategy: 'origin', budget }).map((group) => group.packages.join(' '))

  it('keep origins together, and packages of which one replaces the other', () => {
    expect(names(10)).toEqual(['b b-dev', 'a d', 'c', 'e'])
  })
  it('put what is over the budget into the last', () => {
    expect(names(2)).toEqual(['b b-dev', 'a c d e'])
    expect(names(1)).toEqual(['a b c b-dev d e'])
  })
  it('do not depend on the order of what is joined', () => {
    expect(planLayers(records.toReversed(), { strategy: 'origin', budget: 10 }).map(({ origins }) => origins)).toEqual([['b'], ['a', 'd'], ['c'], ['e']])
  })
  it('are none when there is to be a single one', () => {
    expect(planLayers(records, { strategy: 'single' })).toEqual([])
  })
})

describe('how an image runs', () => {
  it('is all complained of at once', () => {
    const made = runConfig({ entrypoint: { command: '/a "b' }, cmd: "c'", accounts: { 'run-as': 'nobody' } }, 'root:x:0:0:root:/root:/bin/sh\n', {})
    expect(made.kind === 'complaints' ? made.diagnostics.map(({ code }) => code) : made.kind).toEqual(['image/bad-command', 'image/bad-command', 'image/unknown-run-as'])
  })
})

describe('a command line', () => {
  it.each([
    ['a b', ['a', 'b']], ['  a\t"b c"\n', ['a', 'b c']], [`'a $X'"b"c`, ['a $Xbc']], ['a\\ b', ['a b']], ['"a\\"b"', ['a"b']], ['""', ['']], ['a # b', ['a']], ['a#b', ['a#b']], ['', []],
    ['"a', undefined], ["'a", undefined], ['a\\', undefined],
  ])('%j is %j', (text, words) => {
    expect(shellWords(text)).toEqual(words)
  })
})

it('entries are the same only if they unpack to the same', () => {
  const file = plainFile(textContent('x'))
  expect(sameEntry(file, { ...file, mtime: 1 })).toBe(false)
  expect(sameEntry(file, { ...file, xattrs: new Map([['user.a', Buffer.from('1')]]) })).toBe(false)
  expect(sameEntry({ ...file, xattrs: new Map([['user.a', Buffer.from('1')]]) }, { ...file, xattrs: new Map([['user.a', Buffer.from('1')]]) })).toBe(true)
  expect(sameEntry(plainSymlink('a'), plainSymlink('b'))).toBe(false)
})
