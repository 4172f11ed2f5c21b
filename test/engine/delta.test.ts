import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { nodeId } from '../../base/ids.ts'
import type { Action } from '../../engine/action.ts'
import { adjacency, inverse, listOf } from '../../engine/adjacency.ts'
import { decodeAmendment, encodeAmendment } from '../../engine/amendment.ts'
import { amend, foreseen } from '../../engine/amend.ts'
import { type Cone, Delta } from '../../engine/delta.ts'
import { KnownLeaves } from '../../engine/known-leaves.ts'
import { LeafRecorder } from '../../engine/leaves.ts'
import { encodeReceipt, OpenReceipt, tableLeaves } from '../../engine/receipt.ts'
import type { BuildReport } from '../../engine/report.ts'
import { openSnapshotGraph } from '../../engine/snapshot-graph.ts'
import { Snapshot } from '../../engine/snapshot.ts'
import { puppet, World } from './puppet.ts'

const later = Date.now() + 60_000

/** Four nodes: b and c need a, d needs b; a reads src, c reads other; `alone` names those that a delta may build. */
class Built implements Disposable {
  readonly world = new World()
  readonly actions: readonly Action[]

  constructor() {
    const { folder } = this.world
    mkdirSync(join(folder, 'src'))
    for (const path of ['src/one', 'src/two', 'other']) writeFileSync(join(folder, path), path)
    this.world.puppet.automatic = async ({ inputs, cas, action }) => {
      const text = `${action.id} ${Object.values(inputs).map(({ digest }) => digest).join(' ')}`
      return { kind: 'done', outputs: { out: { kind: 'blob', digest: await cas.put(Buffer.from(text)) } } }
    }
    const files = (...globs: string[]) => ({ inputs: { files: { kind: 'files', base: folder, globs } as const } })
    this.actions = [puppet('a', [], files('src/*')), puppet('b', ['a']), puppet('c', ['a'], files('other')), puppet('d', ['b'])]
  }

  build(actions: readonly Action[], options: Parameters<World['build']>[1] = {}): Promise<BuildReport> {
    return this.world.build(actions, { ...options, leaves: options.leaves ?? new LeafRecorder(later) })
  }

  delta(report: BuildReport, alone: (id: string) => boolean = () => true): Delta {
    const leaves = tableLeaves(report.leaves)
    const snapshot = new Snapshot({ id: 'x'.repeat(32), report, leaves, aside: 'aside', alone: ({ id }) => alone(id) })
    const rows = Buffer.concat([...snapshot.rows()])
    const graph = openSnapshotGraph(new Uint8Array(snapshot.graph()))
    const receipt = OpenReceipt.of(new Uint8Array(encodeReceipt({ id: 'x'.repeat(32), request: '', outcome: '', stamp: '', leaves, outputs: [] })))
    if (graph === undefined || receipt === undefined) throw new Error('not opened')
    const delta = Delta.open({ known: new KnownLeaves(receipt), graph, rows: { read: (from, length) => rows.subarray(from, from + length) } })
    if (delta === undefined) throw new Error('not of one build')
    return delta
  }

  [Symbol.dispose](): void {
    this.world[Symbol.dispose]()
  }
}

function coneOf(delta: Delta): Cone {
  return delta.cone(delta.known.look(later, 1).changed)
}

describe('a delta', () => {
  it('finds what changed leaves lead to, and builds it to what a whole build gives', async () => {
    using built = new Built()
    const { world } = built
    const delta = built.delta(await built.build(built.actions))
    expect(coneOf(delta)).toMatchObject({ kind: 'cone', actions: [] })
    writeFileSync(join(world.folder, 'other'), 'new')
    const changed = delta.known.look(later, 1)
    const cone = delta.cone(changed.changed)
    if (cone.kind !== 'cone') throw new Error(cone.because)
    expect([[...cone.nodes.keys()], cone.actions.map(({ id }) => id), cone.settled(nodeId('a'))?.outputs !== undefined, cone.settled(nodeId('b'))]).toEqual([['c'], ['c'], true, undefined])
    const report = await built.build(cone.actions, { settled: (id) => cone.settled(id) })
    const build = { delta, cone, report, ...changed }
    expect(foreseen(build)).toBe(true)
    const amendment = amend({ ...build, stamp: 'now' })
    if (amendment === undefined) throw new Error('not amended')
    delta.amend(decodeAmendment(encodeAmendment(amendment)) ?? amendment)
    expect([delta.amendment?.stamp, [...(delta.amendment?.rows().keys() ?? [])].length, coneOf(delta)]).toMatchObject(['now', 1, { kind: 'cone', actions: [] }])
    const whole = await built.build(built.actions)
    expect(whole.counts).toMatchObject({ ran: 0, hit: 4 })
    expect(world.digest(report, 'c')).toBe(world.digest(whole, 'c'))
    writeFileSync(join(world.folder, 'src/one'), 'new')
    expect(coneOf(delta)).toMatchObject({ kind: 'cone', actions: [{ id: 'a' }, { id: 'b' }, { id: 'c' }, { id: 'd' }] })
  })

  it.each<readonly [string, (folder: string, leaves: LeafRecorder) => void, string]>([
    ['a new name', (folder) => writeFileSync(join(folder, 'src/three'), ''), 'names'],
    ['what a planner read', (folder) => writeFileSync(join(folder, 'recipe'), 'new'), 'plan'],
    ['a node that has more to ask', (folder) => writeFileSync(join(folder, 'other'), 'new'), 'kind'],
  ])('leaves it to a plan of the whole after %s', async (_, change, because) => {
    using built = new Built()
    const { folder } = built.world
    writeFileSync(join(folder, 'recipe'), 'recipe')
    const leaves = new LeafRecorder(later)
    await built.build(built.actions, { leaves })
    leaves.file(join(folder, 'recipe'), { size: 0n, mtimeNs: 0n, ctimeNs: 0n, ino: 1n, mode: 0o100644n }, 'f'.repeat(64))
    const report = await built.build(built.actions, { leaves })
    const delta = built.delta(report, (id) => id !== 'c')
    change(folder, leaves)
    const { changed } = delta.known.look(later, 1)
    const mine = because === 'plan' ? changed : changed.filter((leaf) => !delta.known.at(leaf).path.endsWith('recipe'))
    expect(delta.cone(mine)).toMatchObject({ kind: 'whole', because: expect.stringContaining(because) })
  })

  it('does not believe a build during which the world changed', async () => {
    using built = new Built()
    const { world } = built
    const delta = built.delta(await built.build(built.actions))
    writeFileSync(join(world.folder, 'src/one'), 'new')
    const look = delta.known.look(later, 1)
    const cone = delta.cone(look.changed)
    if (cone.kind !== 'cone') throw new Error(cone.because)
    // Nobody told of this one, and it is read.
    writeFileSync(join(world.folder, 'src/two'), 'newer')
    const report = await built.build(cone.actions, { settled: (id) => cone.settled(id) })
    expect(foreseen({ delta, cone, report, ...look })).toBe(false)
  })

  it('turns lists of numbers around', () => {
    const lists = adjacency(3, [[2, 0], [], [2]])
    const turned = inverse(lists, 4)
    expect([0, 1, 2, 3].map((i) => [...listOf(turned, i)])).toEqual([[0], [], [0, 2], []])
  })
})
