import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { outputsOf } from './action.ts'
import type { Graph } from './graph.ts'
import type { Layout } from './layout.ts'

const filler = 'what follows the number is read and has no effect; '.repeat(4)

/** The sources of a graph in a folder, and what must become of them. */
export class Checkout {
  readonly folder: string
  readonly #graph: Graph
  readonly #layout: Layout
  readonly #numbers: Float64Array
  #common = 7
  readonly #notes = new Map<number, number>()

  constructor(folder: string, graph: Graph, layout: Layout) {
    this.folder = folder
    this.#graph = graph
    this.#layout = layout
    this.#numbers = Float64Array.from({ length: graph.needs.length }, (_, node) => node + 1)
  }

  /** Every source, into a folder that may be new. */
  write(): void {
    const made = new Set<string>()
    this.#numbers.forEach((_, node) => {
      const folder = dirname(join(this.folder, this.#layout.source(node)))
      if (!made.has(folder)) mkdirSync(folder, { recursive: true })
      made.add(folder)
      this.#writeSource(node)
    })
    if (this.#graph.common) this.#writeCommon()
  }

  touch(node: number): void {
    const now = new Date()
    utimesSync(join(this.folder, this.#layout.source(node)), now, now)
  }

  change(node: number): void {
    this.#numbers[node] = (this.#numbers[node] ?? 0) + 1_000_003
    this.#writeSource(node)
  }

  changeCommon(): void {
    this.#common++
    this.#writeCommon()
  }

  /** Another text that leads to the same output. */
  annotate(node: number): void {
    this.#notes.set(node, (this.#notes.get(node) ?? 0) + 1)
    this.#writeSource(node)
  }

  /** The outputs that are missing or not what they must be. */
  wrong(): readonly string[] {
    const values = outputsOf(this.#graph, this.#numbers, this.#common)
    const found: string[] = []
    values.forEach((value, node) => {
      const path = this.#layout.output(node)
      const text = read(join(this.folder, path))
      if (text !== `${value}\n`) found.push(text === undefined ? `${path} is missing` : `${path} is ${JSON.stringify(text.slice(0, 40))}, not ${value}`)
    })
    return found
  }

  /** The same sources, with all edits, in another folder. */
  copy(folder: string): Checkout {
    const copy = new Checkout(folder, this.#graph, this.#layout)
    copy.#numbers.set(this.#numbers)
    copy.#common = this.#common
    this.#notes.forEach((note, node) => copy.#notes.set(node, note))
    return copy
  }

  #writeSource(node: number): void {
    writeFileSync(join(this.folder, this.#layout.source(node)), `${this.#numbers[node] ?? 0} ${this.#notes.get(node) ?? 0} ${filler}\n`)
  }

  #writeCommon(): void {
    writeFileSync(join(this.folder, this.#layout.common), `${this.#common} ${filler}\n`)
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return undefined
  }
}
