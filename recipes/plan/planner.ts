import { resolve } from 'node:path'
import type { AbsPath } from '../../base/ids.ts'
import { type Checked, ok } from '../../base/result.ts'
import type { ParseMemo } from '../../cache/parse-memo.ts'
import type { Action } from '../../engine/action.ts'
import type { LeafRecorder } from '../../engine/leaves.ts'
import { openPipelines } from '../language/pipelines.ts'
import type { Workspace as WorkspaceFile } from '../language/schema/workspace.ts'
import { loadConfig } from '../workspace/workspace.ts'
import { type ActionsOf, Catalogue } from './catalogue.ts'
import { packageActions } from './package-actions.ts'
import { recordPipelines } from './pipeline-leaves.ts'
import { Plan } from './plan.ts'
import { FileReader } from './plan-files.ts'
import { openMemory } from './plan-memory.ts'
import type { PlannedRecipe } from './planned.ts'
import { planTasks } from './task-plan.ts'

export interface PlanOptions {
  readonly arch: string
  readonly leaves: LeafRecorder
  /** The caller's PATH: tasks find their tools on it. */
  readonly path: string
  /** What files came to before; without, every file is read. `name` tells the program that plans from others. */
  readonly memo?: { readonly store: ParseMemo; readonly name: string }
}

export interface PlannedWorkspace {
  readonly folder: AbsPath
  readonly config: WorkspaceFile
  readonly plan: Plan
}

/**
 * Reads nacre.yaml and every recipe that its globs find, and plans those that are for this architecture; complaints of all files come together.
 * A file that is as it was, and whose pipelines are, is not read again, and gives the very plan that reading it would give.
 */
export function planWorkspace(folder: AbsPath, options: PlanOptions): Checked<PlannedWorkspace> {
  const { arch, leaves, path } = options
  const config = loadConfig(folder, leaves)
  if (config.kind === 'complaints') return config
  const library = openPipelines(config.value.pipelines.map((one) => ({ path: resolve(folder, one), shown: one })))
  const name = JSON.stringify([options.memo?.name, folder, arch])
  const stored = options.memo?.store.get(name)
  const reader = new FileReader({ folder, arch, library, leaves }, stored === undefined ? undefined : openMemory(stored))
  const files = reader.read(config.value)
  recordPipelines(library, leaves)
  // Without all packages, needs would seem unknown that are not.
  if (files.kind === 'complaints') return files
  if (reader.news && options.memo !== undefined) options.memo.store.put(name, ...reader.memory())
  const { recipes, images, tasks } = files.value
  const catalogue = new Catalogue(recipes)
  const actionsOf = onceForEach(packageActions)
  const planned = planTasks(tasks, { folder, arch, catalogue, actionsOf, path, leaves })
  if (planned.kind === 'complaints') return planned
  return ok({ folder, config: config.value, plan: new Plan({ catalogue, images, actionsOf, tasks: planned.value }) })
}

function onceForEach(actionsOf: ActionsOf): ActionsOf {
  const made = new Map<PlannedRecipe, readonly Action[]>()
  return (recipe) => {
    const known = made.get(recipe) ?? actionsOf(recipe)
    made.set(recipe, known)
    return known
  }
}
