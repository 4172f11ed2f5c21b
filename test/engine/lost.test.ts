import { describe, expect, it } from 'vitest'
import { nodeId, relPath } from '../../base/ids.ts'
import type { ActionResult } from '../../cache/cache.ts'
import { MissingBlob } from '../../cache/missing-blob.ts'
import { buildTree } from '../../cache/tree-builder.ts'
import type { Outcome, RunContext } from '../../engine/action.ts'
import { puppet, pure, spec, states, World } from './puppet.ts'

type Run = (context: RunContext) => Promise<Outcome>
const chain = [puppet('a'), puppet('b', ['a']), puppet('c', ['b'])]

describe('content that is lost', () => {
  it('makes a known result a miss', async () => {
    using world = new World()
    world.puppet.automatic = pure
    const first = await world.build(chain)
    world.cas.forget(world.digest(first, 'b'))
    const second = await world.build(chain)
    expect(states(second)).toEqual(['a: hit', 'b: cutOff', 'c: hit'])
    const b = second.nodes.get(nodeId('b'))
    expect(b?.kind === 'done' && b.reason).toEqual({ kind: 'lost', outputs: ['out'] })
  })

  it('sends the producer back when a later action is about to use it', async () => {
    using world = new World()
    world.puppet.automatic = pure
    const first = await world.build(chain)
    world.puppet.automatic = undefined
    const building = world.build([...chain.slice(0, 2), puppet('c', ['b'], spec('new'))], { jobs: 1 })
    const held = await world.puppet.started('c')
    // It is lost while c runs: c fails for want of it.
    world.cas.forget(world.digest(first, 'b'))
    held.fail()
    await (await world.puppet.started('b')).done('b again')
    await (await world.puppet.started('c')).done('c')
    expect(states(await building)).toEqual(['a: hit', 'b: ran', 'c: ran'])
    expect(world.told('rewound')).toEqual(['b'])
  })

  it('is looked for before a run, down to the last file of a tree', async () => {
    using world = new World()
    const tree = async ({ cas }: RunContext, text: string) => {
      const digest = await cas.put(Buffer.from(text))
      return buildTree(cas, new Map([[relPath('deep/down/file'), { kind: 'file', digest, mode: 0o644 }]]))
    }
    world.puppet.automatic = async (context) => {
      if (context.action.id !== 'a') return pure(context)
      return { kind: 'done', outputs: { out: { kind: 'tree', digest: await tree(context, 'content') } } }
    }
    await world.build([puppet('a'), puppet('b', ['a'])])
    world.cas.forget(await world.cas.put(Buffer.from('content')))
    const report = await world.build([puppet('a'), puppet('b', ['a'], spec('new'))], { wants: ['b'] })
    expect(states(report)).toEqual(['a: cutOff', 'b: ran'])
    expect(world.told('rewound')).toEqual(['a'])
  })

  it('of a tree that was whole when the run began is noticed when the run fails', async () => {
    using world = new World()
    const tree: Run = async ({ cas }) => {
      const digest = await cas.put(Buffer.from('content'))
      return { kind: 'done', outputs: { out: { kind: 'tree', digest: await buildTree(cas, new Map([[relPath('file'), { kind: 'file', digest, mode: 0o644 }]])) } } }
    }
    let failures = 0
    world.puppet.automatic = async (context) => {
      if (context.action.id === 'a') return tree(context)
      if (failures++ > 0) return pure(context)
      world.cas.forget(await world.cas.put(Buffer.from('content')))
      return { kind: 'failed', failure: { kind: 'exit', code: 1 } }
    }
    expect(states(await world.build([puppet('a'), puppet('b', ['a'])], { wants: ['b'] }))).toEqual(['a: cutOff', 'b: ran'])
  })

  it('that is being made again is on the critical path again', async () => {
    using world = new World()
    for (const [id, ms] of [['a', 10], ['b', 5], ['other', 1]] as const) world.durations.set(id, ms)
    const building = world.build([puppet('a'), puppet('b', ['a']), puppet('other', [])])
    const a = await world.puppet.started('a')
    const other = await world.puppet.started('other')
    await a.done('a')
    const b = await world.puppet.started('b')
    world.cas.forget(await world.cas.put(Buffer.from('a')))
    b.fail()
    const again = await world.puppet.started('a')
    world.events.length = 0
    await other.done('other')
    for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
    expect(world.events.flatMap((event) => (event.kind === 'progress' ? [event.criticalLeft] : []))).toEqual([15])
    await again.done('a')
    await (await world.puppet.started('b')).done('b')
    await building
  })

  it('of a wanted tree is noticed, although its root is there', async () => {
    using world = new World()
    world.puppet.automatic = async ({ cas }) => {
      const digest = await cas.put(Buffer.from('content'))
      return { kind: 'done', outputs: { out: { kind: 'tree', digest: await buildTree(cas, new Map([[relPath('file'), { kind: 'file', digest, mode: 0o644 }]])) } } }
    }
    await world.build([puppet('a')])
    world.cas.forget(await world.cas.put(Buffer.from('content')))
    expect(states(await world.build([puppet('a')]))).toEqual(['a: cutOff'])
  })

  it('that a kind misses while it decides what to ask for is made again', async () => {
    using world = new World()
    world.puppet.automatic = pure
    const first = await world.build([puppet('a')])
    let missed = 0
    world.puppet.onExpand = async ({ action, inputs, cas }) => {
      if (action.id !== 'b') return { kind: 'closed' }
      if (missed++ === 0) world.cas.forget(world.digest(first, 'a'))
      const input = inputs['a']
      if (input !== undefined && (await cas.read(input.digest)) === undefined) throw new MissingBlob(input.digest)
      return { kind: 'closed' }
    }
    expect(states(await world.build([puppet('a'), puppet('b', ['a'])], { wants: ['b'] }))).toEqual(['a: cutOff', 'b: ran'])
  })

  it('through several levels is made again from the bottom', async () => {
    using world = new World()
    world.puppet.automatic = pure
    const first = await world.build(chain)
    for (const id of ['a', 'b']) world.cas.forget(world.digest(first, id))
    expect(states(await world.build([...chain.slice(0, 2), puppet('c', ['b'], spec('new'))], { wants: ['c'] }))).toEqual(['a: cutOff', 'b: cutOff', 'c: ran'])
  })

  it('again and again fails in the end', async () => {
    using world = new World()
    world.puppet.automatic = async (context) => {
      const outcome = await pure(context)
      if (context.action.id === 'b') for (const { digest } of Object.values(context.inputs)) world.cas.forget(digest)
      return context.action.id === 'b' ? { kind: 'failed', failure: { kind: 'exit', code: 1 } } : outcome
    }
    const report = await world.build([puppet('a'), puppet('b', ['a'])])
    expect(report.nodes.get(nodeId('b'))).toMatchObject({ kind: 'failed', failure: { kind: 'refused', diagnostics: [{ code: 'engine/restless' }] } })
  })

  it('that no action makes is a complaint', async () => {
    using world = new World()
    const digest = await world.cas.put(Buffer.from('given'))
    world.cas.forget(digest)
    const report = await world.build([puppet('a', [], { inputs: { given: { kind: 'content', output: { kind: 'blob', digest } } } })])
    expect(report.nodes.get(nodeId('a'))).toMatchObject({ failure: { diagnostics: [{ code: 'engine/content-lost' }] } })
  })

  it('of the kind itself is a complaint', async () => {
    using world = new World()
    const digest = await world.cas.put(Buffer.from('own'))
    world.puppet.automatic = () => {
      throw new MissingBlob(digest)
    }
    expect((await world.build([puppet('a')])).nodes.get(nodeId('a'))).toMatchObject({ failure: { diagnostics: [{ code: 'engine/blob-vanished' }] } })
  })
})

describe('a remote', () => {
  const remoteOf = (found: ActionResult | undefined) => {
    const offered: string[] = []
    return { offered, find: async () => found, offer: async (key: string) => void offered.push(key) }
  }

  it('gives what is not here, and is offered what was made here', async () => {
    const remote = remoteOf(undefined)
    using world = new World({ remote })
    world.puppet.automatic = pure
    await world.build([puppet('a')])
    expect(remote.offered).toHaveLength(1)
    using other = new World()
    const digest = await other.cas.put(Buffer.from('from afar'))
    using third = new World({ cas: other.cas, remote: remoteOf({ outputs: { out: { kind: 'blob', digest } }, duration: 7000 }) })
    const report = await third.build([puppet('a')])
    expect(states(report)).toEqual(['a: hit'])
    expect(report.saved).toBe(7000)
    const state = report.nodes.get(nodeId('a'))
    expect(state?.kind === 'done' && third.ports.cas.has(state.key)).toBe(true)
  })

  it('that promises content and does not bring it is a miss', async () => {
    using other = new World()
    const digest = await other.cas.put(Buffer.from('from afar'))
    using world = new World({ remote: remoteOf({ outputs: { out: { kind: 'blob', digest } }, duration: 7 }) })
    world.puppet.automatic = pure
    expect(states(await world.build([puppet('a')]))).toEqual(['a: ran'])
  })
})
