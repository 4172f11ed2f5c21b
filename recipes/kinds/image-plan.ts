import type { NodeId } from '../../base/ids.ts'
import type { Output } from '../../cache/cache.ts'
import type { Action, ActionKind, Outcome, RunContext } from '../../engine/action.ts'
import type { ImagePlan } from '../../outputs/oci/build-image.ts'
import { outsideLinks, type OutsideLink } from '../../outputs/oci/layers.ts'
import type { RunConfig } from '../../outputs/oci/media.ts'
import type { LayerGroup } from '../../outputs/oci/plan-layers.ts'
import type { PackageFiles } from '../../outputs/rootfs/install-packages.ts'
import type { Catalogue } from '../plan/catalogue.ts'
import { type Composer, type ImageSpec, packedFacts } from './composer.ts'
import { putJson } from './json-blob.ts'
import { storeLayer } from './layer.ts'
import { toJson, toSpec } from './spec.ts'

/** Which layers of packages an image has, bottom first, before any is written, and what its configuration says besides layers. */
export interface PlannedLayers {
  readonly layers: readonly { readonly group: LayerGroup; readonly comment: string; readonly links: readonly OutsideLink[] }[]
  readonly packages: readonly { readonly name: string; readonly version: string }[]
  readonly run: RunConfig
  readonly annotations: Readonly<Record<string, string>>
}

export function imagePlanAction(id: NodeId, lock: NodeId, spec: ImageSpec): Action {
  return { id, kind: 'image-plan', spec: toSpec(spec), inputs: { lock: { kind: 'output', node: lock, output: 'lock' } }, label: `compose ${spec.name}` }
}

/** Composes the root: which layers it takes, and what lies on top of them. */
export function imagePlanKind(catalogue: Catalogue, composer: Composer): ActionKind {
  return { name: 'image-plan', version: 3, outputs: () => ['plan', 'top', 'top-facts'], expand: (context) => packedFacts(context, catalogue), run: (context) => plan(context, composer) }
}

async function plan(context: RunContext, composer: Composer): Promise<Outcome> {
  const { cas } = context
  const { packages, image } = await composer.compose(context)
  if (image.kind === 'complaints') return { kind: 'failed', failure: { kind: 'refused', diagnostics: image.diagnostics } }
  const { layers, run, annotations } = image.value
  const top = layers.at(-1)
  const { layer, facts } = await storeLayer(context, top?.entries ?? [], top?.comment ?? '')
  const planned: PlannedLayers = {
    layers: packageLayers(packages, image.value),
    packages: packages.map(({ record }) => ({ name: record.name, version: record.version })),
    run,
    annotations,
  }
  const outputs: Record<string, Output> = { plan: await putJson(cas, toJson(planned)), top: layer, 'top-facts': facts }
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
