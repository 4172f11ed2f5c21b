// After a build, the outputs of tasks stand in the workspace at the same paths, and nothing else of it is touched.
import { nodeId, type RelPath } from '../../base/ids.ts'
import { type Checked, complaints, ok } from '../../base/result.ts'
import type { Diagnostic } from '../../base/diagnostic.ts'
import type { Cas } from '../../cache/cache.ts'
import type { Store } from '../../cache/store.ts'
import { walkTree } from '../../cache/tree-walk.ts'
import type { BuildReport } from '../../engine/report.ts'
import type { OutputSite } from './output-site.ts'
import { relistFolders, tellLeaves } from './put-back-leaves.ts'
import { OutputFolder, type Standing } from './put-back-folder.ts'
import { amendRecord, type OutputRecord, type Owned, readRecord, writeRecord } from './put-back-record.ts'

export interface Workspace {
  readonly session: OutputSite
  readonly store: Store
}

/**
 * Puts the outputs of every task of a build where they belong, replaces those that were altered, and removes those of a former run that
 * are no outputs any more. A file that nacre didn't put there and that differs is never replaced: then nothing is changed at all.
 */
export async function putBack({ session, store }: Workspace, report: BuildReport): Promise<Checked<readonly string[]>> {
  const wanted = await outputsOf(store.cas, session, report)
  if (wanted.kind === 'complaints') return wanted
  const { tasks, files } = wanted.value
  const { folder } = session.workspace
  await using _ = await store.locks.acquire(`outputs-${folder}`, new AbortController().signal)
  const short = session.owned === undefined ? undefined : sameOutputs(session.owned, files)
  const record = short ?? readRecord(folder)
  if (tasks.size === 0 && record.files.size === 0) return ok([])
  const stale = [...record.files].filter(([path, { task }]) => tasks.has(task) && !files.has(path))
  const outputs = new OutputFolder({ workspace: folder, store, record, stale: new Map(stale) })
  const standing = new Map<RelPath, Standing>()
  for (const [path, { content }] of files) standing.set(path, await outputs.look(path, content))
  const blocked = [...standing].flatMap(([path, stand]) => (stand.kind === 'blocked' ? [inTheWay(path, stand.by, files.get(path)?.task ?? '')] : []))
  if (blocked.length > 0) return complaints(blocked)
  const missing = [...files].filter(([path]) => standing.get(path)?.kind !== 'same')
  if (missing.some(([path]) => !record.files.has(path))) {
    // Before the first of them stands there: an output of a build that is killed now must not look like somebody else's file.
    for (const [path, owned] of missing) if (!record.files.has(path)) record.files.set(path, owned)
    writeRecord(folder, record)
  }
  let removed = 0
  for (const [path, { content }] of stale) if (await outputs.remove(path, content)) removed++
  for (const [path, { content }] of missing) standing.set(path, await outputs.place(path, content))
  outputs.clean()
  for (const [path, owned] of files) record.files.set(path, owned)
  for (const [path] of stale) record.files.delete(path)
  for (const name of tasks) record.globs.set(name, session.plan.tasks.get(name)?.outputs ?? [])
  if (short === undefined) writeRecord(folder, record)
  else amendRecord(folder, short)
  tellLeaves(session, outputs.changes, { standing, owners: files })
  return ok(tell(missing.length, removed))
}

/**
 * Removes outputs of tasks that are gone, or whose output globs are others now, before anything is built: what is no output any more must
 * not be taken for a file of the workspace. What somebody has altered meanwhile is his, and stays.
 */
export async function removeForgotten({ session, store }: Workspace): Promise<void> {
  const { folder } = session.workspace
  const forgotten = (name: string, globs: readonly string[]): boolean => session.plan.tasks.get(name)?.outputs.join('\n') !== globs.join('\n')
  if (![...readRecord(folder).globs].some(([name, globs]) => forgotten(name, globs))) return
  await using _ = await store.locks.acquire(`outputs-${folder}`, new AbortController().signal)
  const record = readRecord(folder)
  const names = new Set([...record.globs].filter(([name, globs]) => forgotten(name, globs)).map(([name]) => name))
  const stale = [...record.files].filter(([, { task }]) => names.has(task))
  const outputs = new OutputFolder({ workspace: folder, store, record, stale: new Map(stale) })
  for (const [path, { content }] of stale) {
    await outputs.remove(path, content)
    record.files.delete(path)
  }
  for (const name of names) record.globs.delete(name)
  outputs.clean()
  writeRecord(folder, record)
  relistFolders(session, outputs.changes, stale.map(([path]) => path))
}

/** Of the record the part that these outputs are, when they are those that the tasks had before: then nothing else of it matters. */
function sameOutputs(owned: ReadonlySet<string>, files: ReadonlyMap<RelPath, Owned>): OutputRecord | undefined {
  if (owned.size !== files.size || ![...files.keys()].every((path) => owned.has(path))) return undefined
  return { files: new Map(files), folders: new Set(), globs: new Map() }
}

interface Wanted {
  readonly tasks: ReadonlySet<string>
  readonly files: ReadonlyMap<RelPath, Owned>
}

async function outputsOf(cas: Cas, session: OutputSite, report: BuildReport): Promise<Checked<Wanted>> {
  const tasks = new Set<string>()
  const files = new Map<RelPath, Owned>()
  const diagnostics: Diagnostic[] = []
  for (const name of session.plan.tasks.names()) {
    const state = report.nodes.get(nodeId(`task:${name}`))
    const tree = state?.kind === 'done' ? state.outputs['tree'] : undefined
    if (tree === undefined) continue
    tasks.add(name)
    for await (const { path, node, mode } of walkTree(cas, tree.digest)) {
      if (node.kind === 'directory') continue
      const other = files.get(path)
      if (other !== undefined) diagnostics.push(madeTwice(path, [other.task, name]))
      files.set(path, { task: name, content: node.kind === 'file' ? { kind: 'file', digest: node.digest, executable: (mode & 0o100) !== 0 } : node })
    }
  }
  return diagnostics.length > 0 ? complaints(diagnostics) : ok({ tasks, files })
}

function madeTwice(path: RelPath, tasks: readonly [string, string]): Diagnostic {
  return { code: 'task/made-twice', severity: 'error', message: `Tasks "${tasks[0]}" and "${tasks[1]}" both made "${path}"`, hint: 'Make the output globs of one of them narrower' }
}

function inTheWay(path: RelPath, by: string, task: string): Diagnostic {
  return {
    code: 'task/in-the-way',
    severity: 'error',
    message: `Output "${path}" of task "${task}" can't be put into the workspace: "${by}" stands there, and nacre didn't put it there`,
    hint: 'Remove or rename it, or write the output elsewhere',
  }
}

function tell(put: number, removed: number): readonly string[] {
  const outputs = (count: number): string => `${count} ${count === 1 ? 'output' : 'outputs'}`
  return [...(put > 0 ? [`${outputs(put)} put into the workspace`] : []), ...(removed > 0 ? [`${outputs(removed)} of a former run removed`] : [])]
}
