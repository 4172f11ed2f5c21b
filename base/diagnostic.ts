import type { Span } from './source.ts'

/** One complaint: the thing and what was expected, then facts, then one hint. Sentence case, no full stop. */
export interface Diagnostic {
  /** `floor/what`, closed per floor: `recipe/unknown-key`. Every code has a case under test/cases. */
  readonly code: string
  readonly severity: 'error' | 'warning'
  readonly message: string
  readonly where?: Span
  /** Other places that matter, each with a short label. */
  readonly related?: readonly { readonly where: Span; readonly label: string }[]
  readonly facts?: readonly (readonly [label: string, value: string])[]
  readonly hint?: string
}

/** The nearest known name to a misspelt one, if it is near enough to be meant (Damerau distance at most a third of the length). */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined
  let least = Math.max(1, Math.floor(word.length / 3)) + 1
  for (const candidate of known) {
    const d = distance(word, candidate, least)
    if (d < least) [least, best] = [d, candidate]
  }
  return best
}

function distance(a: string, b: string, cap: number): number {
  if (Math.abs(a.length - b.length) >= cap) return cap
  let before: number[] = []
  let above = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let d = Math.min((above[j] ?? cap) + 1, (row[j - 1] ?? cap) + 1, (above[j - 1] ?? cap) + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) d = Math.min(d, (before[j - 2] ?? cap) + 1)
      row.push(d)
    }
    before = above
    above = row
  }
  return above[b.length] ?? cap
}
