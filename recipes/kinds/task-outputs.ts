import { lstatSync, readlinkSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path/posix'
import type { Diagnostic } from '../../base/diagnostic.ts'
import { absPath, type AbsPath, type Digest, parseRelPath, type RelPath } from '../../base/ids.ts'
import { Fault } from '../../base/result.ts'
import type { Cas } from '../../cache/cache.ts'
import { buildTree, type TreeEntry } from '../../cache/tree-builder.ts'
import { nodeAt } from '../../cache/tree-walk.ts'
import type { Outcome, RunContext } from '../../engine/action.ts'
import { globFiles, hasWildcard } from '../../engine/glob.ts'
import { LeafRecorder } from '../../engine/leaves.ts'

/**
 * What the output globs match, as a tree: files with their executable bit, and links that stay inside. What was laid there before and is
 * still the same is no output. The folder may be hostile: nothing is followed, and what a tree can't hold is refused, all of it at once.
 */
export async function captureOutputs(context: RunContext, work: AbsPath, before: Laid): Promise<Outcome> {
  const globs = outputGlobs(context)
  const capture: Capture = { context, work, before, folders: new Map([['.', true]]), entries: new Map(), refused: [] }
  if (!lstatSync(work).isDirectory()) return refuse([complaint('task/odd-output', `${context.action.label} replaced its own folder`)])
  const without = globs.filter((glob) => glob.startsWith('!'))
  for (const glob of globs) {
    if (glob.startsWith('!')) continue
    const made = await takeAll(capture, glob, without)
    if (made === 0 && capture.refused.length === 0) return { kind: 'failed', failure: { kind: 'no-output', output: glob } }
  }
  if (capture.refused.length > 0) return refuse(capture.refused)
  return { kind: 'done', outputs: { tree: { kind: 'tree', digest: await buildTree(context.cas, capture.entries) } } }
}

/** What was laid into the folder. */
export interface Laid {
  readonly cas: Cas
  readonly tree: Digest
}

interface Capture {
  readonly context: RunContext
  readonly work: AbsPath
  readonly before: Laid
  /** Whether a folder, and every folder on the way to it, is one and no link. */
  readonly folders: Map<string, boolean>
  readonly entries: Map<RelPath, TreeEntry>
  readonly refused: Diagnostic[]
}

/** Returns how many outputs the glob stands for. */
async function takeAll(capture: Capture, glob: string, without: readonly string[]): Promise<number> {
  const { work, entries, refused } = capture
  if (!hasWildcard(glob) && isInside(capture, glob)) {
    refused.push({ ...complaint('task/odd-output', `Output "${glob}" is a folder`), hint: `For all files below it: ${glob}/**` })
    return 0
  }
  let made = 0
  for (const name of globFiles(work, [glob, ...without], new LeafRecorder(0))) {
    const path = parseRelPath(name)
    if (path === undefined) refused.push(complaint('task/odd-output', `The name ${JSON.stringify(name)} can't be an output`))
    else if (!isInside(capture, dirname(path))) refused.push(complaint('task/odd-output', `Output "${path}" lies behind a symbolic link`))
    else if (entries.has(path)) made++
    else {
      const entry = await take(capture, path)
      if (entry === undefined || (await isOld(capture, path, entry))) continue
      entries.set(path, entry)
      made++
    }
  }
  return made
}

/** Modes are those of the two kinds of file that everybody's umask leaves alike. */
async function take({ context, work, refused }: Capture, path: RelPath): Promise<TreeEntry | undefined> {
  const place = absPath(join(work, path))
  const stat = lstatSync(place)
  if (stat.isFile()) return { kind: 'file', digest: await context.cas.putFile(place, 'copy', 'many'), mode: (stat.mode & 0o100) === 0 ? 0o644 : 0o755 }
  if (!stat.isSymbolicLink()) {
    refused.push(complaint('task/odd-output', `Output "${path}" is neither a file nor a symbolic link`))
    return undefined
  }
  const target = readlinkSync(place)
  const end = normalize(join(dirname(path), target))
  if (!target.startsWith('/') && end !== '..' && !end.startsWith('../')) return { kind: 'symlink', target }
  refused.push({ ...complaint('task/odd-output', `Output "${path}" is a link that leads out of the task's folder`), facts: [['target', target]], hint: 'Make it relative, or copy what it leads to' })
  return undefined
}

async function isOld({ before }: Capture, path: RelPath, entry: TreeEntry): Promise<boolean> {
  const node = await nodeAt(before.cas, before.tree, path)
  if (node?.kind === 'file' && entry.kind === 'file') return node.digest === entry.digest && (node.mode & 0o100) === (entry.mode & 0o100)
  return node?.kind === 'symlink' && entry.kind === 'symlink' && node.target === entry.target
}

function isInside(capture: Capture, folder: string): boolean {
  const known = capture.folders.get(folder)
  if (known !== undefined) return known
  const inside = isInside(capture, dirname(folder)) && lstatSync(join(capture.work, folder), { throwIfNoEntry: false })?.isDirectory() === true
  capture.folders.set(folder, inside)
  return inside
}

function outputGlobs({ action }: RunContext): readonly string[] {
  const globs = action.spec['outputs']
  if (!Array.isArray(globs)) throw new Fault('internal', `${action.id} has no outputs`)
  return globs.map(String)
}

function refuse(diagnostics: readonly Diagnostic[]): Outcome {
  return { kind: 'failed', failure: { kind: 'refused', diagnostics } }
}

function complaint(code: string, message: string): Diagnostic {
  return { code, severity: 'error', message }
}
