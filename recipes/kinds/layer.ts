import { hash } from 'node:crypto'
import { type Digest, nodeId } from '../../base/ids.ts'
import { canonical } from '../../base/canonical.ts'
import type { Json } from '../../base/json.ts'
import type { Output } from '../../cache/cache.ts'
import type { Action, ActionKind, Input, Outcome, RunContext } from '../../engine/action.ts'
import { encoderId } from '../../outputs/archive/deflate.ts'
import { type LayerFacts, writeLayer, type WriteLayerOptions } from '../../outputs/oci/layer-tar.ts'
import { writePackageLayer } from '../../outputs/oci/layer-reuse.ts'
import type { LayerEntry, OutsideLink } from '../../outputs/oci/layers.ts'
import type { LayerGroup } from '../../outputs/oci/plan-layers.ts'
import { reader } from './environment-glue.ts'
import { packedPackage } from './image-packages.ts'
import { putJson } from './json-blob.ts'
import { fromSpec } from './spec.ts'

/** A layer as a later action takes it: its bytes, and what a manifest says of them. */
export interface LayerResult extends LayerFacts {
  readonly comment: string
}

/**
 * The layer of one group of packages, an action of its own: two images with the same group share it, and a nano update of one package
 * compresses one layer anew. Named by its content, so that whoever asks first makes it for all.
 */
export function layerAction(order: { readonly group: LayerGroup; readonly comment: string; readonly links: readonly OutsideLink[]; readonly packed: readonly PackedInput[] }): Action {
  const { group, links, packed } = order
  const spec = { packages: group.packages, links: links.map((link) => [...link]), encoder: encoderId, comment: order.comment }
  const name = hash('sha256', canonical({ spec, packed: packed.map((one) => one.content) }), 'hex').slice(0, 16)
  return {
    id: nodeId(`layer:${group.origins[0] ?? 'empty'}:${name}`),
    kind: 'layer',
    spec,
    inputs: Object.fromEntries(packed.flatMap(({ facts, apk }, i) => [[`facts/${numbered(i)}`, facts] as const, [`apk/${numbered(i)}`, apk] as const])),
    label: `layer ${order.comment}`,
  }
}

/** A packed package of a layer: what packing said of it, and its bytes. */
export interface PackedInput {
  /** What both are, for the layer's name. */
  readonly content: readonly [facts: Digest, apk: Digest]
  readonly facts: Input
  readonly apk: Input
}

function numbered(i: number): string {
  return String(i).padStart(4, '0')
}

export function layerKind(): ActionKind {
  return { name: 'layer', version: 1, outputs: () => ['layer', 'facts'], run: layer }
}

async function layer(context: RunContext): Promise<Outcome> {
  const { links, comment } = fromSpec<{ readonly links: readonly OutsideLink[]; readonly comment: string }>(context.action.spec)
  const count = Object.keys(context.inputs).length / 2
  const packages = await Promise.all(Array.from({ length: count }, (_, i) => packedPackage(context.cas, context.inputs[`facts/${numbered(i)}`], context.inputs[`apk/${numbered(i)}`])))
  const { layer: bytes, facts } = await stored(context, comment, (options) => writePackageLayer(packages, links, options))
  return { kind: 'done', outputs: { layer: bytes, facts } }
}

/** Writes a layer into the store, in bounded memory. */
export function storeLayer(context: RunContext, entries: readonly LayerEntry[], comment: string): Promise<StoredLayer> {
  return stored(context, comment, (options) => writeLayer(entries, options))
}

interface StoredLayer {
  readonly layer: Output
  readonly facts: Output
}

async function stored(context: RunContext, comment: string, write: (options: WriteLayerOptions) => Promise<LayerFacts>): Promise<StoredLayer> {
  // Straight into the store: what is given up on the way never becomes visible there.
  const { cas } = context
  const join = cas.putJoined?.bind(cas)
  const facts = await write({ read: reader(cas), sink: (bytes) => cas.putStream(bytes), ...(join === undefined ? {} : { join }) })
  const result: LayerResult = { ...facts, comment }
  return { layer: { kind: 'blob', digest: facts.blob }, facts: await putJson(context.cas, { ...result } as Json) }
}
