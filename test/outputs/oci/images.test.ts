import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Checked } from '../../../base/result.ts'
import { buildImage, type ImagePlan } from '../../../outputs/oci/build-image.ts'
import type { ImageConfiguration, Layering } from '../../../outputs/oci/image-config.ts'
import { newestBuild } from '../../../outputs/oci/image.ts'
import { applyLayer } from '../../../outputs/oci/layers.ts'
import { apkArchOf } from '../../../outputs/oci/platform.ts'
import { sameEntry, VirtualTree } from '../../../outputs/rootfs/virtual-tree.ts'
import { type Difference, differences } from './differences.ts'
import { configuration, folder, installOrder, plannedLines, readPackage, recordedCase, type RecordedImage, recordedLines } from './image-vectors.ts'

const ids = readdirSync(folder, { withFileTypes: true }).filter((each) => each.isDirectory() && each.name !== 'repo').map(({ name }) => name)
const images = ids.flatMap((id) => (recordedCase(id).expect.images ?? []).map((image) => ({ id, arch: apkArchOf(image.platform.architecture), image })))

/** Cases that other floors answer: the YAML is wrong, a package is missing, nothing is asked for. */
const elsewhere = ['bad-key', 'missing-package', 'empty']
const refused: Readonly<Record<string, readonly [packages: readonly string[], code: string]>> = {
  'file-clash': [['tool-a', 'tool-c'], 'apk/file-conflict'],
  'path-exists': [['base'], 'image/bad-path'],
  'path-missing': [['base'], 'image/bad-path'],
}

describe('images recorded from apko', () => {
  it('are all looked at', () => {
    expect([...new Set([...images.map(({ id }) => id), ...Object.keys(refused), ...elsewhere])].sort()).toEqual(ids.toSorted())
  })

  it.each(images)('$id for $arch has the same layers, but for listed differences', async ({ id, arch, image }) => {
    const plan = await planOf(id, arch, image)
    expect(plan.layers.length).toBe(image.layers.length)
    const differing = new Set<string>()
    for (const [index, layer] of image.layers.entries()) {
      const theirs = recordedLines(layer)
      const ours = plannedLines(plan.layers[index]?.entries ?? [])
      for (const path of new Set([...theirs.keys(), ...ours.keys()])) {
        if (theirs.get(path) === ours.get(path)) continue
        differing.add(path)
        expect(listed(id, path), `${path} of layer ${index}: apko ${theirs.get(path)}, nacre ${ours.get(path)}`).toBeDefined()
      }
      const order = [...ours.keys()].filter((path) => theirs.has(path))
      expect(order).toEqual([...theirs.keys()].filter((path) => ours.has(path)))
    }
    for (const each of differences.filter(({ cases }) => cases?.includes(id) === true)) expect([...differing].some((path) => each.path.test(path)), `${id}: ${each.why}`).toBe(true)
  })

  it.each(images)('$id for $arch says the same in the installed database of every layer', async ({ id, arch, image }) => {
    const plan = await planOf(id, arch, image)
    const path = 'usr/lib/apk/db/installed'
    let text = ''
    for (const [index, layer] of image.layers.entries()) {
      const entry = plan.layers[index]?.entries.find(([each]) => each === path)?.[1]
      // A top layer without one leaves that of the layer below, which then says it all.
      if (entry?.kind === 'file' && entry.content.kind === 'bytes') text = Buffer.from(entry.content.bytes).toString()
      expect(database(text)).toEqual(database(layer.text[path] ?? ''))
    }
  })

  it.each(images)('$id for $arch runs in the same way', async ({ id, arch, image }) => {
    const { run } = await planOf(id, arch, image)
    const { 'org.opencontainers.image.source': _source, 'org.opencontainers.image.revision': _revision, ...labels } = run.Labels ?? {}
    expect({ ...run, Labels: labels }).toEqual(image.config.config)
    expect(labels).toEqual(image.manifest.annotations)
  })

  it('takes source and revision from vcs-url, which apko leaves out of single images', async () => {
    const config = images.find(({ id }) => id === 'config')
    const plan = config && (await planOf('config', config.arch, config.image))
    expect(plan?.annotations['org.opencontainers.image.source']).toBe('https://example.test/src.git')
    expect(plan?.annotations['org.opencontainers.image.revision']).toBe('0123456789abcdef')
  })

  it.each(images)('$id for $arch unpacks to the same tree whatever the layers', async ({ id, arch, image }) => {
    const single = stackOf(await planOf(id, arch, image, { strategy: 'single' }))
    for (const layering of [{ strategy: 'origin', budget: 100 }, { strategy: 'origin', budget: 2 }] as const) {
      const layered = stackOf(await planOf(id, arch, image, layering))
      expect(layered.sorted().map(([path]) => path)).toEqual(single.sorted().map(([path]) => path))
      for (const [path, entry] of single.sorted()) expect(sameEntry(layered.get(path) ?? entry, entry), path).toBe(true)
    }
  })

  it.each(Object.entries(refused))('%s is refused', async (id, [names, code]) => {
    const made = await build({ arch: 'x86_64', names, config: configuration(id), time: 1700000000 })
    expect(made.kind === 'complaints' ? made.diagnostics.map((each) => each.code) : made.kind).toEqual([code])
  })
})

async function planOf(id: string, arch: string, image: RecordedImage, layering: Layering = { strategy: 'single' }): Promise<ImagePlan> {
  const config = { layering, ...asGiven(id, image) }
  const made = await build({ arch, names: installOrder(image), config, time: recordedCase(id).source_date_epoch ?? undefined })
  if (made.kind === 'complaints') throw new Error(JSON.stringify(made.diagnostics))
  return made.value
}

/** `include` and command-line arguments are not this floor's: their effect is read off what apko recorded. */
function asGiven(id: string, image: RecordedImage): ImageConfiguration {
  if (id === 'include') return JSON.parse(image.layers[0]?.text['etc/apko.json'] ?? '{}')
  return id === 'args' ? { ...configuration(id), annotations: { 'cli.key': 'cli value', other: 'file' } } : configuration(id)
}

interface Order {
  readonly arch: string
  readonly names: readonly string[]
  readonly config: ImageConfiguration
  readonly time: number | undefined
}

async function build({ arch, names, config, time }: Order): Promise<Checked<ImagePlan>> {
  const packages = await Promise.all(names.map((name) => readPackage(arch, name)))
  return buildImage(config, packages, {
    arch,
    time: time ?? newestBuild(packages.map(({ record }) => record)),
    keys: [{ name: 'vector.rsa.pub', content: { kind: 'bytes', bytes: readFileSync(new URL('vector.rsa.pub', folder)) } }],
    read: (digest) => { throw new Error(`nothing is stored, yet ${digest} is asked for`) },
    inspect: () => undefined,
  })
}

function listed(id: string, path: string): Difference | undefined {
  return differences.find((each) => each.cases?.includes(id) !== false && each.path.test(path))
}

function stackOf(plan: ImagePlan): VirtualTree {
  const tree = new VirtualTree()
  for (const { entries } of plan.layers) applyLayer(tree, entries)
  return tree
}

/** Packages by name to their fields, without the empty ones that apko writes, modes as numbers. apk gives a hard link its target's hash, apko none. */
function database(text: string): readonly unknown[] {
  const all = text.split('\n\n').filter((each) => each.trim() !== '').map((each) => {
    const lines = each.replace(/(R:app-hard\na:[^\n]*)\nZ:[^\n]*/, '$1').split('\n').filter((line) => !/^([a-zA-Z]:|k:0|i:\[\])$/.test(line)).map((line) => line.replace(/^([aM]:\d+:\d+:)0/, '$1'))
    const files = lines.findIndex((line) => line.startsWith('F:'))
    return { name: lines.find((line) => line.startsWith('P:')) ?? '', fields: lines.slice(0, files === -1 ? undefined : files).sort(), files: files === -1 ? [] : lines.slice(files) }
  })
  return all.sort((a, b) => (a.name < b.name ? -1 : 1))
}
