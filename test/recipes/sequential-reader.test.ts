import { chmodSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Digest } from '../../base/ids.ts'
import { digestHash } from '../../base/ids.ts'
import { systemClock, systemRandom } from '../../base/ports.ts'
import { blobPath } from '../../cache/layout.ts'
import { MissingBlob } from '../../cache/missing-blob.ts'
import { openStore, type Store } from '../../cache/store.ts'
import type { ReadBlob } from '../../outputs/rootfs/content.ts'
import { sequentialReader } from '../../recipes/kinds/sequential-reader.ts'
import { bytesOf } from '../cache/laws.ts'
import { tempFolder } from '../cache/temp-folder.ts'

test('reads blobs of every size one after another, each as it is', async () => {
  await using store = opened()
  const read = sequentialReader(store.cas)
  const sizes = [0, 1, 4096, 65535, 65536, 300_000, 70_000, 1 << 20, (1 << 20) + 1, 3_000_000]
  const all = sizes.map((size) => bytesOf(size))
  const digests: Digest[] = []
  for (const bytes of all) digests.push(await store.cas.put(bytes))
  for (const [i, digest] of digests.entries()) expect(Buffer.compare(await copied(read, digest), all[i] ?? Buffer.from('none')), `${sizes[i]} bytes`).toBe(0)
})

test('never gives bytes that are not what their digest says, and has the store put them aside', async () => {
  await using store = opened()
  const read = sequentialReader(store.cas)
  const digest = await store.cas.put(bytesOf(200_000))
  rot(blobPath(store.layout, digest))
  await expect(copied(read, digest)).rejects.toThrow(MissingBlob)
  expect(readdirSync(store.layout.quarantine).map((name) => name.slice(0, 64))).toEqual([digestHash(digest)])
})

test('says that a blob is missing', async () => {
  await using store = opened()
  const digest = await store.cas.put(bytesOf(200_001))
  rmSync(blobPath(store.layout, digest))
  await expect(copied(sequentialReader(store.cas), digest)).rejects.toThrow(MissingBlob)
})

function opened(): Store & AsyncDisposable {
  const store = openStore(tempFolder(), { clock: systemClock, random: systemRandom })
  return Object.assign(store, { [Symbol.asyncDispose]: () => store.close() })
}

async function copied(read: ReadBlob, digest: Digest): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of read(digest)) chunks.push(Uint8Array.from(chunk))
  return Buffer.concat(chunks)
}

/** Damage that no stat shows. */
function rot(path: string): void {
  const { atime, mtime } = statSync(path)
  const bytes = readFileSync(path)
  bytes[1000] = (bytes[1000] ?? 0) ^ 1
  chmodSync(path, 0o644)
  writeFileSync(path, bytes)
  chmodSync(path, 0o444)
  utimesSync(path, atime, mtime)
}
