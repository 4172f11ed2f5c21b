import { describe, expect, test } from 'vitest'
import { compareFuzzy, compareVersions, isVersion } from '../../../outputs/apk/version.ts'

/** Each row from the oldest to the newest. */
const ascending: readonly (readonly [about: string, ...versions: readonly string[]])[] = [
  ['numbers by value', '1', '2', '9', '10', '11', '100', '20240101'],
  ['numbers longer than a double is exact', '1.9007199254740992', '1.9007199254740993', '1.90071992547409930'],
  ['dotted numbers', '1.0', '1.0.1', '1.1', '1.2', '1.9', '1.10', '1.10.1', '2.0'],
  ['a longer version is newer', '1', '1.0', '1.0.0', '1.0.0.0'],
  ['a leading zero makes a later number text', '4.09', '4.1', '4.5.14'],
  ['a zero alone is text too', '1.0', '1.1', '1.9', '1.10'],
  ['zeros as text', '8.0.1', '8.001', '8.01', '8.1'],
  ['the first number stays a number', '01', '2', '003', '10'],
  ['one letter', '1.0', '1.0a', '1.0b', '1.0z', '1.1'],
  ['suffixes', '1_alpha', '1_beta', '1_pre', '1_rc', '1', '1_cvs', '1_svn', '1_git', '1_hg', '1_p', '1a'],
  ['numbered suffixes', '1_rc', '1_rc1', '1_rc2', '1_rc10', '1', '1_p', '1_p0', '1_p1', '1_p10'],
  ['several suffixes', '1_rc1_alpha', '1_rc1', '1_rc1_p1', '1_rc2', '1_p1_rc1', '1_p1', '1_p1_git20200101', '1_p2'],
  ['releases', '1.0', '1.0-r0', '1.0-r1', '1.0-r2', '1.0-r10', '1.0.1-r0'],
  ['a release is less than anything else that follows', '1.0-r9', '1.0_p1', '1.0a', '1.0.0'],
  ['a commit', '1.0', '1.0-r1', '1.0~00', '1.0~0a', '1.0~ff', '1.0_p1'],
  ['a commit with a release', '1.0~0a', '1.0~0a-r0', '1.0~0a-r1', '1.0~0b'],
  ['no version at all is the oldest', '', '0_alpha', '0', '1'],
]

const equal = [
  ['1', '1'],
  ['01', '1'],
  ['1-r01', '1-r1'],
  ['1_p01', '1_p1'],
  ['1.0x!', '1.0x?'],
]

const valid = ['1', '0', '1.0', '1.0a', '1.0_rc', '1.0_rc1_p2', '1.0~abc123', '1.0~0', '1.0a_rc1~0f-r12', '20240101', '1-r0', '1.01']
const invalid = ['', 'a', '.1', '1.', '1..2', '1.a', '1ab', '1_', '1_foo', '1_none', '1_Rc', '1-', '1-r', '1-0', '1-r1-r2', '1~', '1~xyz', '1-r0~ab', '1~ab_p1', '1_p1a', '1 ', '1A', '1a2', '1_p1.2']

const fuzzy: readonly (readonly [version: string, required: string, order: number])[] = [
  ['1.2.3-r4', '1', 0],
  ['1.2.3-r4', '1.2', 0],
  ['1.2.3-r4', '1.2.3', 0],
  ['1.2.3-r4', '1.2.3-r4', 0],
  ['1.2.3-r4', '1.2.3-r5', -1],
  ['1.2', '1.2.0', -1],
  ['10.0', '1', 1],
  ['1.20', '1.2', 1],
  ['1.2_rc1', '1.2', 0],
  ['1.2_rc2-r5', '1.2_rc', 0],
  ['1.2a', '1.2', 0],
  ['1.00', '1.0', 1],
]

describe('A version', () => {
  test.each(ascending)('is ordered as apk does: %s', (_, ...versions) => {
    for (const [i, a] of versions.entries()) {
      for (const [j, b] of versions.entries()) expect([a, b, Math.sign(compareVersions(a, b))]).toEqual([a, b, Math.sign(i - j)])
    }
  })

  test.each(equal)('%s is equal to %s', (a, b) => {
    expect([compareVersions(a, b), compareVersions(b, a)]).toEqual([0, 0])
  })

  test.each(valid)('may be "%s"', (text) => {
    expect(isVersion(text)).toBe(true)
  })

  test.each(invalid)('may not be "%s"', (text) => {
    expect(isVersion(text)).toBe(false)
  })

  test.each(fuzzy)('%s against a prefix %s gives %i', (version, required, order) => {
    expect(Math.sign(compareFuzzy(version, required))).toBe(order)
  })
})
