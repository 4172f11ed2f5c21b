import type { Span } from '../../base/source.ts'

/** A YAML document as the language sees it: aliases and merge keys resolved, scalars as source text. */
export type Node = ScalarNode | ListNode | MapNode

export interface ScalarNode {
  readonly kind: 'scalar'
  /** The text as written (`3.10` stays `3.10`); quotes, escapes, folding and `!!binary` are undone. */
  readonly text: string
  /** Written without quotes and without a tag that makes it a string: only such a scalar can be a null, a number or `true`. */
  readonly plain: boolean
  readonly span: Span
}

export interface ListNode {
  readonly kind: 'list'
  readonly items: readonly Node[]
  readonly span: Span
}

export interface MapNode {
  readonly kind: 'map'
  readonly entries: readonly Entry[]
  readonly span: Span
}

export interface Entry {
  readonly key: string
  readonly keySpan: Span
  readonly value: Node
}

/** YAML 1.1 and 1.2 agree on these spellings of null. */
export function isNull(node: Node): boolean {
  return node.kind === 'scalar' && node.plain && /^(~|null|Null|NULL)?$/.test(node.text)
}

export function entryOf(node: MapNode, key: string): Entry | undefined {
  return node.entries.find((entry) => entry.key === key)
}

/** `a list`, `a map`, `null` or the text in quotes: what a message says was found. */
export function nodeInWords(node: Node): string {
  if (node.kind === 'list') return 'a list'
  if (node.kind === 'map') return 'a map'
  if (isNull(node)) return 'nothing'
  return JSON.stringify(node.text.length > 40 ? `${node.text.slice(0, 37)}...` : node.text)
}
