import type { Digest, NodeId } from '../../base/ids.ts'
import type { JsonObject } from '../../base/json.ts'
import type { Cas } from '../../cache/cache.ts'
import type { Action, ActionKind, Outcome, RunContext } from '../../engine/action.ts'
import { solve } from '../../outputs/apk/solver.ts'
import { unsolvable } from './unsolvable.ts'
import { treeInput } from '../plan/catalogue.ts'
import { type ClosurePorts, type Described, describedInputs, expandClosure, providedBy, type Records } from './closure.ts'
import { environmentGlue } from './environment-glue.ts'
import { inputDigest } from './input-digest.ts'
import { JsonMemo, putJson, readJson } from './json-blob.ts'

/** What is in an environment, lowest first: the order in which their trees lie on each other. */
export interface EnvironmentLock {
  readonly packages: readonly { readonly name: string; readonly tree: Digest }[]
}

export function environmentAction(id: NodeId, world: readonly string[], arch: string): Action {
  return {
    id,
    kind: 'environment',
    spec: { world, arch },
    inputs: {},
    label: world.length === 0 ? 'empty environment' : `environment ${world.length > 4 ? `${world.slice(0, 3).join(' ')} and ${world.length - 3} more` : world.join(' ')}`,
  }
}

/** Solves a world over what the workspace makes, and adds what no package owns (accounts, library cache, links). */
export function environmentKind(ports: ClosurePorts): ActionKind {
  const records: Records = new JsonMemo()
  return {
    name: 'environment',
    version: 1,
    outputs: () => ['lock', 'glue', 'provided'],
    expand: (context) =>
      expandClosure(context, ports, { records, world: worldOf(context.action), also: (provider) => ({ [`tree/${provider.package.name}`]: treeInput(provider) }) }),
    run: (context) => compose(context, records),
  }
}

async function compose(context: RunContext, records: Records): Promise<Outcome> {
  const described = await describedInputs(context, records)
  const world = worldOf(context.action)
  const solution = solve({ world, repositories: [{ name: 'workspace', packages: described.map((d) => d.record) }] })
  if (solution.kind === 'unsolvable') return { kind: 'failed', failure: { kind: 'refused', diagnostics: [unsolvable(context.action.label, solution.chain)] } }
  const byName = new Map(described.map((d) => [d.record.name, d]))
  const chosen: Described[] = []
  for (const { record } of solution.packages) {
    const found = byName.get(record.name)
    if (found !== undefined) chosen.push(found)
  }
  const packages = chosen.map(({ record }) => ({ name: record.name, tree: inputDigest(context, `tree/${record.name}`) }))
  const lock: JsonObject = { packages }
  for (const { name, tree } of packages) context.log(`${name} ${tree}\n`)
  return {
    kind: 'done',
    outputs: {
      lock: await putJson(context.cas, lock),
      glue: { kind: 'tree', digest: await environmentGlue(context.cas, packages.map((p) => p.tree)) },
      provided: await putJson(context.cas, providedBy(chosen.map(({ record }) => record))),
    },
  }
}

function worldOf(action: Action): readonly string[] {
  const world = action.spec['world']
  return Array.isArray(world) ? world.map(String) : []
}

/** Reads a lock and gives the trees of its packages, lowest first. */
export async function lockedTrees(cas: Cas, lock: Parameters<typeof readJson>[1], glue: Digest): Promise<readonly Digest[]> {
  const { packages } = await readJson<EnvironmentLock>(cas, lock)
  return [...packages.map((p) => p.tree), glue]
}

