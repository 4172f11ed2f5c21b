import type { Graph } from './graph.ts'

/** Where the files of a node are, relative to the checkout. */
export interface Layout {
  source(node: number): string
  output(node: number): string
  readonly common: string
}

/** A hundred nodes in a folder; source and output lie beside each other, so no action has to make a folder. */
export const flat: Layout = {
  source: (node) => `d/${Math.floor(node / 100)}/${node}.src`,
  output: (node) => `d/${Math.floor(node / 100)}/${node}.out`,
  common: 'd/common.src',
}

/** A folder for each node, as tools want it whose unit is a package. */
export const foldered: Layout = {
  source: (node) => `p/${Math.floor(node / 100)}/n${node}/in.src`,
  output: (node) => `p/${Math.floor(node / 100)}/n${node}/out.out`,
  common: 'common.src',
}

/** What the action of a node reads, in the order in which it reads. */
export function inputsOf(graph: Graph, layout: Layout, node: number): readonly string[] {
  return [...(graph.needs[node] ?? []).map((need) => layout.output(need)), layout.source(node), ...(graph.common ? [layout.common] : [])]
}
