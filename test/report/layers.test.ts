import { describe, expect, it } from 'vitest'
import { drawLayers } from '../../cli/web/layers.ts'
import { overviewOf } from '../../cli/web/overview.ts'

/** A generator whose numbers are the same in every run. */
function numbers(seed: number): () => number {
  let state = seed
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
}

function randomEdges(count: number, each: number, next: () => number): number[] {
  const edges: number[] = []
  for (let to = 1; to < count; to++) for (let i = 0; i < each; i++) edges.push(Math.floor(next() * to), to)
  return edges
}

describe('the drawing of a graph', () => {
  it.each([1, 2, 3, 4, 5])('has what is needed left of who needs it, and no two boxes on each other (seed %i)', (seed) => {
    const next = numbers(seed)
    const count = 2 + Math.floor(next() * 300)
    const edges = randomEdges(count, 2, next)
    const { x, y } = drawLayers(count, edges)
    for (let i = 0; i < edges.length; i += 2) expect(x[edges[i] ?? 0]).toBeLessThan(x[edges[i + 1] ?? 0] ?? 0)
    expect(new Set(x.map((left, i) => `${left} ${y[i] ?? 0}`)).size).toBe(count)
  })

  it('is of nothing, of one, and of what is not connected', () => {
    expect(drawLayers(0, [])).toEqual({ x: [], y: [] })
    expect(drawLayers(1, [])).toEqual({ x: [0], y: [0] })
    expect(new Set(drawLayers(10, []).y).size).toBe(10)
  })

  it('shows each action while they are few, then targets, then neighbours of like depth, never more than thousands', () => {
    const next = numbers(9)
    const overview = (ids: readonly string[]) => overviewOf(ids, ids, randomEdges(ids.length, 2, next))
    const few = overview(Array.from({ length: 2000 }, (_, i) => `task:${i}`))
    expect([few.groupOf, few.x.length]).toEqual([undefined, 2000])
    const targets = overview(Array.from({ length: 9000 }, (_, i) => `package:${Math.floor(i / 9)}/${i % 9}`))
    expect([targets.labels.length, targets.labels[3], targets.groupOf?.length]).toEqual([1000, 'package:3', 9000])
    const bands = overview(Array.from({ length: 20_000 }, (_, i) => `task:${i}`))
    expect(bands.labels.length).toBeLessThan(700)
    expect(new Set(bands.groupOf).size).toBe(bands.labels.length)
    for (let i = 0; i < bands.edges.length; i += 2) expect(bands.x[bands.edges[i] ?? 0]).toBeLessThan(bands.x[bands.edges[i + 1] ?? 0] ?? 0)
  })
})
