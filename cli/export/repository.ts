import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Digest, digestSize } from '../../base/ids.ts'
import { type Checked, complaints, ok } from '../../base/result.ts'
import type { Cas, Output } from '../../cache/cache.ts'
import { MissingBlob } from '../../cache/missing-blob.ts'
import { mergeIndex, packIndex, readIndex } from '../../outputs/apk/apkindex.ts'
import { readApkHead } from '../../outputs/apk/read.ts'
import type { PackageRecord } from '../../outputs/apk/record.ts'
import { signHead } from '../../outputs/apk/sign-apk.ts'
import { keyring, publicPem, type SigningKey } from '../../outputs/apk/sign.ts'
import { reader } from '../../recipes/kinds/environment-glue.ts'
import { readJson } from '../../recipes/kinds/json-blob.ts'
import type { PackFacts } from '../../recipes/kinds/pack-facts.ts'
import { besideEachOther, writeHeaded, writeWhole } from './write-file.ts'
import type { Written } from './written.ts'

/** What packing a package gave. */
export type Packed = Readonly<Record<string, Output>>

export interface ExportedPackage {
  readonly name: string
  readonly version: string
  /** Relative to the repository. */
  readonly file: string
}

export interface RepositoryOrder {
  readonly folder: string
  readonly arch: string
  readonly packed: readonly Packed[]
  readonly key: SigningKey
  readonly cas: Cas
  /** What a former export left; left out, everything is written. */
  readonly written?: Written
}

/**
 * Signed apks, a signed index and the public key, as `apk --repository DIR` reads them. What the folder's own index names stays in it if this
 * very key signed it: signing entries of somebody else's index would vouch for what was never looked at.
 */
export async function exportRepository(order: RepositoryOrder): Promise<Checked<readonly ExportedPackage[]>> {
  const { folder, arch, key, written } = order
  const place = join(folder, arch)
  const known = order.packed.map((packed) => (packed['apk'] === undefined ? undefined : written?.record(packed['apk'].digest)))
  if (written?.indexUntouched() === true && known.every((record) => record !== undefined)) return ok(known.map((record) => exported(record, arch)))
  const old = await oldRecords(join(place, 'APKINDEX.tar.gz'), key)
  if (old.kind === 'complaints') return old
  const fresh: PackageRecord[] = []
  for (const record of await besideEachOther(order.packed, async (packed, i) => (known[i] === undefined ? writeApk(place, packed, order) : ok(known[i])))) {
    if (record.kind === 'complaints') return record
    fresh.push(record.value)
  }
  const records = mergeIndex(old.value.filter((record) => existsSync(join(place, fileOf(record)))), fresh)
  const mtime = Math.max(0, ...records.map(({ buildDate }) => buildDate))
  await writeWhole(join(folder, key.name), [Buffer.from(publicPem(key))])
  await writeWhole(join(place, 'APKINDEX.tar.gz'), [await packIndex(records, { description: 'nacre', mtime, key })])
  written?.wroteIndex(`${arch}/APKINDEX.tar.gz`)
  return ok(fresh.map((record) => exported(record, arch)))
}

function exported(record: PackageRecord, arch: string): ExportedPackage {
  return { name: record.name, version: record.version, file: `${arch}/${fileOf(record)}` }
}

function fileOf({ name, version }: PackageRecord): string {
  return `${name}-${version}.apk`
}

async function writeApk(place: string, packed: Packed, { key, cas, arch, written }: RepositoryOrder): Promise<Checked<PackageRecord>> {
  const { record } = await readJson<PackFacts>(cas, packed['facts'])
  const apk = packed['apk']?.digest
  if (apk === undefined) throw new TypeError(`${record.name} has no apk`)
  const bytes = digestSize(apk) <= atHand ? await cas.read(apk) : undefined
  const head = await readApkHead(fileOf(record), bytes === undefined ? reader(cas)(apk) : once(bytes))
  if (head.kind === 'complaints') return head
  const signature = await signHead(head.value, key)
  await writeHeaded(signature, bytes ?? (await placeOf(cas, apk)), join(place, fileOf(record)))
  const indexed = { ...head.value.record, installIf: record.installIf, fileSize: signature.length + digestSize(apk) }
  written?.wroteApk(apk, `${arch}/${fileOf(record)}`, indexed)
  return ok(indexed)
}

/** Bytes of an apk that is read once, and whole. */
const atHand = 1 << 20

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

async function placeOf(cas: Cas, apk: Digest): Promise<string> {
  const file = await cas.file(apk, false)
  if (file === undefined) throw new MissingBlob(apk)
  return file
}

async function oldRecords(path: string, key: SigningKey): Promise<Checked<readonly PackageRecord[]>> {
  if (!existsSync(path)) return ok([])
  const ring = keyring([[key.name, publicPem(key)]])
  if (ring.kind === 'complaints') return ring
  const index = await readIndex(path, readFileSync(path), ring.value)
  if (index.kind === 'ok') return ok(index.value.records)
  return complaints([{ code: 'cli/foreign-repository', severity: 'error', message: `"${path}" is an index that "${key.name}" did not sign`, hint: 'export to another folder, or set keys.sign in nacre.yaml to the key of that repository' }])
}
