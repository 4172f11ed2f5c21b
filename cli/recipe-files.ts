import { readdirSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { absPath, type AbsPath } from '../base/ids.ts'
import { byBytes } from '../base/bytes.ts'
import { type Checked, ok } from '../base/result.ts'
import { LeafRecorder } from '../engine/leaves.ts'
import { loadConfig, recipePaths } from '../recipes/workspace/workspace.ts'
import type { Arguments } from './arguments.ts'
import { workspaceFolder } from './session.ts'

/** A YAML file of a workspace, and how messages call it. */
export interface RecipeFile {
  readonly path: AbsPath
  readonly shown: string
}

/** The files that the words name, or without words every recipe and pipeline of the workspace. */
export function recipeFiles(from: Arguments): Checked<readonly RecipeFile[]> {
  if (from.words.length > 0) return ok(from.words.map((word) => ({ path: absPath(resolve(word)), shown: word })))
  const folder = workspaceFolder(from)
  if (folder.kind === 'complaints') return folder
  const leaves = new LeafRecorder(0)
  const config = loadConfig(folder.value, leaves)
  if (config.kind === 'complaints') return config
  const pipelines = config.value.pipelines.flatMap((path) => yamlIn(resolve(folder.value, path)))
  const paths = [...recipePaths(folder.value, config.value, leaves), ...pipelines.map((path) => relative(folder.value, path))]
  return ok([...new Set(paths)].sort(byBytes).map((path) => ({ path: absPath(resolve(folder.value, path)), shown: path })))
}

function yamlIn(folder: string): readonly string[] {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true })
  return entries.filter((entry) => entry.isFile() && entry.name.endsWith('.yaml')).map((entry) => join(entry.parentPath, entry.name))
}
