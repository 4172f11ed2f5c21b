import type { Cas } from '../../cache/cache.ts'
import { digestHash, nodeId } from '../../base/ids.ts'
import type { BuildReport } from '../../engine/report.ts'
import type { ImageResult } from '../../recipes/kinds/image.ts'
import { commandOf } from '../../recipes/kinds/image-sandbox.ts'
import { readJson } from '../../recipes/kinds/json-blob.ts'
import type { Target } from '../../recipes/workspace/workspace.ts'
import type { Shelf } from '../export/shelf.ts'
import { size } from '../render/words.ts'

/** What was made, and what to do with it. */
export async function tellMade(cas: Cas, report: BuildReport, what: { readonly targets: readonly Target[]; readonly shelf: Shelf; readonly arch: string }): Promise<readonly string[]> {
  const { targets, shelf, arch } = what
  const lines: string[] = []
  for (const target of targets) {
    if (target.kind !== 'image') continue
    const outputs = report.outputs.get(nodeId(`image:${target.name}/layout`))
    if (outputs === undefined) continue
    const image = await readJson<ImageResult>(cas, outputs['facts'])
    lines.push(
      `image:${target.name}  sha256:${digestHash(image.manifest)}  ${image.packages.length} packages, ${image.layers.length} layers, ${size(image.size)}`,
      ...(commandOf(image.run, []).length === 0 ? [] : [`  run it:    nacre run image:${target.name}`]),
      `  it is in:  oci:${shelf.images}:${target.name}`,
      `  export it: nacre export image:${target.name} --to oci:out/${target.name}`,
    )
  }
  const packages = targets.filter((target) => target.kind === 'package').map((target) => target.name)
  if (packages.length > 0) lines.push(`${packages.length === 1 ? '1 package' : `${packages.length} packages`}`, `  export: nacre export ${exported(packages)} --to out`)
  if (lines.length > 0) lines.push(`packages, signed: ${shelf.repository}/${arch}`)
  return lines
}

/** As one would type it; a long list is better said as all. */
function exported(packages: readonly string[]): string {
  return packages.length > 4 ? '--all' : packages.map((name) => `package:${name}`).join(' ')
}
