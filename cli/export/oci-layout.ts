import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Digest, digestHash, relPath } from '../../base/ids.ts'
import { type Checked, complaints, Fault, ok } from '../../base/result.ts'
import type { Cas } from '../../cache/cache.ts'
import { readTreeFile, walkTree } from '../../cache/tree-walk.ts'
import { besideEachOther, copyWhole, writeWhole } from './write-file.ts'

interface IndexFile {
  readonly schemaVersion: number
  readonly mediaType?: string
  readonly manifests: readonly { readonly annotations?: Readonly<Record<string, string>> }[]
}

/**
 * Writes an image's layout into a folder that is empty, new, or an OCI layout already: then images of other names stay in it. The index comes
 * last, so that it never names a blob that is not there.
 */
export async function exportLayout(cas: Cas, tree: Digest, folder: string): Promise<Checked<void>> {
  const refused = refusal(folder)
  if (refused !== undefined) return complaints([refused])
  const index = await indexOf(cas, tree)
  const others = othersIn(folder, refNames(index))
  const blobs = new Map<string, Digest>()
  // First of all, so that a folder that was left half written is taken again.
  await writeWhole(join(folder, 'oci-layout'), [await fileOf(cas, tree, 'oci-layout')])
  for await (const { path, node } of walkTree(cas, tree)) {
    if (node.kind === 'file' && path.startsWith('blobs/')) blobs.set(path, node.digest)
  }
  // Named by its content: what is there is the same.
  const lacking = [...blobs].filter(([path]) => !existsSync(join(folder, path)))
  await besideEachOther(lacking, async ([path, digest]) => copyWhole(await placeOf(cas, digest), join(folder, path)))
  await writeWhole(join(folder, 'index.json'), [Buffer.from(JSON.stringify({ ...index, manifests: [...others, ...index.manifests] }))])
  if (others.length === 0) removeOthers(folder, blobs)
  return ok(undefined)
}

async function placeOf(cas: Cas, digest: Digest): Promise<string> {
  const file = await cas.file(digest, false)
  if (file === undefined) throw new Fault('internal', `blob ${digestHash(digest)} of an image is not in the store`)
  return file
}

async function indexOf(cas: Cas, tree: Digest): Promise<IndexFile> {
  return JSON.parse(Buffer.from(await fileOf(cas, tree, 'index.json')).toString('utf8')) as IndexFile
}

async function fileOf(cas: Cas, tree: Digest, name: string): Promise<Uint8Array> {
  const bytes = await readTreeFile(cas, tree, relPath(name))
  if (bytes === undefined) throw new Fault('internal', `an image layout without ${name}`)
  return bytes
}

const refName = 'org.opencontainers.image.ref.name'

function refNames({ manifests }: IndexFile): ReadonlySet<string> {
  return new Set(manifests.flatMap(({ annotations }) => annotations?.[refName] ?? []))
}

function othersIn(folder: string, names: ReadonlySet<string>): IndexFile['manifests'] {
  const path = join(folder, 'index.json')
  if (!existsSync(path)) return []
  const index = JSON.parse(readFileSync(path, 'utf8')) as IndexFile
  return index.manifests.filter(({ annotations }) => !names.has(annotations?.[refName] ?? ''))
}

function refusal(folder: string): Extract<Checked<never>, { kind: 'complaints' }>['diagnostics'][number] | undefined {
  if (!existsSync(folder) || existsSync(join(folder, 'oci-layout')) || readdirSync(folder).length === 0) return undefined
  return { code: 'cli/not-a-layout', severity: 'error', message: `"${folder}" is neither empty nor an OCI layout`, hint: 'name another folder, or remove this one' }
}

/** Blobs that an earlier export of the same image left. */
function removeOthers(folder: string, blobs: ReadonlyMap<string, Digest>): void {
  for (const name of readdirSync(join(folder, 'blobs', 'sha256'))) if (!blobs.has(`blobs/sha256/${name}`)) rmSync(join(folder, 'blobs', 'sha256', name))
}
