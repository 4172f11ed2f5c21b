import type { NodeId } from '../../base/ids.ts'
import type { BuildReport } from '../../engine/report.ts'
import type { Target } from '../../recipes/workspace/workspace.ts'
import type { Session } from '../session.ts'

/** Kinds whose outputs say nothing of the target itself: sources and environments come from elsewhere, tests have none. */
const others = new Set(['fetch', 'git-checkout', 'environment', 'test', 'image-test'])

/** The actions that make a target from sources and other packages: these are built again to prove it. Inputs first. */
export function ownActions(session: Session, report: BuildReport, target: Target): readonly NodeId[] {
  const prefix = prefixOf(session, target)
  const wants = [...report.outputs.keys()]
  // The layers of an image are actions of their own, which only the image names.
  const layers = target.kind === 'image' ? report.graph.ids().filter((id) => id.startsWith('layer:')) : []
  const own = new Set([...report.graph.ids().filter((id) => id.startsWith(prefix)), ...layers.filter((id) => report.graph.dependents(id).some((on) => on.startsWith(prefix)))])
  return report.graph.inputsFirst(wants).filter((id) => own.has(id) && !others.has(report.graph.action(id)?.kind ?? '') && report.nodes.get(id)?.kind === 'done')
}

function prefixOf({ plan }: Session, { kind, name }: Target): string {
  return kind === 'package' ? `package:${plan.catalogue.get(name)?.recipe.origin ?? name}/` : kind === 'image' ? `image:${name}/` : `task:${name}`
}

/** What the recipe says of why it can't be reproduced, if it can't. */
export function exceptionOf({ plan }: Session, { kind, name }: Target): string | undefined {
  return kind === 'package' ? plan.catalogue.get(name)?.recipe.irreproducible : undefined
}
