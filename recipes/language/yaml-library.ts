import { createRequire } from 'node:module'
import type { Document, Node as YamlNode, Pair, YAMLMap } from 'yaml'
import type { Diagnostic } from '../../base/diagnostic.ts'
import type { SourceFile, Span } from '../../base/source.ts'
import { aliasTooLarge, badMerge, badYaml, duplicateKey, keyNotScalar, unknownAnchor } from './complaints.ts'
import type { Entry, MapNode, Node, ScalarNode } from './node.ts'

export interface YamlDocument {
  /** Undefined for a document that holds nothing but comments. */
  readonly root: Node | undefined
  readonly diagnostics: readonly Diagnostic[]
}

/** The part of a source that is read; positions stay those of the whole. */
export interface Part {
  readonly start: number
  readonly end: number
}

/**
 * Reads any YAML 1.2 with the failsafe schema, so no scalar is ever turned into a number on the way (YAML 1.2.2 section 10.1).
 * Differences from the `yaml` library follow go-yaml v3, which reads melange's recipes: duplicate keys are mistakes, `<<` merges, and `{C:}` is a key `C:`.
 * A collection in block style ends where its last value does, not after the comments and empty lines behind that.
 */
export function readWithLibrary(source: SourceFile, part: Part = { start: 0, end: source.text.length }): readonly YamlDocument[] {
  const yaml = (library ??= createRequire(import.meta.url)('yaml') as Yaml)
  const documents = yaml.parseAllDocuments(source.text.slice(part.start, part.end), { schema: 'failsafe', uniqueKeys: false, logLevel: 'silent', prettyErrors: false })
  return Array.isArray(documents) ? documents.map((document) => new Reader(yaml, { source, document, base: part.start }).read()) : []
}

/** Takes 20 ms to load, and most recipes are plain enough to do without (plain-yaml.ts). */
let library: Yaml | undefined
type Yaml = typeof import('yaml')

/** An alias stands for a copy of its anchor: more nodes than this is an attack (ten anchors of ten aliases each make 10^10). */
const MOST_NODES = 1_000_000

interface Text {
  readonly source: SourceFile
  readonly document: Document
  /** Where the text that the library read begins in the source. */
  readonly base: number
}

class Reader {
  readonly #yaml: Yaml
  readonly #source: SourceFile
  readonly #document: Document
  readonly #base: number
  readonly #diagnostics: Diagnostic[] = []
  readonly #anchors = new Map<YamlNode, { readonly node: Node; readonly size: number }>()
  readonly #open = new Set<YamlNode>()
  #size = 0

  constructor(yaml: Yaml, { source, document, base }: Text) {
    this.#yaml = yaml
    this.#source = source
    this.#document = document
    this.#base = base
  }

  read(): YamlDocument {
    for (const error of this.#document.errors) this.#diagnostics.push(badYaml(this.#span(...error.pos), error.message))
    const contents = this.#document.contents
    if (this.#diagnostics.length > 0 || contents === null) return { root: undefined, diagnostics: this.#diagnostics }
    const root = this.#node(contents)
    return { root, diagnostics: this.#diagnostics }
  }

  #node(node: YamlNode): Node {
    if (this.#yaml.isAlias(node)) return this.#alias(node)
    const before = this.#size++
    this.#open.add(node)
    const read = this.#content(node)
    this.#open.delete(node)
    if (node.anchor !== undefined) this.#anchors.set(node, { node: read, size: this.#size - before })
    return read
  }

  #content(node: YamlNode): Node {
    const span = this.#spanOf(node)
    if (this.#yaml.isMap(node)) return { kind: 'map', entries: this.#entries(node), span }
    if (this.#yaml.isSeq(node)) return { kind: 'list', items: node.items.flatMap((item) => (this.#isNode(item) ? [this.#node(item)] : [])), span }
    return this.#scalar(node, span)
  }

  #alias(node: YamlNode): Node {
    const span = this.#spanOf(node)
    const target = this.#yaml.isAlias(node) ? node.resolve(this.#document) : undefined
    const known = target === undefined ? undefined : this.#anchors.get(target)
    if (known === undefined) {
      const name = this.#yaml.isAlias(node) ? node.source : ''
      this.#diagnostics.push(unknownAnchor(span, name, target !== undefined && this.#open.has(target)))
      return { kind: 'scalar', text: '', plain: true, span }
    }
    const before = this.#size
    this.#size += known.size
    if (this.#size <= MOST_NODES) return known.node
    if (before <= MOST_NODES) this.#diagnostics.push(aliasTooLarge(span, MOST_NODES))
    return { kind: 'scalar', text: '', plain: true, span }
  }

  #entries(map: YAMLMap): readonly Entry[] {
    const own = new Map<string, Entry>()
    const merged = new Map<string, Entry>()
    for (const pair of map.items) {
      const key = this.#key(pair, map.flow === true)
      if (key === undefined) continue
      const value: Node = this.#isNode(pair.value) ? this.#node(pair.value) : { kind: 'scalar', text: '', plain: true, span: key.span }
      if (key.text === '<<' && key.plain) {
        for (const entry of this.#merge(value)) if (!merged.has(entry.key)) merged.set(entry.key, entry)
        continue
      }
      const first = own.get(key.text)
      if (first !== undefined) this.#diagnostics.push(duplicateKey(key.span, key.text, first.keySpan))
      else own.set(key.text, { key: key.text, keySpan: key.span, value })
    }
    return [...own.values(), ...[...merged.values()].filter((entry) => !own.has(entry.key))]
  }

  #key(pair: Pair, flow: boolean): ScalarNode | undefined {
    if (!this.#isNode(pair.key)) return undefined
    const key = this.#node(pair.key)
    if (key.kind !== 'scalar') {
      this.#diagnostics.push(keyNotScalar(key.span))
      return undefined
    }
    const colonBelongsToKey = flow && key.plain && this.#source.text[key.span.end] === ':' && /[,\]}]/.test(this.#source.text[key.span.end + 1] ?? '')
    return colonBelongsToKey ? { ...key, text: `${key.text}:` } : key
  }

  /** The entries that `<<` brings: of one map, or of a list of maps where earlier ones win. */
  #merge(value: Node): readonly Entry[] {
    const maps = value.kind === 'list' ? value.items : [value]
    if (maps.every((map): map is MapNode => map.kind === 'map')) return maps.flatMap((map) => map.entries)
    this.#diagnostics.push(badMerge(value.span))
    return []
  }

  #spanOf(node: YamlNode): Span {
    return this.#span(node.range?.[0] ?? 0, this.#endOf(node))
  }

  #endOf(node: YamlNode): number {
    const [start, end] = node.range ?? [0, 0]
    if (!(this.#yaml.isMap(node) || this.#yaml.isSeq(node)) || node.flow === true) return end
    const last: unknown = node.items.at(-1)
    const nodes = this.#yaml.isPair(last) ? [last.value, last.key] : [last]
    const inner = nodes.find((each) => this.#isNode(each))
    return this.#isNode(inner) ? this.#endOf(inner) : start
  }

  #span(start: number, end: number): Span {
    return { source: this.#source, start: start + this.#base, end: end + this.#base }
  }

  #scalar(node: YamlNode, span: Span): ScalarNode {
    if (!this.#yaml.isScalar(node)) return { kind: 'scalar', text: '', plain: true, span }
    const { value, tag, type } = node
    const text = value instanceof Uint8Array ? Buffer.from(value).toString() : String(value ?? '')
    const string = tag === 'tag:yaml.org,2002:str' || tag === 'tag:yaml.org,2002:binary'
    return { kind: 'scalar', text, plain: type === 'PLAIN' && !string, span }
  }

  #isNode(value: unknown): value is YamlNode {
    return this.#yaml.isNode(value)
  }
}
