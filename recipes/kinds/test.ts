import type { Digest, NodeId } from '../../base/ids.ts'
import { writeTree } from '../../cache/tree-write.ts'
import type { Action, ActionKind, Input, Outcome, RunContext } from '../../engine/action.ts'
import type { Catalogue } from '../plan/catalogue.ts'
import type { Step, Test } from '../plan/planned.ts'
import { type EnvironmentLocks, environmentTrees } from './build.ts'
import type { EnvironmentLock } from './environment.ts'
import { JsonMemo, putJson, readJson } from './json-blob.ts'
import { plainFolder } from './plain-folder.ts'
import { unpackedApk } from './unpacked-apk.ts'
import { runSteps, type WorkshopPorts } from './workshop.ts'
import { fromSpec } from './spec.ts'

/** Runs a package's test steps in a fresh environment, in which the package under test is unpacked from its apk. */
export function testAction(order: {
  readonly id: NodeId
  readonly label: string
  readonly environment: NodeId
  readonly test: Test
  /** The apks under test, by package. */
  readonly packed: Readonly<Record<string, Input>>
  readonly folder?: Input
}): Action {
  const inputs: Record<string, Input> = {
    environment: { kind: 'output', node: order.environment, output: 'lock' },
    glue: { kind: 'output', node: order.environment, output: 'glue' },
  }
  if (order.folder !== undefined) inputs['folder'] = order.folder
  for (const [name, input] of Object.entries(order.packed)) inputs[`packed/${name}`] = input
  return { id: order.id, kind: 'test', spec: { steps: order.test.steps.map((step) => ({ ...step })), variables: order.test.environment }, inputs, label: order.label }
}

export function testKind(ports: WorkshopPorts, catalogue: Catalogue): ActionKind {
  const locks: EnvironmentLocks = new JsonMemo()
  return { name: 'test', version: 2, outputs: () => ['passed'], expand: (context) => environmentTrees(context, catalogue, locks), run: (context) => test(context, ports) }
}

async function test(context: RunContext, ports: WorkshopPorts): Promise<Outcome> {
  const home = plainFolder(context.scratch, 'home')
  const folder = context.inputs['folder']
  if (folder !== undefined) await writeTree(context.cas, folder.digest, home)
  const layers = await layersUnderTest(context)
  const failure = await runSteps(context, ports, {
    layers,
    steps: fromSpec<readonly Step[]>(context.action.spec['steps']),
    environment: { HOME: '/root', ...(context.action.spec['variables'] as Readonly<Record<string, string>>) },
    mounts: [],
    workspace: home,
    loopback: true,
  })
  return failure ?? { kind: 'done', outputs: { passed: await putJson(context.cas, { passed: context.action.label }) } }
}

/** The environment's trees, but for the packages under test those that their apks unpack to. */
async function layersUnderTest(context: RunContext): Promise<readonly Digest[]> {
  const { packages } = await readJson<EnvironmentLock>(context.cas, context.inputs['environment'])
  const layers: Digest[] = []
  for (const { name, tree } of packages) {
    const apk = context.inputs[`packed/${name}`]
    layers.push(apk === undefined ? tree : await unpackedApk(context.cas, apk.digest))
  }
  const glue = context.inputs['glue']
  return glue === undefined ? layers : [...layers, glue.digest]
}
