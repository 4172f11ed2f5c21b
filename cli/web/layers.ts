// A layered drawing of a graph. Linear but for sorting, so that thousands of nodes are laid out in milliseconds. Used by nacre and in its page.

export interface Drawing {
  /** Left upper corners. */
  readonly x: number[]
  readonly y: number[]
}

/** Distances between the corners of neighbours. */
export const columnWidth = 250
export const rowHeight = 40

/** Passes over the layers that bring connected nodes to like heights; more change little. */
const passes = 4

/** `edges` are pairs of what is needed and who needs it, without circles. What is needed stands left of who needs it; or each stands in its given layer. */
export function drawLayers(count: number, edges: readonly number[], given?: readonly number[]): Drawing {
  const needs = neighbours(count, edges, 1)
  const needers = neighbours(count, edges, 0)
  const layers = columnsOf(given ?? layerOf(count, needs, needers))
  const height = new Float64Array(count)
  for (const layer of layers) layer.forEach((node, i) => void (height[node] = i - layer.length / 2))
  for (let pass = 0; pass < passes; pass++) {
    const down = pass % 2 === 0
    for (const layer of down ? layers : [...layers].reverse()) arrange(layer, down ? needs : needers, height)
  }
  return place(count, layers)
}

/** For each node its neighbours: those before it for `end` 1, those after it for 0. */
export function neighbours(count: number, edges: readonly number[], end: 0 | 1): readonly (readonly number[])[] {
  const lists: number[][] = Array.from({ length: count }, () => [])
  for (let i = 0; i + 1 < edges.length; i += 2) lists[edges[i + end] ?? 0]?.push(edges[i + 1 - end] ?? 0)
  return lists
}

/** The longest way from a node without needs; such a node stands just before the first that needs it. */
function layerOf(count: number, needs: readonly (readonly number[])[], needers: readonly (readonly number[])[]): Int32Array {
  const layer = new Int32Array(count)
  const missing = Int32Array.from(needs, (list) => list.length)
  const ready: number[] = []
  missing.forEach((n, node) => n === 0 && ready.push(node))
  for (let i = 0; i < ready.length; i++) {
    const node = ready[i] ?? 0
    for (const next of needers[node] ?? []) {
      layer[next] = Math.max(layer[next] ?? 0, (layer[node] ?? 0) + 1)
      missing[next] = (missing[next] ?? 0) - 1
      if (missing[next] === 0) ready.push(next)
    }
  }
  needs.forEach((list, node) => {
    const first = (needers[node] ?? []).reduce((least, next) => Math.min(least, layer[next] ?? 0), Infinity)
    if (list.length === 0 && first !== Infinity) layer[node] = first - 1
  })
  return layer
}

function columnsOf(layer: Int32Array | readonly number[]): number[][] {
  const layers: number[][] = []
  layer.forEach((at, node) => {
    while (layers.length <= at) layers.push([])
    layers[at]?.push(node)
  })
  return layers
}

/** Sorts a layer by the mean height of its neighbours; a node without any stays where it is. */
function arrange(layer: number[], near: readonly (readonly number[])[], height: Float64Array): void {
  const wanted = new Map(layer.map((node) => {
    const list = near[node] ?? []
    return [node, list.length === 0 ? (height[node] ?? 0) : list.reduce((sum, other) => sum + (height[other] ?? 0), 0) / list.length]
  }))
  layer.sort((a, b) => (wanted.get(a) ?? 0) - (wanted.get(b) ?? 0) || a - b)
  layer.forEach((node, i) => void (height[node] = i - layer.length / 2))
}

/** A layer that is far higher than the drawing is wide takes several columns. */
function place(count: number, layers: readonly (readonly number[])[]): Drawing {
  const most = Math.max(12, Math.ceil(Math.sqrt(count) * 2.5))
  const x = new Array<number>(count).fill(0)
  const y = new Array<number>(count).fill(0)
  let column = 0
  for (const layer of layers) {
    const parts = Math.max(1, Math.ceil(layer.length / most))
    const each = Math.ceil(layer.length / parts)
    layer.forEach((node, i) => {
      const part = Math.floor(i / each)
      const size = Math.min(each, layer.length - part * each)
      x[node] = (column + part) * columnWidth
      y[node] = ((i % each) - (size - 1) / 2) * rowHeight
    })
    column += parts
  }
  return { x, y }
}
