import { type RelPath, relPath } from '../../base/ids.ts'
import type { Cas } from '../../cache/cache.ts'
import { buildTree, type TreeEntry } from '../../cache/tree-builder.ts'
import { walkTree } from '../../cache/tree-walk.ts'
import type { ActionKind, RunContext } from '../../engine/action.ts'
import { type Entry, evaluate, type Files } from './model.ts'

/** Actions of kind `task` whose script is the test's small language. `onRun` may throw, as if the process were killed there. */
export function pureTask(onRun: () => void): ActionKind {
  return {
    name: 'task',
    version: 1,
    outputs: () => ['tree'],
    async run(context) {
      onRun()
      const made = evaluate(String(context.action.spec['run']), await seen(context))
      if (made === undefined) return { kind: 'failed', failure: { kind: 'exit', code: 1 } }
      return { kind: 'done', outputs: { tree: { kind: 'tree', digest: await buildTree(context.cas, await entriesOf(context.cas, made)) } } }
    },
  }
}

async function seen({ cas, inputs }: RunContext): Promise<Files> {
  const files = new Map<string, Entry>()
  for (const { digest } of Object.values(inputs)) {
    for await (const { path, node, mode } of walkTree(cas, digest)) {
      if (node.kind === 'symlink') files.set(path, { kind: 'link', target: node.target })
      else if (node.kind === 'file') files.set(path, { kind: 'file', text: Buffer.from((await cas.read(node.digest)) ?? []).toString(), executable: (mode & 0o100) !== 0 })
    }
  }
  return files
}

async function entriesOf(cas: Cas, files: Files): Promise<ReadonlyMap<RelPath, TreeEntry>> {
  const entries = new Map<RelPath, TreeEntry>()
  for (const [path, entry] of files) {
    if (entry.kind === 'link') entries.set(relPath(path), { kind: 'symlink', target: entry.target })
    else entries.set(relPath(path), { kind: 'file', digest: await cas.put(Buffer.from(entry.text)), mode: entry.executable ? 0o755 : 0o644 })
  }
  return entries
}
