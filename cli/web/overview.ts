import { targetOf } from '../target-of.ts'
import { drawLayers } from './layers.ts'
import type { Overview } from './page-data.ts'

/** Nodes that a person may still find their way among. */
const mostNodes = 2500
/** Boxes of a graph that even targets are too many for, and columns that they stand in. */
const boxes = 600
const bands = 16

/** The actions laid out, or their targets when they are many, or neighbours of like depth together when these are many too. */
export function overviewOf(ids: readonly string[], labels: readonly string[], edges: readonly number[]): Overview {
  if (ids.length <= mostNodes) return { labels: [], edges: [], ...drawLayers(ids.length, edges) }
  const byTarget = grouped(ids.map(targetOf))
  const groups = byTarget.names.length <= mostNodes ? byTarget : byDepth(labels, edges)
  const between = edgesBetween(groups, edges)
  return { groupOf: groups.of, labels: groups.names, edges: between, ...drawLayers(groups.names.length, between, groups.band) }
}

interface Groups {
  readonly of: readonly number[]
  readonly names: readonly string[]
  /** Of each group; groups of one band stand above each other, and what they need of each other is not drawn. */
  readonly band?: readonly number[]
}

function grouped(names: readonly string[]): Groups {
  const places = new Map<string, number>()
  const of = names.map((name) => {
    const place = places.get(name) ?? places.size
    places.set(name, place)
    return place
  })
  return { of, names: [...places.keys()] }
}

/** Each band of depths in the order of the list, which keeps what was asked for together; a box has as many actions as make `boxes` in all. */
function byDepth(labels: readonly string[], edges: readonly number[]): Groups {
  const depth = depths(labels.length, edges)
  const width = Math.ceil((depth.reduce((most, one) => Math.max(most, one), 0) + 1) / bands)
  const inBand: number[][] = []
  depth.forEach((one, place) => (inBand[Math.floor(one / width)] ??= []).push(place))
  const each = Math.ceil(labels.length / boxes)
  const of = new Array<number>(labels.length).fill(0)
  const names: string[] = []
  const bandOf: number[] = []
  inBand.forEach((band, number) => {
    for (let at = 0; at < band.length; at += each) {
      const part = band.slice(at, at + each)
      for (const place of part) of[place] = names.length
      bandOf.push(number)
      names.push(part.length === 1 ? (labels[part[0] ?? 0] ?? '') : `${labels[part[0] ?? 0] ?? ''} … ${labels[part.at(-1) ?? 0] ?? ''}`)
    }
  })
  return { of, names, band: bandOf }
}

/** Precondition: inputs come before what needs them. */
function depths(count: number, edges: readonly number[]): Int32Array {
  const depth = new Int32Array(count)
  const pairs = Array.from({ length: edges.length / 2 }, (_, i) => [edges[2 * i] ?? 0, edges[2 * i + 1] ?? 0] as const).sort(([, a], [, b]) => a - b)
  for (const [from, to] of pairs) depth[to] = Math.max(depth[to] ?? 0, (depth[from] ?? 0) + 1)
  return depth
}

/**
 * Each pair once, and no circles: two targets may need each other's parts, and then the way that the first action of the one was listed
 * before the first of the other counts.
 */
function edgesBetween({ of, band }: Groups, edges: readonly number[]): readonly number[] {
  const seen = new Set<string>()
  const between: number[] = []
  for (let i = 0; i + 1 < edges.length; i += 2) {
    const [from = 0, to = 0] = [of[edges[i] ?? 0], of[edges[i + 1] ?? 0]]
    if (from >= to || (band !== undefined && band[from] === band[to]) || seen.has(`${from} ${to}`)) continue
    seen.add(`${from} ${to}`)
    between.push(from, to)
  }
  return between
}
