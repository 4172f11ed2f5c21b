import type { NodeId } from '../../base/ids.ts'
import { type Checked, Fault } from '../../base/result.ts'
import type { Cas, Output } from '../../cache/cache.ts'
import type { Action, ActionKind, ExpandContext, Expansion, Input, Outcome, RunContext } from '../../engine/action.ts'
import { inspectLibrary } from '../../outputs/elf/inspect-library.ts'
import { buildImage, type ImagePlan } from '../../outputs/oci/build-image.ts'
import type { ImageConfiguration } from '../../outputs/oci/image-config.ts'
import { outsideLinks, type OutsideLink } from '../../outputs/oci/layers.ts'
import type { RunConfig } from '../../outputs/oci/media.ts'
import type { LayerGroup } from '../../outputs/oci/plan-layers.ts'
import type { PackageFiles } from '../../outputs/rootfs/install-packages.ts'
import type { Catalogue, Provider } from '../plan/catalogue.ts'
import { reader } from './environment-glue.ts'
import { type ImageLock, packedInput } from './image-lock.ts'
import { imagePackage } from './image-packages.ts'
import { putJson, readJson } from './json-blob.ts'
import { storeLayer } from './layer.ts'
import { rootTree } from './root-tree.ts'
import { toJson, toSpec, fromSpec } from './spec.ts'

/** Which layers of packages an image has, bottom first, before any is written, and what its configuration says besides layers. */
export interface PlannedLayers {
  readonly layers: readonly { readonly group: LayerGroup; readonly comment: string; readonly links: readonly OutsideLink[] }[]
  readonly packages: readonly { readonly name: string; readonly version: string }[]
  readonly run: RunConfig
  readonly annotations: Readonly<Record<string, string>>
}

/** What an image is made from besides its packages. */
export interface ImageSpec {
  readonly name: string
  readonly arch: string
  readonly config: ImageConfiguration
  readonly sourceDateEpoch: number
}

export function imagePlanAction(id: NodeId, lock: NodeId, spec: ImageSpec): Action {
  return { id, kind: 'image-plan', spec: toSpec(spec), inputs: { lock: { kind: 'output', node: lock, output: 'lock' } }, label: `compose ${spec.name}` }
}

/** Composes the root, once: which layers it takes, what lies on top of them, and the whole of it as a tree to run and to audit. */
export function imagePlanKind(catalogue: Catalogue): ActionKind {
  return { name: 'image-plan', version: 2, outputs: () => ['plan', 'top', 'top-facts', 'root'], expand: (context) => packedFacts(context, catalogue), run: plan }
}

/** What packing said of each locked package, as inputs: the outputs of whoever packed it, so that what the store loses is made again. */
async function packedFacts({ cas, inputs }: ExpandContext, catalogue: Catalogue): Promise<Expansion> {
  const { packages } = await readJson<ImageLock>(cas, inputs['lock'])
  const asked: Record<string, Input> = {}
  for (const { name } of packages) asked[`packed/${name}`] = packedInput(lockedProvider(catalogue, name), 'facts')
  return Object.keys(asked).every((name) => name in inputs) ? { kind: 'closed' } : { kind: 'ask', inputs: asked, actions: [] }
}

/** Precondition: the name is of a lock of this build, so the lock's own closure has met its recipe. */
export function lockedProvider(catalogue: Catalogue, name: string): Provider {
  const provider = catalogue.get(name)
  if (provider === undefined) throw new Fault('internal', `an image holds "${name}", which no recipe makes`)
  return provider
}

async function plan(context: RunContext): Promise<Outcome> {
  const { cas } = context
  const packages = await lockedPackages(cas, context.inputs['lock'])
  const built = await composedImage(cas, fromSpec<ImageSpec>(context.action.spec), packages)
  if (built.kind === 'complaints') return { kind: 'failed', failure: { kind: 'refused', diagnostics: built.diagnostics } }
  const { root, layers, run, annotations } = built.value
  const top = layers.at(-1)
  const { layer, facts } = await storeLayer(context, top?.entries ?? [], top?.comment ?? '')
  const planned: PlannedLayers = {
    layers: packageLayers(packages, built.value),
    packages: packages.map(({ record }) => ({ name: record.name, version: record.version })),
    run,
    annotations,
  }
  const outputs: Record<string, Output> = {
    plan: await putJson(cas, toJson(planned)),
    top: layer,
    'top-facts': facts,
    root: { kind: 'tree', digest: await rootTree(cas, root.tree) },
  }
  return { kind: 'done', outputs }
}

function packageLayers(packages: readonly PackageFiles[], { root, layers }: ImagePlan): PlannedLayers['layers'] {
  const byName = new Map(packages.map((each) => [each.record.name, each]))
  return layers.flatMap(({ group, comment }) => {
    if (group === undefined) return []
    const members = group.packages.flatMap((name) => byName.get(name) ?? [])
    return [{ group, comment, links: outsideLinks(root.tree, members, root.owners) }]
  })
}

/** The image as data: all its entries, and how it runs. */
function composedImage(cas: Cas, spec: ImageSpec, packages: readonly PackageFiles[]): Promise<Checked<ImagePlan>> {
  return buildImage(spec.config, packages, { arch: spec.arch, time: spec.sourceDateEpoch, keys: [], read: reader(cas), inspect: inspectLibrary })
}

async function lockedPackages(cas: Cas, lock: Parameters<typeof readJson>[1]): Promise<readonly PackageFiles[]> {
  const { packages } = await readJson<ImageLock>(cas, lock)
  return Promise.all(packages.map(({ facts }) => imagePackage(cas, { kind: 'blob', digest: facts })))
}
