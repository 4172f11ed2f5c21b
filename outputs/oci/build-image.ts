// From a configuration and its packages to everything that an image holds, before a byte of it is compressed.
import { type Checked, ok } from '../../base/result.ts'
import type { PackageFiles } from '../rootfs/install-packages.ts'
import { defaultLayering, type ImageConfiguration } from './image-config.ts'
import { imageAnnotations, runConfig } from './image.ts'
import { type LayerEntry, outsideLinks, packageLayer, topLayer, topOfLonePackages } from './layers.ts'
import type { RunConfig } from './media.ts'
import { type LayerGroup, planLayers } from './plan-layers.ts'
import { composeRoot, type Root, type RootOptions } from './root.ts'

export interface LayerPlan {
  /** Undefined for the top layer: what no package owns, or all of a single-layer image. */
  readonly group: LayerGroup | undefined
  /** For the image's history. */
  readonly comment: string
  /** Found when it is first asked for: who only wants to know which layers there are does not pay for what is in them. */
  readonly entries: readonly LayerEntry[]
}

export interface ImagePlan {
  readonly root: Root
  /** Bottom first. */
  readonly layers: readonly LayerPlan[]
  readonly run: RunConfig
  readonly annotations: Readonly<Record<string, string>>
  /** Seconds since the epoch. */
  readonly created: number
}

/** Packages come in install order; `time` of the options is the source date epoch, the `created` of the image. */
export async function buildImage(config: ImageConfiguration, packages: readonly PackageFiles[], options: RootOptions): Promise<Checked<ImagePlan>> {
  const root = await composeRoot(config, packages, options)
  if (root.kind === 'complaints') return root
  const annotations = imageAnnotations(config, options.time)
  const run = runConfig(config, root.value.passwd, annotations)
  if (run.kind === 'complaints') return run
  return ok({ root: root.value, layers: layerPlans(config, packages, root.value), run: run.value, annotations, created: options.time })
}

function layerPlans(config: ImageConfiguration, packages: readonly PackageFiles[], root: Root): readonly LayerPlan[] {
  const byName = new Map(packages.map((each) => [each.record.name, each]))
  const groups = planLayers(packages.map(({ record }) => record), config.layering ?? defaultLayering)
  const lower = groups.map((group): LayerPlan => {
    const members = group.packages.flatMap((name) => byName.get(name) ?? [])
    return lazily({ group, comment: commentOf(group) }, () => packageLayer(members, outsideLinks(root.tree, members, root.owners)))
  })
  const comment = groups.length === 0 ? 'all packages' : 'configuration and database'
  return [...lower, lazily({ group: undefined, comment }, () => (groups.length === 0 ? undefined : topOfLonePackages(root.tree, packages, root.installed)) ?? topLayer(root.tree, lower.map(({ entries }) => entries)))]
}

function lazily(plan: Omit<LayerPlan, 'entries'>, find: () => readonly LayerEntry[]): LayerPlan {
  let found: readonly LayerEntry[] | undefined
  return {
    ...plan,
    get entries() {
      return (found ??= find())
    },
  }
}

/** Named by source packages, not by versions: two images with equal layers have equal histories. */
function commentOf({ origins }: LayerGroup): string {
  const shown = origins.slice(0, 8).join(', ')
  return origins.length > 8 ? `${shown} and ${origins.length - 8} more` : shown
}
