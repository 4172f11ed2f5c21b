import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { digestBytes } from '../../../base/digest.ts'
import { type Digest, digestHash } from '../../../base/ids.ts'
import { buildImage, type ImagePlan } from '../../../outputs/oci/build-image.ts'
import { dockerArchive } from '../../../outputs/oci/docker-archive.ts'
import type { ImageConfiguration } from '../../../outputs/oci/image-config.ts'
import { type Image, makeImage } from '../../../outputs/oci/image.ts'
import { writeLayer } from '../../../outputs/oci/layer-tar.ts'
import { layoutFiles } from '../../../outputs/oci/layout.ts'
import { contentDigest, readContent } from '../../../outputs/rootfs/content.ts'
import { installOrder, readPackage, recordedCase } from './image-vectors.ts'
import { has, run } from './tools.ts'

const config: ImageConfiguration = {
  entrypoint: { command: '/usr/bin/app --flag "two words"' },
  accounts: { 'run-as': 'web', users: [{ username: 'web', uid: 1000 }] },
  paths: [{ path: '/data', type: 'directory', uid: 10, gid: 11, permissions: 0o750 }, { path: '/usr/bin/app2', type: 'hardlink', source: '/usr/bin/app' }],
}
const options = { name: '1.0', tag: 'vector:1.0', annotations: {} }
const blobs = new Map<Digest, Uint8Array>()
let folder = ''
let plan: ImagePlan
let image: Image

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nacre-oci-'))
  const recorded = recordedCase('layers-20').expect.images?.[0]
  const packages = await Promise.all((recorded === undefined ? [] : installOrder(recorded)).map((name) => readPackage('x86_64', name)))
  const made = await buildImage(config, packages, { arch: 'x86_64', time: 1700000000, keys: [], read, inspect: () => undefined })
  if (made.kind === 'complaints') throw new Error(JSON.stringify(made.diagnostics))
  plan = made.value
  image = await assemble(plan, 'x86_64')
  for (const [path, content] of layoutFiles([image], options)) {
    await mkdir(dirname(join(folder, 'layout', path)), { recursive: true })
    await writeFile(join(folder, 'layout', path), await readContent(content, read))
  }
  await pipeline(dockerArchive([image], options, read), createWriteStream(join(folder, 'image.tar')))
})

afterAll(async () => rm(folder, { recursive: true, force: true }))

describe('an image', () => {
  it('has the digests in its configuration and manifest that its layers have', () => {
    const file = JSON.parse(Buffer.from(image.documents.get(image.config) ?? []).toString())
    const diffIds = image.layers.map(({ blob }) => `sha256:${createHash('sha256').update(gunzipSync(blobs.get(blob) ?? Buffer.alloc(0))).digest('hex')}`)
    expect(file.rootfs.diff_ids).toEqual(diffIds)
    expect(file.history.map(({ comment }: { comment: string }) => comment)).toEqual(['app', 'python', 'base', 'one', 'tool-a', 'configuration and database'])
  })

  it('comes out the same when it is built again', async () => {
    expect((await assemble(plan, 'x86_64')).manifest).toBe(image.manifest)
  })

  it('changes one package layer and the top one when one package changes', async () => {
    const recorded = recordedCase('layers-20').expect.images?.[0]
    const packages = await Promise.all((recorded === undefined ? [] : installOrder(recorded)).map((name) => readPackage('x86_64', name)))
    const updated = packages.map((one) =>
      one.record.name !== 'app' ? one : { ...one, record: { ...one.record, version: '2.1-r4' }, contents: new Map([...one.contents, ['usr/share/app/empty', { kind: 'bytes' as const, bytes: Buffer.from('no longer') }]]) },
    )
    const made = await buildImage(config, updated, { arch: 'x86_64', time: 1700000500, keys: [], read, inspect: () => undefined })
    if (made.kind === 'complaints') throw new Error(JSON.stringify(made.diagnostics))
    const next = await assemble(made.value, 'x86_64')
    const same = next.layers.map(({ blob }, index) => blob === image.layers[index]?.blob)
    expect(same).toEqual([false, true, true, true, true, false])
  })

  it('for two platforms stands in an index of its own under one name', async () => {
    const files = layoutFiles([image, await assemble(plan, 'aarch64')], options)
    const index = JSON.parse(await text(files, 'index.json'))
    expect(index.manifests).toHaveLength(1)
    expect(index.manifests[0].annotations).toEqual({ 'org.opencontainers.image.ref.name': '1.0' })
    const inner = JSON.parse(await text(files, `blobs/sha256/${index.manifests[0].digest.slice(7)}`))
    expect(inner.manifests.map((each: { platform: unknown }) => each.platform)).toEqual([{ architecture: 'amd64', os: 'linux' }, { architecture: 'arm64', os: 'linux' }])
  })
})

describe.skipIf(!has('skopeo'))('skopeo', () => {
  it('reads the layout', () => {
    const seen = JSON.parse(run('skopeo', ['inspect', `oci:${folder}/layout:1.0`]))
    expect(seen.Architecture).toBe('amd64')
    expect(seen.Layers).toEqual(image.layers.map(({ blob }) => `sha256:${digestHash(blob)}`))
    const file = JSON.parse(run('skopeo', ['inspect', '--config', `oci:${folder}/layout:1.0`]))
    expect(file.config.User).toBe('1000')
    expect(file.config.Entrypoint).toEqual(['/usr/bin/app', '--flag', 'two words'])
  })

  it('converts the layout and the archive to each other and keeps the layers', async () => {
    run('skopeo', ['copy', '--insecure-policy', `oci:${folder}/layout:1.0`, `docker-archive:${folder}/copied.tar:vector:1.0`])
    run('skopeo', ['copy', '--insecure-policy', `oci:${folder}/layout:1.0`, `dir:${folder}/dir`])
    run('skopeo', ['copy', '--insecure-policy', `docker-archive:${folder}/image.tar`, `dir:${folder}/dir-of-archive`])
    const diffIds = JSON.parse(run('skopeo', ['inspect', '--config', `docker-archive:${folder}/image.tar`])).rootfs.diff_ids
    expect(diffIds).toEqual(image.layers.map(({ diffId }) => `sha256:${digestHash(diffId)}`))
    expect(await readdir(join(folder, 'dir'))).toContain(digestHash(image.layers[0]?.blob ?? image.config))
  })

  it('reads the archive as an OCI archive too', () => {
    expect(JSON.parse(run('skopeo', ['inspect', `oci-archive:${folder}/image.tar`])).Digest).toBe(`sha256:${digestHash(image.manifest)}`)
  })
})

describe.skipIf(!has('umoci'))('umoci', () => {
  it('unpacks what the plan says is in the image', async () => {
    run('umoci', ['stat', '--image', `${folder}/layout:1.0`])
    run('umoci', ['unpack', '--rootless', '--image', `${folder}/layout:1.0`, `${folder}/bundle`])
    const tree = plan.root.tree
    const found = await walk(join(folder, 'bundle', 'rootfs'), '')
    expect(found.toSorted()).toEqual(tree.sorted().map(([path]) => path).toSorted())
    for (const [path, entry] of tree.sorted()) {
      const place = join(folder, 'bundle', 'rootfs', path)
      const stat = await lstat(place)
      const file = tree.file(path)
      if (entry.kind === 'symlink') expect(await readlink(place)).toBe(entry.target)
      else if ((entry.kind === 'file' || entry.kind === 'hardlink') && file !== undefined) expect(digestBytes(await readFile(place))).toBe(contentDigest(file.content))
      if (entry.kind === 'file' || entry.kind === 'directory') expect([path, stat.mode & 0o7777, Math.floor(stat.mtimeMs / 1000)]).toEqual([path, entry.mode, entry.mtime])
    }
    expect((await lstat(join(folder, 'bundle/rootfs/usr/bin/app'))).nlink).toBe(3)
  })
})

async function assemble(of: ImagePlan, arch: string): Promise<Image> {
  const layers = []
  for (const { entries, comment } of of.layers) {
    const chunks: Uint8Array[] = []
    const facts = await writeLayer(entries, {
      read,
      sink: async (bytes) => {
        for await (const chunk of bytes) chunks.push(chunk)
        return digestBytes(Buffer.concat(chunks))
      },
    })
    blobs.set(facts.blob, Buffer.concat(chunks))
    layers.push({ ...facts, comment })
  }
  return makeImage({ arch, created: of.created, layers, run: of.run, annotations: of.annotations })
}

async function* read(digest: Digest): AsyncIterable<Uint8Array> {
  const bytes = blobs.get(digest)
  if (bytes === undefined) throw new Error(`${digest} is not stored`)
  yield bytes
}

async function text(files: ReturnType<typeof layoutFiles>, path: string): Promise<string> {
  const content = files.get(path)
  return content === undefined ? '' : Buffer.from(await readContent(content, read)).toString()
}

async function walk(top: string, path: string): Promise<string[]> {
  const found: string[] = []
  for (const entry of await readdir(join(top, path), { withFileTypes: true })) {
    const here = path === '' ? entry.name : `${path}/${entry.name}`
    found.push(here, ...(entry.isDirectory() ? await walk(top, here) : []))
  }
  return found
}
