import { createHash, randomBytes } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { digestBytes, Hasher } from '../../../base/digest.ts'
import { type Digest, digestHash } from '../../../base/ids.ts'
import { readApk } from '../../../outputs/apk/read.ts'
import type { PackageRecord } from '../../../outputs/apk/record.ts'
import { type PackEntry, packApk } from '../../../outputs/apk/write.ts'
import { readTar } from '../../../outputs/archive/tar-read.ts'
import { loneDiffId, type PackedPackage, writePackageLayer } from '../../../outputs/oci/layer-reuse.ts'
import { layerTar, tarEntries } from '../../../outputs/oci/layer-tar.ts'
import { packageLayer } from '../../../outputs/oci/layers.ts'
import type { Content } from '../../../outputs/rootfs/content.ts'

const noise = randomBytes(1_500_000)
const text = Buffer.from('a line that compresses well\n'.repeat(60_000))

const files = {
  one: { usr: null, 'usr/share': null, 'usr/share/noise': noise, 'usr/share/text': text, 'usr/share/link': '->text', var: null, 'var/empty': null },
  two: { usr: null, 'usr/share': null, 'usr/share/two': Buffer.from('two'), 'usr/share/none': Buffer.alloc(0) },
  over: { usr: null, 'usr/share': null, 'usr/share/two': Buffer.from('over') },
} as const

it('takes over the packed bytes of packages that stand side by side', async () => {
  const packages = [await packed('one'), await packed('two')]
  const { blob, facts } = await layer(packages)
  expect(blob.includes((await member(packages[0])).subarray(10, 200_000))).toBe(true)
  const tar = gunzipSync(blob)
  expect([digestHash(facts.diffId), digestHash(facts.blob)]).toEqual([sha256(tar), sha256(blob)])
  expect(await listed(tar)).toEqual(await listed(await composed(packages)))
  expect((await layer(packages)).blob.equals(blob)).toBe(true)
})

it('makes a layer of one package of what packing found, the same as by unpacking it', async () => {
  const one = await packed('one')
  const { lone: _, ...unknown } = one
  expect(one.lone).toBeDefined()
  const [known, found] = [await layer([one]), await layer([unknown])]
  expect(known.facts).toEqual(found.facts)
  expect(known.blob.equals(found.blob)).toBe(true)
  expect(digestHash(known.facts.diffId)).toBe(sha256(gunzipSync(known.blob)))
})

it('composes anew where one package overwrites a file of another', async () => {
  const packages = [await packed('two'), await packed('over', { origin: 'two' })]
  const { blob, facts } = await layer(packages)
  expect(gunzipSync(blob).equals(await composed(packages))).toBe(true)
  expect(digestHash(facts.diffId)).toBe(sha256(gunzipSync(blob)))
})

it('composes anew where files go through a link of another package', async () => {
  const packages = [await packed('two')]
  const { blob } = await layer(packages, [['usr/share', 'lib']])
  expect([...(await listed(gunzipSync(blob))).keys()]).toContain('usr/lib/two')
})

it.each([
  ['another encoder made', (bytes: Buffer) => gzipSync(gunzipSync(bytes), { level: 6 })],
  // A stored block that goes on to the very end: the bytes that end an archive of nacre's lie inside of it.
  ['is cut in the middle of a block', (bytes: Buffer) => stored(gunzipSync(bytes), bytes)],
  ['is cut short', (bytes: Buffer) => bytes.subarray(0, 12)],
])('composes anew where a member %s', async (_name, change) => {
  const two = await packed('two')
  const changed = change(await member(two))
  const packages = [await packed('one'), { ...two, data: () => chunksOf(changed) }]
  expect(gunzipSync((await layer(packages)).blob).equals(await composed(packages))).toBe(true)
})

async function packed(name: keyof typeof files, more: Partial<PackageRecord> = {}): Promise<PackedPackage> {
  const record: PackageRecord = {
    name, version: '1-r0', arch: 'noarch', description: name, url: '', license: 'MIT', origin: name, maintainer: '', commit: '', buildDate: 1700000000, installedSize: 0,
    depends: [], provides: [], replaces: [], installIf: [], triggers: [], ...more,
  }
  const data: Uint8Array[] = []
  const tar = new Hasher()
  const made = await packApk({
    record,
    entries: Object.entries(files[name]).map(([path, what]) => entryOf(path, what)),
    sink: async (bytes) => {
      for await (const chunk of bytes) data.push(chunk)
    },
    tar: (chunk) => tar.update(chunk),
  })
  if (made.kind === 'complaints') throw new Error(JSON.stringify(made.diagnostics))
  const contents = new Map<string, Content>(Object.entries(files[name]).flatMap(([path, what]) => (what === null || typeof what === 'string' ? [] : [[path, { kind: 'bytes', bytes: what }]])))
  const apk = await readApk(name, chunksOf(Buffer.concat([made.value.control, ...data])))
  if (apk.kind === 'complaints') throw new Error(JSON.stringify(apk.diagnostics))
  const unpacked = { record: apk.value.head.record, entries: apk.value.entries, scripts: {}, contents }
  const diffId = await loneDiffId(unpacked, tar, nothing)
  return { ...unpacked, data: () => chunksOf(Buffer.concat(data)), ...(diffId === undefined ? {} : { lone: { diffId, body: made.value.data.body } }) }
}

function entryOf(path: string, what: Buffer | string | null): PackEntry {
  if (what === null) return { path, mode: 0o755, node: { kind: 'directory' } }
  if (typeof what === 'string') return { path, mode: 0o777, node: { kind: 'symlink', target: what.slice(2) } }
  return { path, mode: 0o644, node: { kind: 'file', size: what.length, open: () => [what] } }
}

async function layer(packages: readonly PackedPackage[], links: readonly (readonly [string, string])[] = []) {
  let chunks: Uint8Array[] = []
  const sink = async (bytes: AsyncIterable<Uint8Array>): Promise<Digest> => {
    chunks = []
    for await (const chunk of bytes) chunks.push(chunk)
    return digestBytes(Buffer.concat(chunks))
  }
  const facts = await writePackageLayer(packages, links, { read: nothing, sink })
  return { facts, blob: Buffer.concat(chunks) }
}

async function composed(packages: readonly PackedPackage[]): Promise<Buffer> {
  const entries = packageLayer(packages, [])
  expect(tarEntries(entries).length).toBeGreaterThan(5)
  const chunks: Uint8Array[] = []
  for await (const chunk of layerTar(entries, nothing)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** What a layer puts at each path, folders aside: their state in the end is the top layer's. */
async function listed(tar: Uint8Array): Promise<Map<string, unknown>> {
  const found = new Map<string, unknown>()
  for await (const [entry, content] of readTar(chunksOf(Buffer.from(tar)))) {
    const chunks: Uint8Array[] = []
    if (entry.kind === 'file') for await (const chunk of content) chunks.push(chunk)
    if (entry.kind !== 'directory') found.set(entry.path, [entry.kind, entry.mode, entry.mtime, entry.link, sha256(Buffer.concat(chunks))])
  }
  return new Map([...found].sort())
}

async function member(one: PackedPackage | undefined): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  if (one !== undefined) for await (const chunk of one.data()) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** One stored block of the tar, whose last bytes are made to equal those that end `model`; header and trailer are right. */
function stored(tar: Buffer, model: Buffer): Buffer {
  const body = Buffer.concat([tar, model.subarray(-8 - 40, -8)])
  const block = Buffer.alloc(5)
  block.writeUInt8(1)
  block.writeUInt16LE(body.length, 1)
  block.writeUInt16LE(~body.length & 0xffff, 3)
  const plain = gzipSync(body)
  return Buffer.concat([model.subarray(0, 10), block, body, plain.subarray(-8)])
}

async function* chunksOf(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 65_521) yield bytes.subarray(at, at + 65_521)
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function nothing(): never {
  throw new Error('nothing is stored')
}
