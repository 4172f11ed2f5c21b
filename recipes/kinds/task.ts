import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Diagnostic } from '../../base/diagnostic.ts'
import { absPath, type AbsPath, type Digest, type NodeId } from '../../base/ids.ts'
import { Fault } from '../../base/result.ts'
import { LayeredCas } from '../../cache/layered-cas.ts'
import { MemoryCas } from '../../cache/memory-cas.ts'
import { mergeTrees } from '../../cache/tree-merge.ts'
import { writeTree } from '../../cache/tree-write.ts'
import type { Action, ActionKind, Input, Outcome, Resources, RunContext } from '../../engine/action.ts'
import type { Shells } from '../../engine/sandbox/shells.ts'
import type { Task } from '../language/schema/task.ts'
import type { Catalogue } from '../plan/catalogue.ts'
import { environmentTrees } from './build.ts'
import { lockedTrees } from './environment.ts'
import { type HostRun, runOnHost } from './task-host.ts'
import { captureOutputs } from './task-outputs.ts'
import { runSteps, type WorkshopPorts } from './workshop.ts'

/** What a task is made of. Where its tools lie and how long it may take is not in the key. */
export interface TaskOrder {
  readonly id: NodeId
  readonly task: Task
  /** `files`: what its globs match; `need/…`: trees that appear at the same paths; `tool/…`: host programs. */
  readonly inputs: Readonly<Record<string, Input>>
  readonly tools: Readonly<Record<string, AbsPath>>
  readonly resources: Resources
  /** The packages that it runs on, in the sandbox; on the host without. */
  readonly environment?: NodeId
}

export function taskAction({ id, task, inputs, tools, resources, environment }: TaskOrder): Action {
  const sandboxed: Record<string, Input> =
    environment === undefined
      ? {}
      : { environment: { kind: 'output', node: environment, output: 'lock' }, glue: { kind: 'output', node: environment, output: 'glue' } }
  return {
    id,
    kind: 'task',
    spec: { run: task.run, outputs: task.outputs, environment: task.environment },
    inputs: { ...inputs, ...sandboxed },
    ...(task.timeout > 0 || task.tools.length > 0 ? { aside: { tools, ...(task.timeout > 0 ? { seconds: task.timeout / 1000 } : {}) } } : {}),
    label: `task ${task.name}`,
    resources,
  }
}

export interface TaskPorts extends WorkshopPorts {
  readonly catalogue: Catalogue
  /** Files and tools that a task names and that are not there. */
  readonly complaints: (task: string) => readonly Diagnostic[]
  readonly shells: Shells
}

/** A script in a folder that holds its declared inputs and nothing else; what its output globs match becomes the tree. */
export function taskKind(ports: TaskPorts): ActionKind {
  return {
    name: 'task',
    version: 1,
    prepares: true,
    outputs: () => ['tree'],
    async expand(context) {
      const diagnostics = ports.complaints(taskName(context.action))
      if (diagnostics.length > 0) return { kind: 'failed', failure: { kind: 'refused', diagnostics } }
      return 'environment' in context.inputs ? environmentTrees(context, ports.catalogue) : { kind: 'closed' }
    },
    run: (context) => run(context, ports),
  }
}

/** Zip knows no earlier day; otherwise one day is like another, as long as it stays the same. */
const epoch = 315_532_800

/** What every task finds in its environment, wherever it runs. */
const fixedEnvironment: Readonly<Record<string, string>> = { LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8', TZ: 'UTC', TERM: 'dumb', SOURCE_DATE_EPOCH: String(epoch) }

async function run(context: RunContext, ports: TaskPorts): Promise<Outcome> {
  // What is laid out is the inputs' content in new folders, which nobody else will ask for.
  const laid = { action: context.action, inputs: context.inputs, cas: new LayeredCas(new MemoryCas(), context.cas) }
  const tree = await inputTree(laid)
  if (typeof tree !== 'string') return { kind: 'failed', failure: { kind: 'refused', diagnostics: tree } }
  const own = context.action.spec['environment'] as Readonly<Record<string, string>>
  const seconds = context.action.aside?.['seconds']
  const order = { script: text(context.action.spec['run']), environment: { ...fixedEnvironment, ...own }, ...(typeof seconds === 'number' ? { seconds } : {}) }
  const lay = (work: AbsPath): Promise<void> => writeTree(laid.cas, tree, work, { mtime: epoch })
  if ('environment' in context.inputs) {
    // Not `work`: the sandbox has a folder of that name.
    const work = absPath(join(context.scratch, 'folder'))
    await lay(work)
    return (await withProcessors(context, () => runInSandbox(context, ports, { ...order, work }))) ?? captureOutputs(context, work, { cas: laid.cas, tree })
  }
  await using room = await ports.shells.take()
  await lay(room.work)
  return (await withProcessors(context, () => runOnHost(context, room, order))) ?? captureOutputs(context, room.work, { cas: laid.cas, tree })
}

/** Gives the processors back to others before what a script made is looked at, but not when it failed: then nothing else may start. */
async function withProcessors(context: RunContext, script: () => Promise<Outcome | undefined>): Promise<Outcome | undefined> {
  const giveBack = await context.processors()
  const failed = await script()
  if (failed === undefined) giveBack()
  return failed
}

/** Needs and files laid over each other. Two that differ at a path would make it a matter of luck which is seen. */
async function inputTree(context: Pick<RunContext, 'action' | 'inputs' | 'cas'>): Promise<Digest | readonly Diagnostic[]> {
  const names = Object.keys(context.inputs).filter((name) => name === 'files' || name.startsWith('need/')).sort()
  const digests = names.flatMap((name) => context.inputs[name]?.digest ?? [])
  if (digests.length === 0) return context.cas.put(new Uint8Array())
  const { digest, conflicts } = await mergeTrees(context.cas, digests, { conflict: 'report' })
  const wrong = conflicts.filter(({ kept, lost }) => kept.node.kind !== 'directory' || lost.node.kind !== 'directory')
  if (wrong.length === 0) return digest
  return wrong.map(({ path, kept, lost }) => ({
    code: 'task/same-path',
    severity: 'error',
    message: `Two inputs of ${context.action.label} differ at "${path}"`,
    facts: [['inputs', [lost, kept].map(({ tree }) => names[tree] ?? '').join(', ')]],
    hint: 'Leave one of them out',
  }))
}

const insideTask = '/var/cache/nacre/task'

/** The script is a file of its own, and its own shell's code counts: what runSteps adds to a step never swallows it. */
async function runInSandbox(context: RunContext, ports: WorkshopPorts, order: HostRun & { readonly work: AbsPath }): Promise<Outcome | undefined> {
  const task = absPath(join(context.scratch, 'task'))
  mkdirSync(join(task, 'home'), { recursive: true })
  writeFileSync(join(task, 'run'), `${order.script}\n`)
  const [lock, glue] = [context.inputs['environment'], context.inputs['glue']]
  if (lock === undefined || glue === undefined) throw new Fault('internal', `${context.action.id} has no environment`)
  return runSteps(context, ports, {
    layers: await lockedTrees(context.cas, lock, glue.digest),
    steps: [{ name: 'run', script: `exec /bin/sh -e ${insideTask}/run`, directory: '', environment: {} }],
    environment: { HOME: `${insideTask}/home`, TMPDIR: '/tmp', ...order.environment },
    mounts: [{ source: task, target: insideTask, writable: true }],
    workspace: order.work,
    ...(order.seconds === undefined ? {} : { seconds: order.seconds }),
  })
}

function taskName(action: Action): string {
  return action.id.replace(/^task:/, '')
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
