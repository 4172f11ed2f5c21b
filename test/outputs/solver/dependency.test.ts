import { describe, expect, test } from 'vitest'
import { formatDependency, matches, parseDependency, parseProvide } from '../../../outputs/apk/dependency.ts'

const forms: readonly (readonly [text: string, canonical: string])[] = [
  ['curl', 'curl'],
  ['so:libz.so.1', 'so:libz.so.1'],
  ['!curl', '!curl'],
  ['curl@edge', 'curl@edge'],
  ['curl=8.5.0-r0', 'curl=8.5.0-r0'],
  ['curl<8', 'curl<8'],
  ['curl>8', 'curl>8'],
  ['curl<=8', 'curl<=8'],
  ['curl=<8', 'curl<=8'],
  ['curl>=8', 'curl>=8'],
  ['curl~8.5', 'curl~8.5'],
  ['curl=~8.5', 'curl~8.5'],
  ['curl<~8.5', 'curl<~8.5'],
  ['curl~>8.5', 'curl>~8.5'],
  ['curl><Q1PlL/+ulVQc/DBhu4NtzJHEDDVEQ=', 'curl><Q1PlL/+ulVQc/DBhu4NtzJHEDDVEQ='],
  ['!curl<8', '!curl<8'],
  ['curl@edge<3', 'curl@edge<3'],
  ['curl<3@edge', 'curl@edge<3'],
]

const refused = ['', '!', '=1', 'a=', 'a<', 'a=x', 'a=1 b', 'a b', 'a@', 'a@x@y', 'a@x=1@y', 'a<=>1', 'a><', '!!a', 'a=1-', 'a~']

const matching: readonly (readonly [dependency: string, version: string, matches: boolean])[] = [
  ['a', '', true],
  ['a', '1', true],
  ['a=1.1', '1.1-r0', false],
  ['a=1.1-r0', '1.1-r0', true],
  ['a~1.1', '1.1-r0', true],
  ['a~1.1-r0', '1.1-r1', false],
  ['a<1.1', '1.1-r0', false],
  ['a<=1.1', '1.1-r0', false],
  ['a<~1.1', '1.1-r0', true],
  ['a<~1.1', '1.0', true],
  ['a<~1.1', '1.2', false],
  ['a>~1.1', '1.1.5', true],
  ['a>~1.1', '1.0', false],
  ['a>1.1', '1.1-r0', true],
  ['a>1', '', false],
  ['a=1', '', false],
  ['a<1', '', true],
]

describe('A dependency', () => {
  test.each(forms)('%s is read and written as %s', (text, canonical) => {
    const dependency = parseDependency(text)
    expect(dependency && formatDependency(dependency)).toBe(canonical)
  })

  test.each(refused)('is not "%s"', (text) => {
    expect(parseDependency(text)).toBeUndefined()
  })

  test.each(matching)('%s against version "%s": %s', (text, version, expected) => {
    const dependency = parseDependency(text)
    expect(dependency && matches(dependency, { version })).toBe(expected)
  })

  test('with a checksum takes that one package', () => {
    const pin = parseDependency('a><Q1abc=')
    expect(pin && [matches(pin, { version: '1', checksum: 'Q1abc=' }), matches(pin, { version: '1', checksum: 'Q1abd=' }), matches(pin, { version: '1' })]).toEqual([true, false, false])
  })
})

describe('A provide', () => {
  test('has a name and maybe a version', () => {
    expect(parseProvide('so:libz.so.1=1.3')).toEqual({ name: 'so:libz.so.1', version: '1.3' })
    expect(parseProvide('mta')).toEqual({ name: 'mta', version: '' })
  })

  test('is refused with any other bound', () => {
    expect([parseProvide('a>1'), parseProvide('a<1'), parseProvide('=1'), parseProvide('a b')]).toEqual([undefined, undefined, undefined, undefined])
  })
})
