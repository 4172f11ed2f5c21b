import type { Digest, NodeId } from '../../base/ids.ts'
import type { Diagnostic } from '../../base/diagnostic.ts'
import type { Json } from '../../base/json.ts'
import type { Action, ActionKind, Input, Outcome, RunContext } from '../../engine/action.ts'
import { solve } from '../../outputs/apk/solver.ts'
import { type Provider, recipeNode } from '../plan/catalogue.ts'
import { type ClosurePorts, type Described, describedInputs, expandClosure, type Records } from './closure.ts'
import { inputDigest } from './input-digest.ts'
import { JsonMemo, putJson } from './json-blob.ts'
import { unsolvable } from './unsolvable.ts'

/** The packages of an image in install order, each with what packing said of it. */
export interface ImageLock {
  readonly packages: readonly { readonly name: string; readonly facts: Digest; readonly apk: Digest }[]
}

export function imageLockAction(order: { readonly id: NodeId; readonly name: string; readonly world: readonly string[]; readonly arch: string }): Action {
  return { id: order.id, kind: 'image-lock', spec: { world: order.world, arch: order.arch }, inputs: {}, label: `choose packages of ${order.name}` }
}

/** Solves an image's world over the packed apks of the workspace. Refuses what was imported: an image holds only what was built here. */
export function imageLockKind(ports: ClosurePorts): ActionKind {
  const records: Records = new JsonMemo()
  return {
    name: 'image-lock',
    version: 1,
    outputs: () => ['lock'],
    expand: (context) => expandClosure(context, ports, { records, world: worldOf(context.action), also: packedInputs }),
    run: (context) => lock(context, records),
  }
}

function packedInputs(provider: Provider): Readonly<Record<string, Input>> {
  if (provider.recipe.bootstrap) return {}
  const { name, test } = provider.package
  const packed = Object.fromEntries(packedOutputs.map((output) => [`${output}/${name}`, packedInput(provider, output)]))
  // The gate: what is in an image has passed its test.
  return test === undefined ? packed : { ...packed, [`tested/${name}`]: { kind: 'output', node: recipeNode(provider.recipe, `test/${name}`), output: 'passed' } }
}

/** An output of packing a package. */
export function packedInput({ recipe, package: { name } }: Provider, output: (typeof packedOutputs)[number]): Input {
  return { kind: 'output', node: recipeNode(recipe, `pack/${name}`), output }
}

const packedOutputs = ['facts', 'apk'] as const

async function lock(context: RunContext, records: Records): Promise<Outcome> {
  const described = await describedInputs(context, records)
  const solution = solve({ world: worldOf(context.action), repositories: [{ name: 'workspace', packages: described.map((d) => d.record) }] })
  if (solution.kind === 'unsolvable') return refused(unsolvable(context.action.label, solution.chain))
  const byName = new Map(described.map((d) => [d.record.name, d]))
  const chosen = solution.packages.map(({ record }) => record.name)
  const imported = chosen.flatMap((name) => byName.get(name) ?? []).filter((d) => d.bootstrap)
  if (imported.length > 0) return refused(bootstrapInImage(context.action, imported))
  const packages = chosen.map((name) => ({ name, facts: inputDigest(context, `facts/${name}`), apk: inputDigest(context, `apk/${name}`) }))
  for (const name of chosen) context.log(`${name} ${byName.get(name)?.record.version ?? ''}\n`)
  return { kind: 'done', outputs: { lock: await putJson(context.cas, { packages } satisfies ImageLock as Json) } }
}

function refused(diagnostic: Diagnostic): Outcome {
  return { kind: 'failed', failure: { kind: 'refused', diagnostics: [diagnostic] } }
}

function bootstrapInImage(action: Action, imported: readonly Described[]): Diagnostic {
  return {
    code: 'image/bootstrap',
    severity: 'error',
    message: `An image may hold only what was built from source here, but ${action.label.replace('choose packages of ', 'image:')} would hold imported binaries`,
    facts: imported.map(({ record }) => ['imported', `${record.name} ${record.version}`]),
    hint: 'nacre graph shows which package needs them',
  }
}

function worldOf(action: Action): readonly string[] {
  const world = action.spec['world']
  return Array.isArray(world) ? world.map(String) : []
}
