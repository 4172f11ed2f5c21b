// Everything about tasks that can be told from their recipes alone. Complaints of all tasks come together.
import type { Diagnostic } from '../../base/diagnostic.ts'
import type { Task } from '../language/schema/task.ts'
import type { Catalogue, Provider } from './catalogue.ts'
import { hasWildcard } from '../../engine/glob.ts'
import { resourcesOf } from './plan-package.ts'
import * as complaint from './task-complaints.ts'
import { globFault, type OutputGlobs } from './task-globs.ts'

/** Needs of a task, resolved. */
export interface Needs {
  readonly tasks: readonly Task[]
  readonly packages: readonly Provider[]
}

/** One object for all tasks without needs. */
export const noNeeds: Needs = { tasks: [], packages: [] }

/** Names of what a workspace makes, for the messages about needs. */
export interface Known {
  readonly tasks: ReadonlyMap<string, Task>
  readonly catalogue: Catalogue
}

/** Fields that are wrong by themselves. */
export function checkFields(task: Task): readonly Diagnostic[] {
  const globs = (['inputs', 'outputs'] as const).flatMap((field) =>
    task[field].flatMap((glob, item) => {
      const fault = globFault(glob)
      return fault === undefined ? [] : [complaint.badGlob(task, field, item, fault)]
    }),
  )
  const tools = task.tools.flatMap((tool, item) => (/^[^/\s:]+$/.test(tool) ? [] : [complaint.badTool(task, item)]))
  const variables = Object.keys(task.environment).filter((name) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
  const claim = resourcesOf(task.resources)
  return [
    ...globs,
    ...tools,
    ...(task.tools.length > 0 && task.packages.length > 0 ? [complaint.toolsInSandbox(task)] : []),
    ...variables.map((name) => complaint.badVariable(task, name)),
    ...(['cpu', 'memory'] as const).filter((field) => task.resources[field] !== '' && claim[field] === undefined).map((field) => complaint.badResource(task, field)),
  ]
}

/** Takes the outputs of a task into the index; a path that another task makes already is told. */
export function collectOutputs(task: Task, outputs: OutputGlobs, byName: ReadonlyMap<string, Task>): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = []
  task.outputs.forEach((glob, item) => {
    if (glob.startsWith('!')) return
    const owner = byName.get(outputs.owner(glob) ?? '')
    if (owner !== undefined && owner !== task && !hasWildcard(glob)) diagnostics.push(complaint.sameOutput(task, item, owner))
    outputs.add(glob, task.name)
  })
  return diagnostics
}

/** `task:x` and `package:x` say which is meant where both bear the name. */
export function resolveNeeds(task: Task, known: Known, diagnostics: Diagnostic[]): Needs {
  if (task.needs.length === 0) return noNeeds
  const tasks: Task[] = []
  const packages: Provider[] = []
  task.needs.forEach((need, item) => {
    const { kind, name } = namedNeed(need)
    const other = kind === 'package' ? undefined : known.tasks.get(name)
    const provider = kind === 'task' ? undefined : known.catalogue.get(name)
    if (other !== undefined && provider !== undefined) diagnostics.push(complaint.ambiguousNeed(task, item))
    else if (other !== undefined) tasks.push(other)
    else if (provider !== undefined) packages.push(provider)
    else diagnostics.push(complaint.unknownNeed(task, item, diagnostics.length < mostSuggestions ? namesOf(known) : []))
  })
  // A list that grew has room for 17: of a million tasks that is 100 MB.
  return { tasks: tasks.slice(), packages: packages.length === 0 ? noNeeds.packages : packages }
}

/** What was meant is looked for among all names, which takes a second for a million. */
const mostSuggestions = 20

function namesOf({ tasks, catalogue }: Known): readonly string[] {
  return [...tasks.keys(), ...catalogue.names()]
}

function namedNeed(need: string): { readonly kind?: string | undefined; readonly name: string } {
  const colon = need.indexOf(':')
  const kind = colon === -1 ? undefined : need.slice(0, colon)
  return kind === 'task' || kind === 'package' ? { kind, name: need.slice(colon + 1) } : { name: need }
}

/** Where a task names another in its needs. */
function itemOf(task: Task, other: Task): number {
  return Math.max(0, task.needs.findIndex((need) => namedNeed(need).name === other.name && !need.startsWith('package:')))
}

/** An output that is named as an input without a wildcard must be needed. */
export function checkInputs(task: Task, needs: Needs, outputs: OutputGlobs): readonly Diagnostic[] {
  return task.inputs.flatMap((glob, item) => {
    if (glob.startsWith('!') || hasWildcard(glob)) return []
    const owner = outputs.owner(glob)
    return owner === undefined || needs.tasks.some((need) => need.name === owner) ? [] : [complaint.outputAsInput(task, item, owner)]
  })
}

/** Circles of needs among tasks, each told once. A list and not recursion: a chain may be longer than the stack. */
export function checkCircles(tasks: Iterable<Task>, needsOf: (task: Task) => Needs): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = []
  const finished = new Set<Task>()
  for (const root of tasks) {
    const path: { readonly task: Task; next: number }[] = finished.has(root) ? [] : [{ task: root, next: 0 }]
    const onPath = new Set(path.map(({ task }) => task))
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const need = needsOf(top.task).tasks[top.next++]
      if (need === undefined) {
        finished.add(top.task)
        onPath.delete(top.task)
        path.pop()
      } else if (onPath.has(need)) {
        const circle = path.slice(path.findIndex(({ task }) => task === need)).map(({ task }) => task)
        diagnostics.push(complaint.cyclicNeeds(circle.map((task, i) => ({ task, item: itemOf(task, circle[i + 1] ?? need) }))))
      } else if (!finished.has(need)) {
        onPath.add(need)
        path.push({ task: need, next: 0 })
      }
    }
  }
  return diagnostics
}
