import { digestHash, type Digest } from '../../base/ids.ts'
import { hashFile } from '../../cache/file-hash.ts'
import { MissingBlob } from '../../cache/missing-blob.ts'
import type { Store } from '../../cache/store.ts'
import { treeBlobs, walkTree } from '../../cache/tree-walk.ts'
import type { BuildReport } from '../../engine/report.ts'
import { blobPath } from '../../cache/layout.ts'
import { unpackedApk } from '../../recipes/kinds/unpacked-apk.ts'

export interface Rehashed {
  readonly blobs: number
  readonly apks: number
  /** What is not as it should be, a line each. */
  readonly problems: readonly string[]
}

/** Hashes everything again that a target's outputs reach, unpacks its apks, and looks whether the blobs of layouts bear their own names. */
export async function rehash(store: Store, report: BuildReport): Promise<Rehashed> {
  const problems: string[] = []
  const blobs = new Set<Digest>()
  for (const [id, outputs] of report.outputs) {
    for (const [name, output] of Object.entries(outputs)) {
      try {
        if (output.kind === 'tree') await treeBlobs(store.cas, output.digest, blobs)
        else blobs.add(output.digest)
      } catch (error) {
        if (!(error instanceof MissingBlob)) throw error
        problems.push(`${id}: a part of ${name} is not in the store`)
      }
    }
  }
  for (const digest of blobs) {
    const problem = await damage(store, digest)
    if (problem !== undefined) problems.push(problem)
  }
  // What is damaged would only fail again when it is unpacked.
  const apks = problems.length > 0 ? 0 : await checkForms(store, report, problems)
  return { blobs: blobs.size, apks, problems }
}

async function damage(store: Store, digest: Digest): Promise<string | undefined> {
  const file = await store.cas.file(digest, false)
  if (file === undefined) return `blob ${digestHash(digest)} is not in the store`
  if ((await hashFile(file)) === digest) return undefined
  store.files.quarantineFile(blobPath(store.layout, digest), digestHash(digest))
  return `blob ${digestHash(digest)} had other bytes, and is in quarantine now`
}

async function checkForms(store: Store, report: BuildReport, problems: string[]): Promise<number> {
  let apks = 0
  for (const [id, { apk, tree, layout }] of report.outputs) {
    if (apk !== undefined && tree !== undefined) {
      apks++
      if ((await unpackedApk(store.cas, apk.digest)) !== tree.digest) problems.push(`${id}: the apk unpacks to something else than its tree`)
    }
    if (layout === undefined) continue
    for await (const { path, node } of walkTree(store.cas, layout.digest)) {
      if (node.kind === 'file' && path.startsWith('blobs/sha256/') && !path.endsWith(digestHash(node.digest))) problems.push(`${id}: ${path} holds ${digestHash(node.digest)}`)
    }
  }
  return apks
}
