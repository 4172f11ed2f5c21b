import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { digestText } from '../../base/digest.ts'
import { absPath, nodeId } from '../../base/ids.ts'
import type { Manifest } from '../../engine/action.ts'
import { difference } from '../../engine/difference.ts'
import { causes, type Reason, tellNearest, tellReason } from '../../engine/explain.ts'
import { decodeManifest, encodeManifest, keyOf } from '../../engine/manifest.ts'
import { lastChange } from '../../engine/reasons.ts'
import type { BuildReport } from '../../engine/report.ts'
import { puppet, pure, spec, World } from './puppet.ts'

const reasonOf = (report: BuildReport, id: string): Reason | undefined => {
  const state = report.nodes.get(nodeId(id))
  return state?.kind === 'done' ? state.reason : undefined
}
const words = (report: BuildReport, id: string): readonly string[] => tellReason(reasonOf(report, id) ?? { kind: 'known' })

describe('a manifest', () => {
  const a = digestText('a')
  const manifest: Manifest = { kind: 'k', version: 2, spec: { b: 1, a: ['x', null] }, inputs: { z: { digest: a, shape: 'tree' }, y: { digest: a, shape: 'executable' } } }

  it('is one text, in whatever order its parts are given', () => {
    const other: Manifest = { inputs: { y: { shape: 'executable', digest: a }, z: { shape: 'tree', digest: a } }, spec: { a: ['x', null], b: 1 }, version: 2, kind: 'k' }
    expect(encodeManifest(other)).toBe(encodeManifest(manifest))
    expect(encodeManifest(manifest)).toBe(`{"inputs":{"y":{"digest":"${a}","shape":"executable"},"z":{"digest":"${a}","shape":"tree"}},"kind":"k","spec":{"a":["x",null],"b":1},"version":2}`)
  })

  it('is read back as it was written', () => {
    expect(decodeManifest(Buffer.from(encodeManifest(manifest)))).toEqual(manifest)
    for (const text of ['', '[]', '{"kind":"k"}', '{"kind":"k","version":1,"spec":null,"inputs":{"a":{"digest":"x","shape":"tree"}}}']) expect(decodeManifest(Buffer.from(text))).toBeUndefined()
  })

  it('has another key for every single thing that may matter', () => {
    const keys = [
      manifest,
      { ...manifest, kind: 'l' },
      { ...manifest, version: 3 },
      { ...manifest, spec: { b: 1, a: ['x', false] } },
      { ...manifest, inputs: {} },
      { ...manifest, inputs: { ...manifest.inputs, y: { digest: a, shape: 'blob' as const } } },
      { ...manifest, inputs: { ...manifest.inputs, z: { digest: digestText('b'), shape: 'tree' as const } } },
    ].map((each) => keyOf(encodeManifest(each)))
    expect(new Set(keys).size).toBe(keys.length)
  })

  it('differs from another in what the key hashes, and the difference is never empty', () => {
    const changed: Manifest = { ...manifest, kind: 'l', version: 3, spec: { b: 2, a: ['x', null, 'new'] }, inputs: { z: manifest.inputs['z'] ?? { digest: a, shape: 'tree' }, n: { digest: a, shape: 'blob' } } }
    expect(difference(manifest, manifest)).toEqual([])
    expect(difference(manifest, changed)).toEqual([
      { kind: 'kind', from: 'k', to: 'l' },
      { kind: 'version', from: 2, to: 3 },
      { kind: 'spec', path: ['a', '2'], to: 'new' },
      { kind: 'spec', path: ['b'], from: 1, to: 2 },
      { kind: 'input', name: 'n', to: changed.inputs['n'] },
      { kind: 'input', name: 'y', from: manifest.inputs['y'] },
    ])
  })
})

describe('why an action ran', () => {
  it('is told in words for each reason', async () => {
    using world = new World()
    world.puppet.automatic = pure
    const action = (text: string) => puppet('a', [], { spec: { text, environment: { CC: 'gcc' }, packages: ['x', text] } })
    expect(words(await world.build([action('one')]), 'a')).toEqual(['it has never been built before'])
    expect(words(await world.build([action('one')]), 'a')).toEqual(['nothing changed: its result is in the store'])
    expect(words(await world.build([action('two')]), 'a')).toEqual(['packages[1] changed from "one" to "two"', 'text changed from "one" to "two"'])
    expect(words(await world.build([action('two')], { force: true }), 'a')).toEqual(['it was forced'])
    world.puppet.version = 2
    const third = await world.build([action('two')])
    expect(words(third, 'a')).toEqual(["nacre's way to make it has version 2, not 1"])
    world.cas.forget(world.digest(third, 'a'))
    expect(words(await world.build([action('two')]), 'a')).toEqual(['its output "out" is no longer in the store'])
    using other = new World({ history: world.ports.history })
    other.puppet.automatic = pure
    other.puppet.version = 2
    expect(words(await other.build([action('two')]), 'a')).toEqual(['nothing changed, but its result is no longer in the store'])
  })

  it('names the file inside a tree, with what it was and what it is', async () => {
    using world = new World()
    world.puppet.automatic = async ({ cas }) => ({ kind: 'done', outputs: { out: { kind: 'blob', digest: await cas.put(Buffer.from('x')) } } })
    mkdirSync(join(world.folder, 'src/deep'), { recursive: true })
    const write = (path: string, text: string): void => writeFileSync(join(world.folder, 'src', path), text)
    write('same', 'same')
    write('gone', 'gone')
    write('deep/run', 'run')
    write('text', 'one')
    const actions = [puppet('a', [], { inputs: { source: { kind: 'files', base: world.folder, globs: ['src/**'] } } })]
    await world.build(actions)
    write('text', 'two')
    write('new', 'new')
    chmodSync(join(world.folder, 'src/deep/run'), 0o755)
    rmSync(join(world.folder, 'src/gone'))
    const short = (text: string): string => digestText(text).slice(0, 12)
    const told = words(await world.build(actions), 'a')
    expect(told).toEqual([
      `src/deep/run changed from ${short('run')} to ${short('run')} (executable)`,
      `src/gone is gone: it was ${short('gone')}`,
      `src/new is new: ${short('new')}`,
      `src/text changed from ${short('one')} to ${short('two')}`,
    ])
  })

  it('names twenty files of many, and counts the others', async () => {
    using world = new World()
    world.puppet.automatic = pure
    const write = (text: string): void => Array.from({ length: 23 }, (_, i) => writeFileSync(join(world.folder, `${i}.txt`), text)).forEach(() => undefined)
    const actions = [puppet('a', [], { inputs: { source: { kind: 'files', base: world.folder, globs: ['*.txt'] } } })]
    write('one')
    await world.build(actions)
    write('two')
    const told = words(await world.build(actions), 'a')
    expect([told.length, told.at(-1)]).toEqual([21, 'and 3 more'])
  })

  it('names a tool by its place, and tells of the executable bit only when that changed', async () => {
    using world = new World()
    world.puppet.automatic = pure
    const path = absPath(join(world.folder, 'tool'))
    const actions = [puppet('a', [], { inputs: { 'tool/t': { kind: 'file', path, witness: true } } })]
    const told: (readonly string[])[] = []
    for (const [text, mode] of [['one', 0o755], ['two', 0o755], ['two', 0o644]] as const) {
      writeFileSync(path, text)
      chmodSync(path, mode)
      told.push(words(await world.build(actions), 'a'))
    }
    const [one, two] = ['one', 'two'].map((text) => digestText(text).slice(0, 12))
    expect(told.slice(1)).toEqual([[`tool ${path} changed from ${one} to ${two}`], [`tool ${path} changed from ${two} (executable) to ${two}`]])
  })

  it('has a nearest cause in one line, with the file of what another action made', () => {
    const files = [{ path: 'a', from: 'x' }, { path: 'b', to: 'y' }]
    const change = (more: object): Reason => ({ kind: 'changed', changes: [{ kind: 'input', name: 'need/t', ...more }] })
    expect(tellNearest(change({ files }))).toBe('input "need/t": a is gone: it was x, and 1 more')
    expect(tellNearest(change({ files: files.slice(1) }))).toBe('input "need/t": b is new: y')
    expect(tellNearest(change({ files, more: 3, origin: { kind: 'node', id: nodeId('task:t') } }))).toBe('input "need/t": a is gone: it was x, and 4 more')
    expect(tellNearest(change({ files, origin: { kind: 'workspace' } }))).toBe('a is gone: it was x')
    expect(tellNearest({ kind: 'forced' })).toBe('it was forced')
    expect(tellNearest({ kind: 'changed', changes: [] })).toBe('it changed; what it was is no longer known')
  })

  it('tells the line in which two long texts differ', () => {
    const long = 'x'.repeat(300)
    const told = (from: string, to: string): readonly string[] => tellReason({ kind: 'changed', changes: [{ kind: 'spec', path: ['run'], from, to }] })
    expect(told(`${long}\na\nb`, `${long}\nc\nb`)).toEqual(['run, line 2, changed from "a" to "c"'])
    expect(told('a\nb', 'a\nc')).toEqual(['run, line 2, changed from "b" to "c"'])
    expect(told('b', 'c')).toEqual(['run changed from "b" to "c"'])
    expect(told(long, `${long}\nmore`)).toEqual(['run, line 2, is new: "more"'])
    expect(told(`${long}\nmore`, long)).toEqual(['run, line 2, is gone: it was "more"'])
  })

  it('leaves out a cause that had nothing to do with the change', async () => {
    using world = new World()
    world.puppet.automatic = pure
    const report = await world.build([puppet('leaf'), puppet('top', ['leaf'])])
    const changed: Reason = { kind: 'changed', changes: [{ kind: 'input', name: 'leaf' }] }
    const ids = (led?: () => boolean): readonly string[] => causes(nodeId('top'), report.graph, { reasonOf: () => changed, ...(led && { led }) }).map(({ id }) => id)
    expect([ids(), ids(() => true), ids(() => false)]).toEqual([['top', 'leaf'], ['top', 'leaf'], ['top']])
  })

  it('follows changed inputs to the nearest causes first', async () => {
    using world = new World()
    world.puppet.automatic = pure
    const actions = (text: string) => [puppet('leaf', [], spec(text)), puppet('still'), puppet('mid', ['leaf', 'still']), puppet('top', ['mid', 'still'])]
    await world.build(actions('one'))
    const report = await world.build(actions('two'))
    const told = causes(nodeId('top'), report.graph, { reasonOf: (id) => reasonOf(report, id) })
    expect(told.map(({ id }) => id)).toEqual(['top', 'mid', 'leaf'])
    expect(tellReason(told[2]?.reason ?? { kind: 'known' })).toEqual(['text changed from "one" to "two"'])
  })

  it('is told of the last change although nothing ran since', async () => {
    using world = new World()
    world.puppet.automatic = pure
    for (const text of ['one', 'two', 'two']) await world.build([puppet('a', [], spec(text))])
    const entry = world.history.get(nodeId('a'))
    if (entry === undefined) throw new Error('no history')
    expect(await lastChange(world.cas, entry)).toEqual([{ kind: 'spec', path: ['text'], from: 'one', to: 'two' }])
  })

  it('is told of the last change although it ran again since, and came out otherwise', async () => {
    using world = new World()
    let n = 0
    world.puppet.automatic = async ({ cas }) => ({ kind: 'done', outputs: { out: { kind: 'blob', digest: await cas.put(Buffer.from(String(n++))) } } })
    for (const text of ['one', 'two', 'two']) await world.build([puppet('a', [], spec(text))], { force: true })
    const entry = world.history.get(nodeId('a'))
    expect(entry && (await lastChange(world.cas, entry))).toEqual([{ kind: 'spec', path: ['text'], from: 'one', to: 'two' }])
  })

  it('is told without details when the old manifest is gone', async () => {
    using world = new World()
    world.puppet.automatic = pure
    const actions = (text: string) => [puppet('a', [], spec(text))]
    const before = await world.build(actions('one'))
    const state = before.nodes.get(nodeId('a'))
    if (state?.kind === 'done') world.cas.forget(state.key)
    const told = await world.build(actions('two'))
    expect(reasonOf(told, 'a')).toEqual({ kind: 'changed', changes: [] })
    expect(words(told, 'a')).toEqual(['it changed; what it was is no longer known'])
  })
})

describe('forcing', () => {
  it('runs what is wanted, and nothing below it', async () => {
    using world = new World()
    world.puppet.automatic = pure
    await world.build([puppet('a'), puppet('b', ['a'])])
    const report = await world.build([puppet('a'), puppet('b', ['a'])], { wants: ['b'], force: true })
    expect([...report.nodes].map(([id, state]) => [id, state.kind === 'done' && state.how])).toEqual([
      ['b', 'cutOff'],
      ['a', 'hit'],
    ])
  })

  it('tells outputs that come out otherwise under the same key', async () => {
    using world = new World()
    let count = 0
    world.puppet.automatic = async ({ cas }) => ({ kind: 'done', outputs: { out: { kind: 'blob', digest: await cas.put(Buffer.from(String(count++))) } } })
    await world.build([puppet('a')])
    await world.build([puppet('a')], { force: true })
    expect(world.events.flatMap((event) => (event.kind === 'finished' ? [event.unlike] : []))).toEqual([undefined, ['out']])
  })
})
