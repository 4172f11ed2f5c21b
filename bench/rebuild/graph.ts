import { numbers } from '../corpus.ts'

export const shapes = ['wide', 'deep', 'lattice', 'packages'] as const
export type Shape = (typeof shapes)[number]

/** One graph for all engines. Each node is an action with a source of its own and one output; what it needs has lower numbers. */
export interface Graph {
  readonly shape: Shape
  readonly needs: readonly (readonly number[])[]
  /** One more source, which every action reads. */
  readonly common: boolean
}

/** The distribution that `packages` is shaped after: 3,400 packages that need one another 22,000 times. */
export const distribution = { packages: 3400, needs: 22_000 }

const seed = 20_261_125

export function graphOf(shape: Shape, size: number): Graph {
  return { shape, needs: makers[shape](size), common: shape === 'wide' }
}

/** Nothing needs it: one action is all that its change may cost. */
export function leafOf(graph: Graph): number {
  return graph.needs.length - 1
}

/** The one of the first nodes whose change reaches most. */
export function rootOf(graph: Graph): number {
  const first = graph.needs.slice(0, 10).map((_, node) => ({ node, reach: reachOf(graph, node) }))
  return first.reduce((best, one) => (one.reach > best.reach ? one : best), { node: 0, reach: 0 }).node
}

/** How many actions a change of the node reaches, itself included. */
export function reachOf(graph: Graph, from: number): number {
  const reached = new Uint8Array(graph.needs.length)
  reached[from] = 1
  let count = 1
  for (let node = from + 1; node < reached.length; node++) {
    if (graph.needs[node]?.some((need) => reached[need] === 1) !== true) continue
    reached[node] = 1
    count++
  }
  return count
}

export function edgesOf(graph: Graph): number {
  return graph.needs.reduce((sum, needs) => sum + needs.length, 0)
}

const makers: Readonly<Record<Shape, (size: number) => (readonly number[])[]>> = {
  wide: (size) => Array.from({ length: size }, () => []),
  deep: (size) => Array.from({ length: size }, (_, node) => (node === 0 ? [] : [node - 1])),
  lattice,
  packages,
}

/** Layers as wide as there are layers; each node needs four neighbours of the layer before. */
function lattice(size: number): (readonly number[])[] {
  const width = Math.max(1, Math.round(Math.sqrt(size)))
  return Array.from({ length: size }, (_, node) => {
    const layer = Math.floor(node / width)
    if (layer === 0) return []
    const before = (layer - 1) * width
    return [...new Set([0, 1, 2, 3].map((step) => before + (((node % width) + step) % width)))]
  })
}

/** The more need a package, the likelier the next one does (Barabasi and Albert); how many it needs itself has a power law too. */
function packages(size: number): (readonly number[])[] {
  const next = numbers(seed)
  const wanted = Math.round((size * distribution.needs) / distribution.packages)
  const weights = Array.from({ length: size }, () => 1 / Math.sqrt((next() + 1) / 2 ** 32))
  const whole = weights.reduce((sum, weight) => sum + weight, 0)
  // Each node once, and once more for each that needs it.
  const urn: number[] = []
  let owed = 0
  return weights.map((weight, node) => {
    // Rounding must not lose the last of all.
    owed += (wanted * weight) / whole + 1e-9
    const needs = drawn(urn, Math.min(Math.ceil(node / 2), Math.floor(owed)), next)
    owed -= needs.length
    urn.push(...needs, node)
    return needs
  })
}

function drawn(urn: readonly number[], count: number, next: () => number): readonly number[] {
  const found = new Set<number>()
  while (found.size < count) found.add(urn[next() % urn.length] ?? 0)
  return [...found].sort((a, b) => a - b)
}
