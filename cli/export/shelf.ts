import { join } from 'node:path'
import { digestText } from '../../base/digest.ts'
import type { Digest } from '../../base/ids.ts'
import { nodeId } from '../../base/ids.ts'
import { type Checked, ok } from '../../base/result.ts'
import type { BuildReport } from '../../engine/report.ts'
import { publicPem, type SigningKey } from '../../outputs/apk/sign.ts'
import type { ImageLock } from '../../recipes/kinds/image-lock.ts'
import { readJson } from '../../recipes/kinds/json-blob.ts'
import type { Target } from '../../recipes/workspace/workspace.ts'
import { findOrMakeKey } from '../machine/signing-key.ts'
import type { Session } from '../session.ts'
import type { Machine } from '../wire.ts'
import { exportLayout } from './oci-layout.ts'
import { exportRepository, type Packed } from './repository.ts'
import { Written } from './written.ts'

/** Where a build leaves what it made, in forms that other tools read in place. */
export interface Shelf {
  /** An OCI layout with an entry for each image, by name. */
  readonly images: string
  /** A signed repository of the packages that were wanted, and of those in wanted images. */
  readonly repository: string
}

export function shelfOf(store: string): Shelf {
  return { images: join(store, 'out', 'images'), repository: join(store, 'out', 'repository') }
}

/** Puts finished images and packages where other tools find them, beside the store's versioned content. Replaces what an earlier build left there. */
export async function shelve(order: { readonly session: Session; readonly machine: Machine; readonly report: BuildReport; readonly targets: readonly Target[] }): Promise<Checked<void>> {
  const { session, machine, report } = order
  const { cas, locks, receipts } = machine.store
  const shelf = shelfOf(session.store)
  await using _ = await locks.acquire('shelf', new AbortController().signal)
  for (const { kind, name } of order.targets) {
    const layout = kind === 'image' ? report.outputs.get(nodeId(`image:${name}/layout`))?.['layout'] : undefined
    const written = layout === undefined ? ok(undefined) : await exportLayout(cas, layout.digest, shelf.images)
    if (written.kind === 'complaints') return written
  }
  const packed = await packedOf(order)
  if (packed.length === 0) return ok(undefined)
  const { workspace, store } = session
  const key = await findOrMakeKey({ store, workspace: workspace.folder, sign: workspace.config.keys.sign, locks, signal: new AbortController().signal })
  if (key.kind === 'complaints') return key
  const exported = await exportRepository({ folder: shelf.repository, arch: session.arch, packed, key: key.value.key, cas, written: new Written(receipts, shelf.repository, keyName(key.value.key)) })
  return exported.kind === 'complaints' ? exported : ok(undefined)
}

/** The key by what it is: its name may stand for another one tomorrow. */
function keyName(key: SigningKey): string {
  return `${key.name} ${digestText(publicPem(key))}`
}

/** The packages that were asked for, and those that images hold, each once. */
async function packedOf({ machine, report, targets }: Parameters<typeof shelve>[0]): Promise<readonly Packed[]> {
  const byApk = new Map<Digest, Packed>()
  const add = (packed: Packed): void => {
    if (packed['apk'] !== undefined) byApk.set(packed['apk'].digest, packed)
  }
  for (const [id, outputs] of report.outputs) if (/^package:[^/]+\/pack\//.test(id)) add(outputs)
  for (const { kind, name } of targets) {
    const state = kind === 'image' ? report.nodes.get(nodeId(`image:${name}/lock`)) : undefined
    if (state?.kind !== 'done') continue
    const { packages } = await readJson<ImageLock>(machine.store.cas, state.outputs['lock'])
    for (const { facts, apk } of packages) add({ facts: { kind: 'blob', digest: facts }, apk: { kind: 'blob', digest: apk } })
  }
  return [...byApk.values()]
}
