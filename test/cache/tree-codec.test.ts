import { describe, expect, test } from 'vitest'
import { byBytes } from '../../base/bytes.ts'
import { digestBytes, digestText, emptyDigest } from '../../base/digest.ts'
import { digestOf } from '../../base/ids.ts'
import { Fault } from '../../base/result.ts'
import type { Directory, TreeNode } from '../../cache/tree.ts'
import { decodeDirectory, encodeDirectory } from '../../cache/tree-codec.ts'

// Written by hand from the field numbers of the REAPI, byte by byte.
const hashA = 'aa'.repeat(32)
const hex = (text: string) => Buffer.from(text).toString('hex')
const digestA0 = `0a40${hex(hashA)}`
const A0 = digestOf(hashA, 0)
const A5 = digestOf(hashA, 5)
const A3G = digestOf(hashA, 3_000_000_000)
const link: TreeNode = { kind: 'symlink', target: 't' }

const vectors: readonly (readonly [what: string, directory: Directory, bytes: string])[] = [
  ['an empty folder', dir({}), ''],
  ['a file of mode 0644', dir({ a: file(A5, 0o644) }), `0a49${'0a0161'}1244${digestA0}1005`],
  ['an empty file, whose size is left out', dir({ a: file(A0, 0o644) }), `0a47${'0a0161'}1242${digestA0}`],
  ['a file of three billion bytes', dir({ a: file(A3G, 0o644) }), `0a4d${'0a0161'}1248${digestA0}1080bcc1960b`],
  ['a file of mode 0755', dir({ a: file(A0, 0o755) }), `0a49${'0a0161'}1242${digestA0}2001`],
  ['a file of mode 0600', dir({ a: file(A0, 0o600) }), `0a4e${'0a0161'}1242${digestA0}32051a03088003`],
  ['a file of mode 04755', dir({ a: file(A0, 0o4755) }), `0a50${'0a0161'}1242${digestA0}200132051a0308ed13`],
  ['a file of mode 0000', dir({ a: file(A0, 0) }), `0a4b${'0a0161'}1242${digestA0}32021a00`],
  ['a folder', dir({ d: { kind: 'directory', digest: A0 } }), `1247${'0a0164'}1242${digestA0}`],
  ['a symlink', dir({ l: { kind: 'symlink', target: '../x' } }), `1a09${'0a016c'}1204${hex('../x')}`],
  ['a folder of mode 1777', { mode: 0o1777, entries: new Map() }, '2a051a0308ff07'],
  [
    'files, then folders, then symlinks, each sorted by the bytes of their names, and then the mode',
    { mode: 0o700, entries: new Map<string, TreeNode>([['z', link], ['\u{10000}', file(A0, 0o644)], ['b', { kind: 'directory', digest: A0 }], ['\uffff', file(A0, 0o644)], ['a', link]]) },
    `0a49${'0a03efbfbf'}1242${digestA0}0a4a${'0a04f0908080'}1242${digestA0}1247${'0a0162'}1242${digestA0}` + '1a060a0161120174' + '1a060a017a120174' + '2a051a0308c003',
  ],
]


describe('a canonical Directory', () => {
  test.each(vectors.map(([what, directory, bytes]) => ({ what, directory, bytes })))('holds $what', ({ directory, bytes }) => {
    const { entries } = directory
    expect(Buffer.from(encodeDirectory(directory)).toString('hex')).toBe(bytes)
    const back = decodeDirectory(Buffer.from(bytes, 'hex'))
    expect(back?.mode).toBe(directory.mode)
    expect([...(back?.entries ?? [])]).toEqual([...entries].sort(([a], [b]) => byBytes(a, b)))
  })

  test('of nothing has the digest of nothing', () => {
    expect(digestBytes(encodeDirectory(dir({})))).toBe(emptyDigest)
  })

  test('has one encoding, in whatever order the entries came', () => {
    const names = ['b', 'a', 'é', '\u{1f600}', '\uffee', 'a.b', 'a-b', 'a0']
    const forward = new Map(names.map((name) => [name, file(A0, 0o644)]))
    const backward = new Map([...names].reverse().map((name) => [name, file(A0, 0o644)]))
    expect(encodeDirectory({ mode: 0o755, entries: forward })).toEqual(encodeDirectory({ mode: 0o755, entries: backward }))
  })

  test('comes back from random entries, and from nothing else', () => {
    let state = 7
    const random = (n: number) => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) % n
    for (let round = 0; round < 300; round++) {
      const entries = new Map<string, TreeNode>()
      for (let i = random(12); i > 0; i--) {
        const name = Array.from({ length: 1 + random(5) }, () => ['a', 'Z', '.x', 'ü', '\u{1f980}', '\ufffd', '-', ' '][random(8)]).join('')
        const digest = digestOf(digestText(String(random(100))).slice(0, 64), random(2) === 0 ? random(300) : random(2 ** 31) * 1000)
        entries.set(name, [file(digest, random(0o10000)), { kind: 'directory', digest } as const, { kind: 'symlink', target: `/${name}` } as const][random(3)] ?? link)
      }
      const directory = { mode: random(0o10000), entries }
      const bytes = encodeDirectory(directory)
      const back = decodeDirectory(bytes)
      expect(back?.mode).toBe(directory.mode)
      expect(new Map(back?.entries)).toEqual(entries)
      // Whatever is changed in the bytes: they are refused, or they are the one encoding of something else.
      if (bytes.length === 0) continue
      const broken = Uint8Array.from(bytes)
      broken[random(bytes.length)] = random(256)
      const other = decodeDirectory(broken)
      if (other !== undefined) expect(Buffer.from(encodeDirectory(other)).toString('hex')).toBe(Buffer.from(broken).toString('hex'))
      const cut = decodeDirectory(bytes.subarray(0, random(bytes.length)))
      if (cut !== undefined) expect(cut.entries.size).toBeLessThanOrEqual(entries.size)
    }
  })
})

const fileA = `0a47${'0a0161'}1242${digestA0}`
const fileB = `0a47${'0a0162'}1242${digestA0}`
const refused: Readonly<Record<string, string>> = {
  'a cut field': '0a47',
  'a cut varint': '0a80',
  'a name twice': fileA + fileA,
  'names out of order': fileB + fileA,
  'one name as a file and as a symlink': `${fileA}1a060a0161120174`,
  'fields out of order': `1a060a017a120174${fileA}`,
  'an unknown field': '3200',
  'field number zero': '0200',
  'another wire type': '0801',
  'no name': `0a44${'1242'}${digestA0}`,
  'an empty name': `0a46${'0a00'}1242${digestA0}`,
  'the name ".."': `0a48${'0a022e2e'}1242${digestA0}`,
  'a name with a slash': `0a49${'0a03612f62'}1242${digestA0}`,
  'a name with a line break': `0a47${'0a010a'}1242${digestA0}`,
  'a name that is not UTF-8': `0a47${'0a01ff'}1242${digestA0}`,
  'no digest': '0a03' + '0a0161',
  'a hash in capitals': `0a47${'0a0161'}1242${digestA0.replaceAll('61', '41')}`,
  'a size of zero that is said': `0a49${'0a0161'}1244${digestA0}1000`,
  'a padded length': `0ac700${'0a0161'}1242${digestA0}`,
  'a size beyond 2^53': `0a51${'0a0161'}124c${digestA0}10ffffffffffffffff7f`,
  'is_executable: false that is said': `0a49${'0a0161'}1242${digestA0}2000`,
  'is_executable: 2': `0a49${'0a0161'}1242${digestA0}2002`,
  'mode 0644 that is said': `0a4e${'0a0161'}1242${digestA0}32051a0308a403`,
  'mode 0700 of a file that is not executable': `0a4e${'0a0161'}1242${digestA0}32051a0308c003`,
  'a mode beyond 07777': `0a4e${'0a0161'}1242${digestA0}32051a03088020`,
  'mode 0755 of a folder that is said': '2a051a0308ed03',
  'node properties twice': '2a051a0308c0032a051a0308c003',
  'node properties with a time': '2a021200',
  'a symlink without a target': '1a030a016c',
  'a symlink to NUL': '1a06' + '0a016c' + '120100',
  'bytes after a folder node': `1249${'0a0164'}1242${digestA0}2001`,
}

describe('what is no canonical Directory', () => {
  test.each(Object.entries(refused))('is refused: %s', (_, bytes) => {
    expect(decodeDirectory(Buffer.from(bytes, 'hex'))).toBeUndefined()
  })

  test.each(['', '.', '..', 'a/b', 'a\nb', 'a\0b', 'half a pair \ud800'])('is not written either: a file named %j', (name) => {
    expect(() => encodeDirectory({ mode: 0o755, entries: new Map([[name, file(A0, 0o644)]]) })).toThrow(Fault)
  })

  test.each(['', 'a\0b', '\udc00'])('is not written either: a symlink to %j', (target) => {
    expect(() => encodeDirectory({ mode: 0o755, entries: new Map([['l', { kind: 'symlink', target }]]) })).toThrow(Fault)
  })

  test.each([-1, 0o10000, 1.5])('is not written either: mode %d', (mode) => {
    expect(() => encodeDirectory({ mode, entries: new Map() })).toThrow(Fault)
  })
})

function dir(entries: Readonly<Record<string, TreeNode>>): Directory {
  return { mode: 0o755, entries: new Map(Object.entries(entries)) }
}

function file(digest: typeof A0, mode: number): TreeNode {
  return { kind: 'file', digest, mode }
}
