import { resolve } from 'node:path'
import { hash } from 'node:crypto'
import { absPath, type AbsPath } from '../../base/ids.ts'
import { nearest } from '../../base/diagnostic.ts'
import { type Checked, complaints, ok } from '../../base/result.ts'
import type { SourceFile } from '../../base/source.ts'
import { globFiles } from '../../engine/glob.ts'
import { type LeafRecorder, statLeaf } from '../../engine/leaves.ts'
import { loadSource } from '../language/load.ts'
import { parseFirst } from '../language/recipe.ts'
import { type Workspace as WorkspaceFile, workspace as workspaceTable } from '../language/schema/workspace.ts'
import { recordFolder } from './record-folder.ts'

export const workspaceFile = 'nacre.yaml'

/** Never recipes, whatever the globs say. */
const leftOut = ['!**/node_modules/**', '!**/.git/**', `!${workspaceFile}`, `!${recordFolder}`, '!**/.*/**']

/** The files that nacre.yaml's globs find, relative to the workspace. */
export function recipePaths(folder: AbsPath, config: WorkspaceFile, leaves: LeafRecorder): readonly string[] {
  return globFiles(folder, recipeGlobs(config), leaves)
}

export function recipeGlobs(config: WorkspaceFile): readonly string[] {
  const globs = config.recipes.length === 0 ? ['**/*.yaml'] : config.recipes
  const pipelines = config.pipelines.map((path) => `!${path.replace(/\/+$/, '')}/**`)
  return [...globs, ...leftOut, ...pipelines]
}

/** Reads nacre.yaml alone. */
export function loadConfig(folder: AbsPath, leaves: LeafRecorder): Checked<WorkspaceFile> {
  const source = readLeaf(absPath(resolve(folder, workspaceFile)), workspaceFile, leaves)
  if (source.kind === 'complaints') return source
  // An empty nacre.yaml is a workspace in which everything has its default.
  const text = source.value.text.replace(/^\s*(#.*)?$/gm, '').trim() === '' ? '{}' : source.value.text
  return parseFirst({ ...source.value, text }, workspaceTable)
}

/** Reads a file of which the stat was taken before; what was read is a leaf. */
export function readLeaf(file: AbsPath, shown: string, leaves: LeafRecorder, stat = statLeaf('file', file)): Checked<SourceFile> {
  const source = loadSource(file, shown)
  if (source.kind === 'ok') leaves.file(file, stat, hash('sha256', source.value.text))
  return source
}

/** What a word on the command line means: `package:zlib`, or a bare name that just one thing bears. */
export type Target = { readonly kind: 'package' | 'image' | 'task'; readonly name: string }

export function resolveTarget(word: string, names: Readonly<Record<Target['kind'], readonly string[]>>): Checked<Target> {
  const [, kind, name = word] = /^(package|image|task):(.*)$/.exec(word) ?? []
  const kinds = (['package', 'image', 'task'] as const).filter((each) => (kind === undefined || each === kind) && names[each].includes(name))
  const [first] = kinds
  if (first !== undefined && kinds.length === 1) return ok({ kind: first, name })
  if (first !== undefined) {
    return complaints([{ code: 'plan/ambiguous-target', severity: 'error', message: `"${word}" is more than one thing`, hint: `say ${kinds.map((each) => `${each}:${name}`).join(' or ')}` }])
  }
  const all = (['package', 'image', 'task'] as const).filter((each) => kind === undefined || each === kind).flatMap((each) => names[each].map((n) => `${each}:${n}`))
  const meant = nearest(name, all.map((each) => each.slice(each.indexOf(':') + 1)))
  const full = all.find((each) => each.endsWith(`:${meant ?? ''}`))
  return complaints([
    { code: 'plan/unknown-target', severity: 'error', message: `There is no target "${word}" in this workspace`, hint: full === undefined ? 'nacre graph --format targets lists them' : `did you mean "${full}"?` },
  ])
}

