import type { Digest } from '../base/ids.ts'
import type { ActionResult, Cas } from '../cache/cache.ts'
import { MissingBlob } from '../cache/missing-blob.ts'
import type { TreeNode } from '../cache/tree.ts'
import { diffTrees } from '../cache/tree-diff.ts'
import type { Action, Input, Manifest } from './action.ts'
import { type Change, difference, type FileChange, type InputChange } from './difference.ts'
import type { Reason } from './explain.ts'
import { decodeManifest, keyOf } from './manifest.ts'
import type { HistoryEntry } from './ports.ts'

export interface Question {
  readonly encoded: string
  readonly manifest: Manifest
  /** What the node is now; its inputs say where content comes from. */
  readonly action: Action
  readonly forced: boolean
  readonly last: HistoryEntry | undefined
  /** A result that can't be used, and the outputs that are lost. */
  readonly lost?: { readonly result: ActionResult; readonly outputs: readonly string[] }
}

/** Files told of one changed tree: what is beyond says nothing new to a person. */
const filesTold = 20

/** Why a node must run. Each test: what it is about, the condition, the reason. */
export async function reasonToRun(cas: Cas, question: Question): Promise<Reason> {
  const { encoded, manifest, action, forced, last, lost } = question
  // The user asked for a run, whatever is known.
  if (forced) return { kind: 'forced' }
  // It was made before, and part of it is gone.
  if (lost !== undefined) return { kind: 'lost', outputs: lost.outputs }
  // Nobody has seen this node come out well.
  if (last === undefined) return { kind: 'first' }
  // Seen, and equal: only the result is missing.
  if (last.key === keyOf(encoded)) return { kind: 'forgotten' }
  const before = await manifestAt(cas, last.key)
  // What it was is not in the store any more, so the difference can't be told.
  if (before === undefined) return { kind: 'changed', changes: [] }
  return { kind: 'changed', changes: await changesBetween(cas, [before, manifest], action) }
}

/** What `nacre why` tells after a build: how the last key differs from the one before it. Undefined when it never changed, or either is gone. */
export async function lastChange(cas: Cas, entry: HistoryEntry, action?: Action): Promise<readonly Change[] | undefined> {
  if (entry.before === undefined) return undefined
  const before = await manifestAt(cas, entry.before)
  const after = await manifestAt(cas, entry.key)
  return before === undefined || after === undefined ? undefined : changesBetween(cas, [before, after], action)
}

/** The difference of two manifests, with the files that changed inside input trees, and where inputs come from: what no other node made first. */
export async function changesBetween(cas: Cas, [before, after]: readonly [Manifest, Manifest], action?: Action): Promise<Change[]> {
  const own: Change[] = []
  const made: Change[] = []
  for (const change of difference(before, after)) {
    if (change.kind !== 'input') own.push(change)
    else {
      const told = { ...change, ...(await filesOf(cas, change)), ...originOf(action?.inputs[change.name]) }
      ;(told.origin === undefined || told.origin.kind === 'node' ? made : own).push(told)
    }
  }
  // A file says more than the digest of a list.
  return [...own, ...made.filter(hasFiles), ...made.filter((change) => !hasFiles(change))]
}

function hasFiles(change: Change): boolean {
  return change.kind === 'input' && (change.files ?? []).length > 0
}

async function filesOf(cas: Cas, { from, to }: InputChange): Promise<Pick<InputChange, 'files' | 'more'>> {
  if (from?.shape !== 'tree' || to?.shape !== 'tree') return {}
  const files = await filesBetween(cas, from.digest, to.digest)
  return { files: files.slice(0, filesTold), ...(files.length > filesTold && { more: files.length - filesTold }) }
}

function originOf(input: Input | undefined): Pick<InputChange, 'origin'> {
  switch (input?.kind) {
    case 'output':
      return { origin: { kind: 'node', id: input.node } }
    case 'files':
      return { origin: { kind: 'workspace' } }
    case 'file':
      return { origin: { kind: input.witness === true ? 'tool' : 'file', path: input.path } }
    case 'content':
    case undefined:
      return {}
  }
}

async function manifestAt(cas: Cas, key: Digest): Promise<Manifest | undefined> {
  const bytes = await cas.read(key)
  return bytes === undefined ? undefined : decodeManifest(bytes)
}

/** Nothing when the old tree is no longer there: that it changed is told all the same. */
async function filesBetween(cas: Cas, before: Digest, after: Digest): Promise<readonly FileChange[]> {
  try {
    const changes = await diffTrees(cas, before, after)
    return changes.map((change) => ({
      path: change.path,
      ...(change.kind !== 'added' && { from: tellNode(change.before.node, change.before.mode) }),
      ...(change.kind !== 'removed' && { to: tellNode(change.after.node, change.after.mode) }),
    }))
  } catch (error) {
    if (error instanceof MissingBlob) return []
    throw error
  }
}

function tellNode(node: TreeNode, mode: number): string {
  if (node.kind === 'symlink') return `symlink to ${node.target}`
  if (node.kind === 'directory') return `folder, mode ${mode.toString(8)}`
  const short = node.digest.slice(0, 12)
  return mode === 0o644 ? short : mode === 0o755 ? `${short} (executable)` : `${short}, mode ${mode.toString(8)}`
}
