import type { NodeId } from '../../base/ids.ts'
import type { Action, ActionKind, Outcome, RunContext } from '../../engine/action.ts'
import type { Catalogue } from '../plan/catalogue.ts'
import { type Composer, type ImageSpec, packedFacts } from './composer.ts'
import { rootTree } from './root-tree.ts'
import { toSpec } from './spec.ts'

export function imageRootAction(id: NodeId, lock: NodeId, spec: ImageSpec): Action {
  return { id, kind: 'image-root', spec: toSpec(spec), inputs: { lock: { kind: 'output', node: lock, output: 'lock' } }, label: `root of ${spec.name}` }
}

/** The whole of an image as a tree, to run and to audit. Nobody needs it to put the image together. */
export function imageRootKind(catalogue: Catalogue, composer: Composer): ActionKind {
  return { name: 'image-root', version: 1, outputs: () => ['root'], expand: (context) => packedFacts(context, catalogue), run: (context) => root(context, composer) }
}

async function root(context: RunContext, composer: Composer): Promise<Outcome> {
  const { image } = await composer.compose(context)
  if (image.kind === 'complaints') return { kind: 'failed', failure: { kind: 'refused', diagnostics: image.diagnostics } }
  return { kind: 'done', outputs: { root: { kind: 'tree', digest: await rootTree(context.cas, image.value.root.tree) } } }
}
