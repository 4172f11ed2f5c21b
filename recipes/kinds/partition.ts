import { canonical } from '../../base/canonical.ts'
import type { Diagnostic } from '../../base/diagnostic.ts'
import type { Digest, NodeId, RelPath } from '../../base/ids.ts'
import type { Cas, Output } from '../../cache/cache.ts'
import { buildTree, type TreeEntry } from '../../cache/tree-builder.ts'
import { walkTree } from '../../cache/tree-walk.ts'
import type { Action, ActionKind, Input, Outcome, RunContext } from '../../engine/action.ts'
import { inputDigest } from './input-digest.ts'

/**
 * Splits of one tree, each made on its own copy, put together as if they had run one after the other: what an earlier split
 * took is not there for a later one, nor for the main package. Splits can so run in parallel, each an action of its own.
 */
export function partitionAction(order: {
  readonly id: NodeId
  readonly label: string
  readonly main: string
  /** The tree before any split. */
  readonly whole: Input
  /** In recipe order: the node whose outputs are the rest of the main tree and the split's own tree. */
  readonly splits: readonly { readonly name: string; readonly node: NodeId }[]
  /** Packages that the build made itself. */
  readonly made: Readonly<Record<string, Input>>
}): Action {
  const inputs: Record<string, Input> = { whole: order.whole }
  for (const { name, node } of order.splits) {
    inputs[`rest/${name}`] = { kind: 'output', node, output: order.main }
    inputs[`part/${name}`] = { kind: 'output', node, output: name }
  }
  for (const [name, input] of Object.entries(order.made)) inputs[`made/${name}`] = input
  return { id: order.id, kind: 'partition', spec: { main: order.main, splits: order.splits.map((s) => s.name), made: Object.keys(order.made) }, inputs, label: order.label }
}

export function partitionKind(): ActionKind {
  return {
    name: 'partition',
    version: 2,
    outputs: (action) => [String(action.spec['main']), ...names(action, 'splits'), ...names(action, 'made')],
    run: partition,
  }
}

async function partition(context: RunContext): Promise<Outcome> {
  const { cas, action } = context
  const main = new Map(await entriesOf(cas, inputDigest(context, 'whole')))
  const outputs: Record<string, Output> = {}
  const gone = new Set<RelPath>()
  const leftEmpty = new Set<string>()
  const diagnostics: Diagnostic[] = []
  for (const name of names(action, 'splits')) {
    const rest = new Map(await entriesOf(cas, inputDigest(context, `rest/${name}`)))
    const part = new Map(await entriesOf(cas, inputDigest(context, `part/${name}`)))
    const altered = [...rest].filter(([path, entry]) => !sameEntry(entry, main.get(path))).map(([path]) => path)
    if (altered.length > 0) diagnostics.push(alters(name, altered))
    takeAway(part, gone)
    for (const path of main.keys()) if (!rest.has(path)) gone.add(path)
    for (const path of emptyFolders(rest)) leftEmpty.add(path)
    outputs[name] = { kind: 'tree', digest: await buildTree(cas, part) }
  }
  if (diagnostics.length > 0) return { kind: 'failed', failure: { kind: 'refused', diagnostics } }
  for (const path of gone) main.delete(path)
  // What several splits emptied together, the last of them would have removed.
  prune(main, leftEmpty)
  outputs[String(action.spec['main'])] = { kind: 'tree', digest: await buildTree(cas, main) }
  for (const name of names(action, 'made')) outputs[name] = { kind: 'tree', digest: inputDigest(context, `made/${name}`) }
  return { kind: 'done', outputs }
}

/** Folders with nothing in them, but for those to leave out. */
function emptyFolders(entries: ReadonlyMap<RelPath, TreeEntry>, except: ReadonlySet<string> = new Set()): readonly RelPath[] {
  const parents = new Set([...entries.keys()].map((path) => path.slice(0, Math.max(0, path.lastIndexOf('/')))))
  return [...entries].filter(([path, entry]) => entry.kind === 'directory' && !parents.has(path) && !except.has(path)).map(([path]) => path)
}

function sameEntry(a: TreeEntry, b: TreeEntry | undefined): boolean {
  return b !== undefined && canonical({ ...a }) === canonical({ ...b })
}

/** Its change would be lost: only what a split takes away, and what it keeps, counts. */
function alters(name: string, paths: readonly string[]): Diagnostic {
  return {
    code: 'package/split-alters',
    severity: 'error',
    message: `The steps of "${name}" say that they only move files, but they change the main package`,
    facts: paths.slice(0, 10).map((path) => ['changed', path]),
    hint: 'leave out "scope: output" of the pipeline',
  }
}

/** Removes what an earlier split took, and the folders that are empty for it. */
function takeAway(part: Map<RelPath, TreeEntry>, gone: ReadonlySet<RelPath>): void {
  const empty = new Set<string>(emptyFolders(part))
  for (const path of gone) if (part.get(path)?.kind !== 'directory' || empty.has(path)) part.delete(path)
  prune(part, empty)
}

/** Removes empty folders until there are none but those to leave. */
function prune(entries: Map<RelPath, TreeEntry>, except: ReadonlySet<string>): void {
  for (let empty = emptyFolders(entries, except); empty.length > 0; empty = emptyFolders(entries, except)) for (const path of empty) entries.delete(path)
}

async function entriesOf(cas: Cas, tree: Digest): Promise<[RelPath, TreeEntry][]> {
  const entries: [RelPath, TreeEntry][] = []
  for await (const { path, node, mode } of walkTree(cas, tree)) {
    entries.push([path, node.kind === 'file' ? node : node.kind === 'symlink' ? node : { kind: 'directory', mode }])
  }
  return entries
}

function names(action: Action, field: string): readonly string[] {
  const list = action.spec[field]
  return Array.isArray(list) ? list.map(String) : []
}
