// What can be wrong with tasks, before any of them runs. Codes are `plan/task-…`.
import { nearest, type Diagnostic } from '../../base/diagnostic.ts'
import { where } from '../language/schema/type.ts'
import type { Task } from '../language/schema/task.ts'

type Field = 'inputs' | 'needs' | 'tools' | 'outputs' | 'packages' | 'environment' | 'resources'
type Rest = Omit<Diagnostic, 'code' | 'severity' | 'message' | 'where'>

function at(task: Task, field: Field, item?: number | string): { readonly where?: NonNullable<ReturnType<typeof where>> } {
  const place = where(task, field, item)
  return place === undefined ? {} : { where: place }
}

function hint(text: string | undefined): Rest {
  return text === undefined ? {} : { hint: text }
}

export function badGlob(task: Task, field: 'inputs' | 'outputs', item: number, fault: string): Diagnostic {
  return {
    code: 'plan/task-glob',
    severity: 'error',
    message: `"${task[field][item] ?? ''}" names no files of the workspace: ${fault}`,
    ...at(task, field, item),
    hint: 'Globs begin in the folder of nacre.yaml: web/src/**/*.ts',
  }
}

export function unknownNeed(task: Task, item: number, known: Iterable<string>): Diagnostic {
  const need = task.needs[item] ?? ''
  const meant = nearest(need, known)
  return {
    code: 'plan/task-unknown-need',
    severity: 'error',
    message: `Task "${task.name}" needs "${need}", but no task or package has that name`,
    ...at(task, 'needs', item),
    ...hint(meant === undefined ? 'nacre graph --all lists the targets' : `Did you mean "${meant}"?`),
  }
}

export function ambiguousNeed(task: Task, item: number): Diagnostic {
  const need = task.needs[item] ?? ''
  return { code: 'plan/task-ambiguous-need', severity: 'error', message: `"${need}" is both a task and a package`, ...at(task, 'needs', item), hint: `Write task:${need} or package:${need}` }
}

/** `circle` holds each task once, with the need that leads to the next; the last leads to the first. */
export function cyclicNeeds(circle: readonly { readonly task: Task; readonly item: number }[]): Diagnostic {
  const [first, ...others] = circle
  const names = circle.map(({ task }) => task.name)
  return {
    code: 'plan/task-cycle',
    severity: 'error',
    message: `Task "${names[0] ?? ''}" needs itself`,
    ...(first === undefined ? {} : at(first.task, 'needs', first.item)),
    related: others.flatMap(({ task, item }) => {
      const place = where(task, 'needs', item)
      return place === undefined ? [] : [{ where: place, label: `"${task.name}" needs "${task.needs[item] ?? ''}"` }]
    }),
    facts: [['path', [...names, names[0] ?? ''].join(' -> ')]],
    hint: 'Break the circle: one of these must be made without the next',
  }
}

export function sameOutput(task: Task, item: number, owner: Task): Diagnostic {
  const other = where(owner, 'outputs', owner.outputs.indexOf(task.outputs[item] ?? ''))
  return {
    code: 'plan/task-same-output',
    severity: 'error',
    message: `Tasks "${owner.name}" and "${task.name}" both make "${task.outputs[item] ?? ''}"`,
    ...at(task, 'outputs', item),
    ...(other === undefined ? {} : { related: [{ where: other, label: 'first here' }] }),
  }
}

/** A path that another task makes, or this one, is no file of the workspace: it may not be there yet, or be there from another day. */
export function outputAsInput(task: Task, item: number, owner: string): Diagnostic {
  const own = owner === task.name
  return {
    code: 'plan/task-output-as-input',
    severity: 'error',
    message: `Input "${task.inputs[item] ?? ''}" of task "${task.name}" is ${own ? 'its own output' : `an output of task "${owner}"`}`,
    ...at(task, 'inputs', item),
    hint: own ? 'Write the output under another name' : `Name "${owner}" in needs: its outputs appear at the same paths`,
  }
}

export function noInput(task: Task, item: number): Diagnostic {
  return { ...inputFault(task, item, 'and there is no such file'), hint: 'Inputs are named from the folder of nacre.yaml' }
}

export function folderAsInput(task: Task, item: number): Diagnostic {
  return { ...inputFault(task, item, 'and that is a folder'), hint: `For all files below it: ${task.inputs[item] ?? ''}/**` }
}

/** It is there, but output globs claim it. */
export function claimedInput(task: Task, item: number, globs: readonly string[]): Diagnostic {
  return { ...inputFault(task, item, 'which is an output by the globs of a task'), facts: [['outputs', globs.join(', ')]], hint: 'Make the output globs narrower, or need the task that makes it' }
}

function inputFault(task: Task, item: number, fault: string): Diagnostic {
  return { code: 'plan/task-no-input', severity: 'error', message: `Task "${task.name}" reads "${task.inputs[item] ?? ''}", ${fault}`, ...at(task, 'inputs', item) }
}

export function noTool(task: Task, item: number): Diagnostic {
  const tool = task.tools[item] ?? ''
  return {
    code: 'plan/task-no-tool',
    severity: 'error',
    message: `Task "${task.name}" runs the host program "${tool}", and PATH has none of that name`,
    ...at(task, 'tools', item),
    hint: `Install ${tool}, or run the task on packages of the workspace: packages: [${tool}]`,
  }
}

export function badTool(task: Task, item: number): Diagnostic {
  return { code: 'plan/task-tool-name', severity: 'error', message: `"${task.tools[item] ?? ''}" is not the name of a program`, ...at(task, 'tools', item), hint: 'Tools are names, which PATH leads to: node' }
}

export function toolsInSandbox(task: Task): Diagnostic {
  return {
    code: 'plan/task-tools-and-packages',
    severity: 'error',
    message: `Task "${task.name}" runs on packages, so it can't run host tools`,
    ...at(task, 'tools'),
    hint: 'Leave out tools, and name the packages that bring the programs',
  }
}

export function badVariable(task: Task, name: string): Diagnostic {
  return { code: 'plan/task-variable', severity: 'error', message: `"${name}" can't be the name of an environment variable`, ...at(task, 'environment', name), hint: 'Letters, digits and _, not beginning with a digit' }
}

export function badResource(task: Task, field: 'cpu' | 'memory'): Diagnostic {
  return { code: 'plan/task-resource', severity: 'error', message: `"${task.resources[field]}" is no amount of ${field === 'cpu' ? 'cores' : 'memory'}`, ...at(task, 'resources'), hint: field === 'cpu' ? 'cpu: 2' : 'memory: 2Gi' }
}
