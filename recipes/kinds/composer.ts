import { canonical } from '../../base/canonical.ts'
import { Fault } from '../../base/result.ts'
import type { Checked } from '../../base/result.ts'
import type { Cas, Output } from '../../cache/cache.ts'
import type { ExpandContext, Expansion, Input, RunContext } from '../../engine/action.ts'
import { inspectLibrary } from '../../outputs/elf/inspect-library.ts'
import { buildImage, type ImagePlan } from '../../outputs/oci/build-image.ts'
import type { ImageConfiguration } from '../../outputs/oci/image-config.ts'
import type { PackageFiles } from '../../outputs/rootfs/install-packages.ts'
import type { Catalogue, Provider } from '../plan/catalogue.ts'
import { reader } from './environment-glue.ts'
import { type ImageLock, packedInput } from './image-lock.ts'
import { imagePackage } from './image-packages.ts'
import { readJson } from './json-blob.ts'
import { fromSpec } from './spec.ts'

/** What an image is made from besides its packages. */
export interface ImageSpec {
  readonly name: string
  readonly arch: string
  readonly config: ImageConfiguration
  readonly sourceDateEpoch: number
}

export interface Composed {
  readonly packages: readonly PackageFiles[]
  /** The image as data: all its entries, and how it runs. */
  readonly image: Checked<ImagePlan>
}

/** Composes an image of its lock. The plan of its layers and its root as a tree are two actions of one composition, which is kept while the collector lets it. */
export class Composer {
  #last: { readonly key: string; readonly composed: WeakRef<Promise<Composed>> } | undefined

  /** Nobody may change what is given. */
  compose({ action, inputs, cas }: RunContext): Promise<Composed> {
    const key = `${canonical(action.spec)} ${inputs['lock']?.digest}`
    const known = this.#last?.key === key ? this.#last.composed.deref() : undefined
    if (known !== undefined) return known
    const composed = compose(cas, fromSpec<ImageSpec>(action.spec), inputs['lock'])
    this.#last = { key, composed: new WeakRef(composed) }
    // A blob that is missing now may be made again.
    composed.catch(() => (this.#last = undefined))
    return composed
  }
}

/** What packing said of each locked package, as inputs: the outputs of whoever packed it, so that what the store loses is made again. */
export async function packedFacts({ cas, inputs }: ExpandContext, catalogue: Catalogue): Promise<Expansion> {
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

async function compose(cas: Cas, spec: ImageSpec, lock: Output | undefined): Promise<Composed> {
  const locked = await readJson<ImageLock>(cas, lock)
  const packages = await Promise.all(locked.packages.map(({ facts }) => imagePackage(cas, { kind: 'blob', digest: facts })))
  return { packages, image: await buildImage(spec.config, packages, { arch: spec.arch, time: spec.sourceDateEpoch, keys: [], read: reader(cas), inspect: inspectLibrary }) }
}
