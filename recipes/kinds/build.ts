import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { absPath, type AbsPath, type NodeId } from '../../base/ids.ts'
import { Fault } from '../../base/result.ts'
import { MissingBlob } from '../../cache/missing-blob.ts'
import { captureTree } from '../../cache/tree-capture.ts'
import { writeTree } from '../../cache/tree-write.ts'
import type { Output } from '../../cache/cache.ts'
import type { Action, ActionKind, ExpandContext, Expansion, Input, Outcome, RunContext } from '../../engine/action.ts'
import type { Mount } from '../../engine/sandbox/sandbox.ts'
import { type Catalogue, treeInput } from '../plan/catalogue.ts'
import type { Step } from '../plan/planned.ts'
import { type EnvironmentLock, lockedTrees } from './environment.ts'
import { inputDigest } from './input-digest.ts'
import { KeptSteps } from './kept-steps.ts'
import { JsonMemo } from './json-blob.ts'
import { plainFolder } from './plain-folder.ts'
import { runSteps, type WorkshopPorts } from './workshop.ts'
import { fromSpec } from './spec.ts'

/** What a build in the sandbox is made of. All of it is in the key but the label. */
export interface BuildOrder {
  readonly id: NodeId
  readonly label: string
  readonly environment: NodeId
  readonly steps: readonly Step[]
  readonly variables: Readonly<Record<string, string>>
  /** Packages whose folders under melange-out become the outputs. */
  readonly packages: readonly string[]
  /** Sources by the name under which they are in /var/cache/nacre/sources. */
  readonly sources: Readonly<Record<string, Input>>
  /** The folder beside the recipe, put into the workspace. */
  readonly folder?: Input
  /** Trees put under melange-out before the steps, by package name. */
  readonly seeds?: Readonly<Record<string, Input>>
  readonly resources?: { readonly cpu?: number; readonly memory?: number }
  readonly seconds?: number
}

export function buildAction(order: BuildOrder): Action {
  const inputs: Record<string, Input> = {
    environment: { kind: 'output', node: order.environment, output: 'lock' },
    glue: { kind: 'output', node: order.environment, output: 'glue' },
  }
  if (order.folder !== undefined) inputs['folder'] = order.folder
  for (const [name, input] of Object.entries(order.sources)) inputs[`source/${name}`] = input
  for (const [name, input] of Object.entries(order.seeds ?? {})) inputs[`seed/${name}`] = input
  return {
    id: order.id,
    kind: 'build',
    spec: { steps: order.steps.map((step) => ({ ...step })), variables: order.variables, packages: order.packages },
    inputs,
    label: order.label,
    ...(order.resources === undefined ? {} : { resources: order.resources }),
    // Ended by the sandbox, which is then kept; the engine's own limit would fire first and throw it away.
    ...(order.seconds === undefined ? {} : { aside: { seconds: order.seconds } }),
  }
}

/** Runs a recipe's steps in the sandbox and keeps what they leave under melange-out, a tree for each package. */
export function buildKind(ports: WorkshopPorts, catalogue: Catalogue): ActionKind {
  const locks: EnvironmentLocks = new JsonMemo()
  return {
    name: 'build',
    version: 1,
    outputs: (action) => packagesOf(action),
    expand: (context) => environmentTrees(context, catalogue, locks),
    run: (context) => build(context, ports),
  }
}

/** A hundred packages are built in one and the same environment. */
export type EnvironmentLocks = JsonMemo<EnvironmentLock>

/**
 * The environment's trees become inputs by name, so that the key holds their content and `why` can name the one that changed. They are the
 * outputs of whoever made them, and not bare content, so that what the store loses is made again.
 */
export async function environmentTrees(context: ExpandContext, catalogue: Catalogue, locks: EnvironmentLocks = new JsonMemo()): Promise<Expansion> {
  const { packages } = await locks.read(context.cas, context.inputs['environment'])
  const inputs: Record<string, Input> = {}
  for (const { name } of packages) {
    const provider = catalogue.get(name)
    if (provider === undefined) throw new Fault('internal', `an environment holds "${name}", which no recipe makes`)
    if (!(`package/${name}` in context.inputs)) inputs[`package/${name}`] = treeInput(provider)
  }
  return Object.keys(inputs).length === 0 ? { kind: 'closed' } : { kind: 'ask', inputs, actions: [] }
}

async function build(context: RunContext, ports: WorkshopPorts): Promise<Outcome> {
  const home = plainFolder(context.scratch, 'home')
  const steps = stepsOf(context.action)
  const kept = ports.steps === undefined || steps.length < 2 ? undefined : new KeptSteps({ context, ports, folders: ports.steps, steps, home })
  if (((await kept?.restore()) ?? 0) === 0) await furnish(context, home)
  const work = {
    layers: await lockedTrees(context.cas, context.inputs['environment'], inputDigest(context, 'glue')),
    environment: variablesOf(context.action),
    mounts: await sourceMounts(context, ports),
    workspace: home,
    ...secondsOf(context.action),
  }
  const failure = kept === undefined ? await runSteps(context, ports, { ...work, steps }) : await kept.run(work)
  if (failure !== undefined) return failure
  return collect(context, absPath(join(home, 'melange-out')), packagesOf(context.action))
}

/** Puts the recipe's own folder, the seed trees and a folder for each package where the steps expect them. */
async function furnish(context: RunContext, home: AbsPath): Promise<void> {
  const folder = context.inputs['folder']
  if (folder !== undefined) await writeTree(context.cas, folder.digest, home)
  const out = plainFolder(home, 'melange-out')
  for (const name of packagesOf(context.action)) if (!(`seed/${name}` in context.inputs)) plainFolder(out, name)
  for (const [name, input] of Object.entries(context.inputs)) {
    if (name.startsWith('seed/')) await writeTree(context.cas, input.digest, absPath(join(home, 'melange-out', name.slice('seed/'.length))))
  }
}

const sourcesInside = '/var/cache/nacre/sources'

async function sourceMounts(context: RunContext, ports: WorkshopPorts): Promise<Mount[]> {
  const mounts: Mount[] = []
  for (const [name, input] of Object.entries(context.inputs)) {
    if (!name.startsWith('source/')) continue
    const source = input.kind === 'tree' ? await ports.roots.folder(input.digest) : await context.cas.file(input.digest, false)
    if (source === undefined) throw new MissingBlob(input.digest)
    mounts.push({ source, target: `${sourcesInside}/${name.slice('source/'.length)}`, writable: false })
  }
  return mounts
}

async function collect(context: RunContext, out: AbsPath, packages: readonly string[]): Promise<Outcome> {
  const outputs: Record<string, Output> = {}
  for (const name of packages) {
    const folder = existsSync(join(out, name)) ? absPath(join(out, name)) : plainFolder(out, name)
    const captured = await captureTree(context.cas, folder, { move: true })
    if (captured.kind === 'refused') return { kind: 'failed', failure: { kind: 'refused', diagnostics: captured.diagnostics } }
    outputs[name] = { kind: 'tree', digest: captured.digest }
  }
  return { kind: 'done', outputs }
}

function packagesOf(action: Action): readonly string[] {
  const packages = action.spec['packages']
  return Array.isArray(packages) ? packages.map(String) : []
}

/** The action's own `buildAction` wrote these, so their shape is known. */
function stepsOf(action: Action): readonly Step[] {
  return fromSpec<readonly Step[]>(action.spec['steps'])
}

function secondsOf(action: Action): { readonly seconds?: number } {
  const seconds = action.aside?.['seconds']
  return typeof seconds === 'number' ? { seconds } : {}
}

function variablesOf(action: Action): Readonly<Record<string, string>> {
  return action.spec['variables'] as Readonly<Record<string, string>>
}

