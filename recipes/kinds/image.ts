import { type Digest, digestHash, type NodeId, relPath, type RelPath } from '../../base/ids.ts'
import type { Output } from '../../cache/cache.ts'
import { buildTree, type TreeEntry } from '../../cache/tree-builder.ts'
import type { Action, ActionKind, ExpandContext, Expansion, Input, Outcome, RunContext } from '../../engine/action.ts'
import { makeImage } from '../../outputs/oci/image.ts'
import { layoutFiles } from '../../outputs/oci/layout.ts'
import type { RunConfig } from '../../outputs/oci/media.ts'
import { contentSize } from '../../outputs/rootfs/content.ts'
import type { Catalogue } from '../plan/catalogue.ts'
import { lockedProvider } from './composer.ts'
import { type ImageLock, packedInput } from './image-lock.ts'
import type { PlannedLayers } from './image-plan.ts'
import { putJson, readJson } from './json-blob.ts'
import { layerAction, type LayerResult, type PackedInput } from './layer.ts'
import { contentInStore } from './root-tree.ts'
import { fromSpec, toJson, toSpec } from './spec.ts'

/** What people and later actions want to know of an image. */
export interface ImageResult {
  readonly manifest: Digest
  readonly config: Digest
  /** Compressed bytes of all layers. */
  readonly size: number
  readonly layers: readonly LayerResult[]
  readonly packages: readonly { readonly name: string; readonly version: string }[]
  readonly run: RunConfig
}

/** Which image it is; the rest is in what composing it gave. */
export interface ImageName {
  readonly name: string
  readonly arch: string
  /** Seconds since the epoch. */
  readonly created: number
}

export function imageAction(id: NodeId, from: { readonly lock: NodeId; readonly plan: NodeId }, image: ImageName): Action {
  const planned = (output: string): Input => ({ kind: 'output', node: from.plan, output })
  return {
    id,
    kind: 'image',
    spec: toSpec(image),
    inputs: { lock: { kind: 'output', node: from.lock, output: 'lock' }, plan: planned('plan'), top: planned('top'), 'top-facts': planned('top-facts') },
    label: `image ${image.name}`,
  }
}

/** Puts the layers of an image together as an OCI layout. Reads what is known of them, and none of their bytes. */
export function imageKind(catalogue: Catalogue): ActionKind {
  return { name: 'image', version: 3, outputs: () => ['layout', 'facts'], expand: (context) => layers(context, catalogue), run: image }
}

/** Asks for the layers that the plan names, each an action of its own. */
async function layers({ cas, inputs }: ExpandContext, catalogue: Catalogue): Promise<Expansion> {
  if ('facts/0000' in inputs) return { kind: 'closed' }
  const { layers: plans } = await readJson<PlannedLayers>(cas, inputs['plan'])
  const { packages } = await readJson<ImageLock>(cas, inputs['lock'])
  const packed = new Map(
    packages.map(({ name, facts, apk }): readonly [string, PackedInput] => {
      const provider = lockedProvider(catalogue, name)
      return [name, { content: [facts, apk], facts: packedInput(provider, 'facts'), apk: packedInput(provider, 'apk') }]
    }),
  )
  const asked: Record<string, Input> = {}
  const actions = plans.map(({ group, comment, links }, i) => {
    const action = layerAction({ group, comment, links, packed: group.packages.flatMap((name) => packed.get(name) ?? []) })
    const number = String(i).padStart(4, '0')
    asked[`layer/${number}`] = { kind: 'output', node: action.id, output: 'layer' }
    asked[`facts/${number}`] = { kind: 'output', node: action.id, output: 'facts' }
    return action
  })
  return actions.length === 0 ? { kind: 'closed' } : { kind: 'ask', inputs: asked, actions }
}

async function image(context: RunContext): Promise<Outcome> {
  const { cas, inputs } = context
  const { name, arch, created } = fromSpec<ImageName>(context.action.spec)
  const { packages, run, annotations } = await readJson<PlannedLayers>(cas, inputs['plan'])
  const known = [...Object.keys(inputs).filter((input) => input.startsWith('facts/')).sort(), 'top-facts']
  const all = await Promise.all(known.map((input) => readJson<LayerResult>(cas, inputs[input])))
  const made = makeImage({ arch, created, layers: all, run, annotations })
  const facts: ImageResult = {
    ...{ manifest: made.manifest, config: made.config, layers: all, packages, run },
    size: all.reduce((sum, { blob }) => sum + contentSize({ kind: 'blob', digest: blob }), 0),
  }
  context.log(`sha256:${digestHash(made.manifest)}\n`)
  const files: (readonly [RelPath, TreeEntry])[] = []
  for (const [path, content] of layoutFiles([made], { name, annotations })) files.push([relPath(path), { kind: 'file', mode: 0o644, digest: await contentInStore(cas, content) }])
  const outputs: Record<string, Output> = {
    layout: { kind: 'tree', digest: await buildTree(cas, files) },
    facts: await putJson(cas, toJson(facts)),
  }
  return { kind: 'done', outputs }
}
