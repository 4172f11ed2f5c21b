import { byBytes } from '../../base/bytes.ts'

/**
 * One piece of a version. Kinds are numbered in the order in which apk lets them follow one another; the number also decides
 * between versions where one has ended and the other goes on.
 */
interface Token {
  readonly kind: number
  readonly text: string
}

const initial = 0
const digits = 1
const letter = 2
const suffix = 3
const suffixNumber = 4
const hash = 5
const revision = 6
const end = 7
const invalid = 8

/** Suffixes from the oldest to the newest; those before `none` make a version older than the same version without them. */
const suffixes = ['alpha', 'beta', 'pre', 'rc', 'none', 'cvs', 'svn', 'git', 'hg', 'p']
const none = suffixes.indexOf('none')

/** Is the text a version as apk-tools takes it: `digits(.digits)*[a-z]?(_suffix[digits])*(~hex)?(-rN)?`. */
export function isVersion(text: string): boolean {
  return last(tokens(text)).kind === end
}

/**
 * Order of two versions as apk-tools orders them: negative when `a` is older. A text that is no version is compared up to
 * where it goes wrong; an empty text is older than every version.
 * Source: apk-tools doc/apk-package.5 and test/unit/version.data.
 */
export function compareVersions(a: string, b: string): number {
  return a === b ? 0 : compareTokens(tokens(a), tokens(b), false)
}

/** Like compareVersions, but equal where `required` ends before `version` does: 1.2.3 is near enough to 1.2. */
export function compareFuzzy(version: string, required: string): number {
  return compareTokens(tokens(version), tokens(required), true)
}

function compareTokens(a: readonly Token[], b: readonly Token[], fuzzy: boolean): number {
  for (let i = 0; ; i++) {
    const x = a[i] ?? last(a)
    const y = b[i] ?? last(b)
    if (x.kind !== y.kind) return fuzzy && y.kind === end ? 0 : compareEnds(x, y)
    if (x.kind >= end) return 0
    const order = compareToken(x, y)
    if (order !== 0) return order
  }
}

/** Everything before was equal: the longer version is newer, unless it goes on with a suffix of a release to come. */
function compareEnds(x: Token, y: Token): number {
  if (isEarly(x)) return -1
  if (isEarly(y)) return 1
  return y.kind - x.kind
}

function isEarly(token: Token): boolean {
  return token.kind === suffix && suffixes.indexOf(token.text) < none
}

function compareToken(x: Token, y: Token): number {
  switch (x.kind) {
    case digits:
      return x.text.startsWith('0') || y.text.startsWith('0') ? byBytes(x.text, y.text) : compareNumbers(x.text, y.text)
    case initial:
    case suffixNumber:
    case revision:
      return compareNumbers(x.text, y.text)
    case suffix:
      return suffixes.indexOf(x.text) - suffixes.indexOf(y.text)
    default:
      return byBytes(x.text, y.text)
  }
}

/** By value and at any length: dates with a time of day are longer than a double is exact. */
function compareNumbers(x: string, y: string): number {
  const a = x.replace(/^0+/, '')
  const b = y.replace(/^0+/, '')
  return a.length - b.length || byBytes(a, b)
}

function last(list: readonly Token[]): Token {
  return list[list.length - 1] ?? { kind: invalid, text: '' }
}

function tokens(version: string): readonly Token[] {
  const list: Token[] = []
  let at = 0
  let before = -1
  while (before < end) {
    const token = tokenAt(version, at, before)
    list.push({ kind: token.kind, text: token.text })
    at += token.length
    before = token.kind
  }
  return list
}

interface Step extends Token {
  readonly length: number
}

const broken: Step = { kind: invalid, text: '', length: 0 }

function tokenAt(version: string, at: number, before: number): Step {
  if (before === -1) return numberAt(version, at, '', initial)
  if (at === version.length) return { kind: end, text: '', length: 0 }
  const first = version.charAt(at)
  if (first >= 'a' && first <= 'z') return before <= digits ? { kind: letter, text: first, length: 1 } : broken
  if (first >= '0' && first <= '9') return before === suffix ? numberAt(version, at, '', suffixNumber) : broken
  if (first === '.') return before <= digits ? numberAt(version, at, '.', digits) : broken
  if (first === '_') return before <= suffixNumber ? suffixAt(version, at) : broken
  if (first === '~') return before < hash ? runAt(version, at, { lead: '~', pattern: /[0-9a-f]+/y, kind: hash }) : broken
  return before < revision ? numberAt(version, at, '-r', revision) : broken
}

function numberAt(version: string, at: number, lead: string, kind: number): Step {
  return runAt(version, at, { lead, pattern: /[0-9]+/y, kind })
}

function suffixAt(version: string, at: number): Step {
  const token = runAt(version, at, { lead: '_', pattern: /[a-z]+/y, kind: suffix })
  return suffixes.includes(token.text) && token.text !== 'none' ? token : broken
}

function runAt(version: string, at: number, form: { readonly lead: string; readonly pattern: RegExp; readonly kind: number }): Step {
  if (!version.startsWith(form.lead, at)) return broken
  form.pattern.lastIndex = at + form.lead.length
  const text = form.pattern.exec(version)?.[0]
  return text === undefined ? broken : { kind: form.kind, text, length: form.lead.length + text.length }
}
