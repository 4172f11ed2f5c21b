import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import type { Diagnostic } from '../../base/diagnostic.ts'
import { absPath, type AbsPath, type NodeId, nodeId } from '../../base/ids.ts'
import { type Checked, complaints, errno, ok } from '../../base/result.ts'
import type { Action, Input } from '../../engine/action.ts'
import { globFiles, hasWildcard } from '../../engine/glob.ts'
import { LeafRecorder } from '../../engine/leaves.ts'
import { environmentAction } from '../kinds/environment.ts'
import { taskAction } from '../kinds/task.ts'
import type { Task } from '../language/schema/task.ts'
import { type ActionsOf, type Catalogue, treeInput } from './catalogue.ts'
import { checkCircles, checkFields, checkInputs, collectOutputs, type Needs, noNeeds, resolveNeeds } from './check-tasks.ts'
import { resourcesOf } from './plan-package.ts'
import { claimedInput, folderAsInput, noInput, noTool } from './task-complaints.ts'
import { OutputGlobs } from './task-globs.ts'
import { systemFolders, Tools } from './task-tools.ts'
import { recordFolder } from '../workspace/record-folder.ts'

export interface TaskOptions {
  /** The folder that all globs begin in. */
  readonly folder: AbsPath
  readonly arch: string
  readonly catalogue: Catalogue
  readonly actionsOf: ActionsOf
  /** The caller's PATH, on which host tools are found. */
  readonly path: string
  readonly leaves: LeafRecorder
}

/** Checks all tasks against each other; whether their files and tools are there is looked at when they are wanted. */
export function planTasks(tasks: readonly Task[], options: TaskOptions): Checked<TaskPlan> {
  const byName = new Map(tasks.map((task) => [task.name, task]))
  const outputs = new OutputGlobs()
  outputs.add(`${recordFolder}/**`, '')
  const diagnostics: Diagnostic[] = tasks.flatMap((task) => [...checkFields(task), ...collectOutputs(task, outputs, byName)])
  const known = { tasks: byName, catalogue: options.catalogue }
  const needs = new Map(tasks.map((task) => [task, resolveNeeds(task, known, diagnostics)]))
  const plan = new TaskPlan({ byName, needs, outputs }, options)
  for (const task of tasks) diagnostics.push(...checkInputs(task, plan.needsOf(task), outputs))
  diagnostics.push(...checkCircles(tasks, (task) => plan.needsOf(task)))
  return diagnostics.length > 0 ? complaints(diagnostics) : ok(plan)
}

interface Parts {
  readonly byName: ReadonlyMap<string, Task>
  readonly needs: ReadonlyMap<Task, Needs>
  readonly outputs: OutputGlobs
}

const noTools: Record<string, AbsPath> = {}

type Output = Extract<Input, { readonly kind: 'output' }>

/** The tasks of a workspace, and the actions that they stand for. Of a million tasks each takes 1 kB or so, its action another. */
export class TaskPlan {
  readonly #needs: ReadonlyMap<Task, Needs>
  readonly #byName: ReadonlyMap<string, Task>
  readonly #outputs: OutputGlobs
  readonly #options: TaskOptions
  readonly #tools: Tools
  /** What others need of a task: one object for all of them. */
  readonly #trees = new Map<Task, Output>()
  /** A wide glob leaves out the outputs of thousands of tasks: one list for all that have the same inputs. */
  readonly #narrowed = new Map<string, readonly string[]>()
  readonly #actions = new Map<Task, readonly Action[]>()
  readonly #wrong = new Map<Task, readonly Diagnostic[]>()

  constructor({ byName, needs, outputs }: Parts, options: TaskOptions) {
    this.#needs = needs
    this.#byName = byName
    this.#outputs = outputs
    this.#options = options
    this.#tools = new Tools(options.path, options.leaves)
  }

  names(): readonly string[] {
    return [...this.#byName.keys()]
  }

  get(name: string): Task | undefined {
    return this.#byName.get(name)
  }

  needsOf(task: Task): Needs {
    return this.#needs.get(task) ?? noNeeds
  }

  /**
   * The tasks of these names and all that they need are wanted, since the outputs of all of them appear in the workspace. Those in `before`
   * are left out, and the others added to it: whoever asks name by name hears of each task once.
   */
  request(names: Iterable<string>, before = new Set<Task>()): { readonly wants: readonly NodeId[]; readonly actions: readonly Action[] } {
    const tasks = this.#withNeeds(names, before)
    return { wants: tasks.map((task) => this.#treeOf(task).node), actions: tasks.flatMap((task) => this.#actionsOf(task)) }
  }

  /** Files and tools that these tasks and what they need name, and that are not there. */
  complaints(names: Iterable<string>): readonly Diagnostic[] {
    return this.#withNeeds(names).flatMap((task) => this.#missing(task))
  }

  /** Of one task alone. */
  complaintsOf(name: string): readonly Diagnostic[] {
    const task = this.#byName.get(name)
    return task === undefined ? [] : this.#missing(task)
  }

  #withNeeds(names: Iterable<string>, before = new Set<Task>()): readonly Task[] {
    const found: Task[] = []
    const find = (task: Task | undefined): void => {
      if (task === undefined || before.has(task)) return
      before.add(task)
      found.push(task)
    }
    for (const name of names) find(this.#byName.get(name))
    for (const task of found) this.needsOf(task).tasks.forEach(find)
    return found
  }

  /** Made once: the same object may be added to a graph again at no cost. */
  #actionsOf(task: Task): readonly Action[] {
    const known = this.#actions.get(task) ?? this.#compile(task)
    this.#actions.set(task, known)
    return known
  }

  #compile(task: Task): readonly Action[] {
    const { arch, actionsOf } = this.#options
    const needs = this.needsOf(task)
    const inputs: Record<string, Input> = {}
    const globs = this.#globs(task)
    if (globs.some((glob) => !glob.startsWith('!'))) inputs['files'] = { kind: 'files', base: this.#options.folder, globs }
    for (const need of needs.tasks) inputs[`need/${need.name}`] = this.#treeOf(need)
    for (const provider of needs.packages) inputs[`need/package:${provider.package.name}`] = treeInput(provider)
    const tools: Record<string, AbsPath> = task.tools.length === 0 ? noTools : {}
    for (const tool of task.tools) {
      // A path where it could be, when it is nowhere: whoever asks for the graph alone may want a task whose tool is missing here.
      const path = this.#tools.find(tool) ?? absPath(join(systemFolders[1] ?? '/usr/local/bin', tool))
      tools[tool] = path
      inputs[`tool/${tool}`] = { kind: 'file', path, witness: true }
    }
    const environment = task.packages.length === 0 ? undefined : environmentAction(nodeId(`environment:${task.packages.join(' ')}`), task.packages, arch)
    const action = taskAction({ id: this.#treeOf(task).node, task, inputs, tools, resources: resourcesOf(task.resources), ...(environment === undefined ? {} : { environment: environment.id }) })
    if (environment === undefined && needs.packages.length === 0) return [action]
    return [action, ...(environment === undefined ? [] : [environment]), ...needs.packages.flatMap((provider) => actionsOf(provider.recipe))]
  }

  #treeOf(task: Task): Output {
    const known: Output = this.#trees.get(task) ?? { kind: 'output', node: taskNode(task), output: 'tree' }
    this.#trees.set(task, known)
    return known
  }

  /** Inputs without what tasks make; a path that a need brings anyway is left to it. */
  #globs(task: Task): readonly string[] {
    const isOwn = (glob: string): boolean => glob.startsWith('!') || hasWildcard(glob) || this.#outputs.owner(glob) === undefined
    const own = task.inputs.every(isOwn) ? task.inputs : task.inputs.filter(isOwn)
    if (!own.some((glob) => !glob.startsWith('!') && this.#outputs.isNear(glob))) return own
    const name = own.join('\0')
    const known = this.#narrowed.get(name) ?? this.#without(own)
    this.#narrowed.set(name, known)
    return known
  }

  #without(own: readonly string[]): readonly string[] {
    const near = new Set(own.flatMap((glob) => (glob.startsWith('!') ? [] : this.#outputs.near(glob))))
    return near.size === 0 ? own : [...own, ...[...near].map((glob) => `!${glob}`)]
  }

  #missing(task: Task): readonly Diagnostic[] {
    const known = this.#wrong.get(task) ?? [...this.#missingInputs(task), ...task.tools.flatMap((tool, item) => (this.#tools.find(tool) === undefined ? [noTool(task, item)] : []))]
    this.#wrong.set(task, known)
    return known
  }

  #missingInputs(task: Task): readonly Diagnostic[] {
    const { folder } = this.#options
    return task.inputs.flatMap((glob, item) => {
      if (glob.startsWith('!') || hasWildcard(glob) || this.#outputs.owner(glob) !== undefined) return []
      const near = this.#outputs.near(glob)
      // It may be an output of what the task needs, and come with that.
      if (near.some((output) => this.needsOf(task).tasks.some((need) => need.name === this.#outputs.owner(output)))) return []
      const found = look(join(folder, glob))
      if (found === 'nothing') return [noInput(task, item)]
      if (found === 'folder') return [folderAsInput(task, item)]
      const left = near.length === 0 || globFiles(folder, [glob, ...near.map((output) => `!${output}`)], new LeafRecorder(0)).length > 0
      return left ? [] : [claimedInput(task, item, near)]
    })
  }
}

export function taskNode(task: Pick<Task, 'name'>): NodeId {
  return nodeId(`task:${task.name}`)
}

function look(path: string): 'nothing' | 'folder' | 'file' {
  try {
    return lstatSync(path).isDirectory() ? 'folder' : 'file'
  } catch (error) {
    if (errno(error) === 'ENOENT' || errno(error) === 'ENOTDIR') return 'nothing'
    throw error
  }
}
