import type { NodeId } from '../../base/ids.ts'
import type { Foreseen, Foresight } from '../../engine/foresee.ts'

/** The graph as an indented tree, wanted nodes first; what was told above is told by its name alone. */
export function graphText(foresight: Foresight, wants: readonly NodeId[]): string {
  const lines: string[] = []
  const told = new Set<NodeId>()
  const open: (readonly [NodeId, number])[] = [...wants].reverse().map((id) => [id, 0])
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [id, depth] = next
    const inputs = inputsOf(foresight, id)
    const again = told.has(id) && inputs.length > 0
    lines.push(`${'  '.repeat(depth)}${id}${stateMark(foresight.nodes.get(id))}${again ? '  (above)' : ''}`)
    if (told.has(id)) continue
    told.add(id)
    open.push(...[...inputs].reverse().map((input) => [input, depth + 1] as const))
  }
  return lines.map((line) => `${line}\n`).join('')
}

/** Graphviz: an edge from what is needed to who needs it. */
export function graphDot(foresight: Foresight): string {
  const nodes = [...foresight.nodes].map(([id, seen]) => `  ${quoted(id)} [label=${quoted(foresight.graph.action(id)?.label ?? id)}, style=${seen.kind === 'known' ? 'solid' : seen.kind === 'waits' ? 'dotted' : 'bold'}];`)
  const edges = [...foresight.nodes.keys()].flatMap((id) => inputsOf(foresight, id).map((input) => `  ${quoted(input)} -> ${quoted(id)};`))
  return ['digraph nacre {', '  rankdir=LR;', '  node [shape=box];', ...nodes, ...edges, '}', ''].join('\n')
}

/** Every node with what it is, what would become of it, and by which input name it needs which other. */
export function graphJson(foresight: Foresight, wants: readonly NodeId[]): object {
  const nodes = [...foresight.nodes].map(([id, seen]) => {
    const action = foresight.graph.action(id)
    const inputs = Object.entries(foresight.graph.inputs(id)).map(([name, input]) => (input.kind === 'output' ? { name, node: input.node, output: input.output } : { name, from: input.kind }))
    return { id, kind: action?.kind ?? '', label: action?.label ?? id, state: seen.kind, inputs }
  })
  return { wants, nodes }
}

function inputsOf({ graph }: Foresight, id: NodeId): readonly NodeId[] {
  return [...new Set(graph.dependencies(id))].sort()
}

function stateMark(seen: Foreseen | undefined): string {
  switch (seen?.kind) {
    case 'runs':
      return '  would run'
    case 'waits':
      return '  may run'
    case 'fails':
      return '  fails'
    case 'known':
    case undefined:
      return ''
  }
}

function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}
