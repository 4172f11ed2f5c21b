import { createReadStream } from 'node:fs'
import { absPath, type Digest, nodeId, parseDigest } from '../../base/ids.ts'
import type { Output } from '../../cache/cache.ts'
import { systemClock, systemRandom } from '../../base/ports.ts'
import { openStore, type Store } from '../../cache/store.ts'
import type { RunContext } from '../../engine/action.ts'
import { GzipEncoder } from '../../outputs/archive/gzip.ts'
import { readJson } from '../../recipes/kinds/json-blob.ts'
import { packAction, packKind } from '../../recipes/kinds/pack.ts'
import type { PackFacts } from '../../recipes/kinds/pack-facts.ts'
import type { Task } from './tasks.ts'

/** The pinned encoder over a tar, and nothing else. */
export const encode: Task = ({ tar }) =>
  Promise.resolve(async () => {
    for await (const _ of new GzipEncoder().encode(createReadStream(String(tar), { highWaterMark: 256 * 1024 }))) continue
  })

/** The action `pack` of a tree that is in the store, until the apk is there too. */
export const pack: Task = (argument) => Promise.resolve(async () => void (await packed(opened(argument['store']), argument)))

/** The apk's bytes, and how many of them come before its data. */
export async function packTo(argument: Parameters<Task>[0]): Promise<{ readonly apk: Uint8Array; readonly controlSize: number }> {
  const store = opened(argument['store'])
  const outputs = await packed(store, argument)
  const { controlSize } = await readJson<PackFacts>(store.cas, outputs['facts'])
  const apk = await store.cas.read(digest(outputs['apk']?.digest))
  await store.close()
  return { apk: apk ?? new Uint8Array(), controlSize }
}

function opened(folder: string | number | undefined): Store {
  return openStore(absPath(String(folder)), { clock: systemClock, random: systemRandom })
}

async function packed(store: Store, { tree, record, sbom, sums }: Parameters<Task>[0]): Promise<Readonly<Record<string, Output>>> {
  await using scratch = store.temp('bench')
  const node = nodeId('large')
  const context: RunContext = {
    action: packAction({ id: node, name: 'large', tree: { kind: 'output', node, output: 'large' }, describe: node, scripts: {} }),
    inputs: { tree: { kind: 'tree', digest: digest(tree) }, record: { kind: 'blob', digest: digest(record) }, sbom: { kind: 'blob', digest: digest(sbom) }, sums: { kind: 'blob', digest: digest(sums) } },
    cas: store.cas,
    scratch: scratch.path,
    signal: new AbortController().signal,
    log: () => undefined,
    keep: () => undefined, processors: async () => () => undefined,
  }
  const outcome = await packKind().run(context)
  if (outcome.kind !== 'done') throw new Error(JSON.stringify(outcome))
  return outcome.outputs
}

function digest(text: string | number | undefined): Digest {
  return parseDigest(String(text)) ?? fail(`not a digest: ${text}`)
}

function fail(message: string): never {
  throw new TypeError(message)
}
