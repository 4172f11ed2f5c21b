import { describe, expect, it } from 'vitest'
import { nodeId } from '../../base/ids.ts'
import type { Input } from '../../engine/action.ts'
import { graphOf, puppet, pure, states, World } from './puppet.ts'

const output = (node: string): Input => ({ kind: 'output', node: nodeId(node), output: 'out' })

describe('a graph that grows', () => {
  it('suspends a node until what it asked for is done, then asks it again with all of it', async () => {
    using world = new World()
    const seen: string[][] = []
    world.puppet.onExpand = ({ action, inputs }) => {
      if (action.id !== 'top') return { kind: 'closed' }
      seen.push(Object.keys(inputs).sort())
      if (!('first' in inputs)) return { kind: 'ask', inputs: { first: output('new1') }, actions: [puppet('new1', ['base'])] }
      if (!('second' in inputs)) return { kind: 'ask', inputs: { second: output('new2') }, actions: [puppet('new2', ['new1'])] }
      return { kind: 'closed' }
    }
    const building = world.build([puppet('base'), puppet('top', ['base'])], { wants: ['top'] })
    for (const id of ['base', 'new1', 'new2', 'top']) await (await world.puppet.started(id)).done(id)
    const report = await building
    expect(states(report)).toEqual(['base: ran', 'new1: ran', 'new2: ran', 'top: ran'])
    expect(seen).toEqual([['base'], ['base', 'first'], ['base', 'first', 'second']])
    expect(world.told('suspended')).toEqual(['top', 'top'])
    expect(world.told('grew')).toEqual(['top', 'top'])
    expect(Object.keys(report.graph.inputs(nodeId('top'))).sort()).toEqual(['base', 'first', 'second'])
  })

  it('takes a node that nobody wanted so far from the graph it was given', async () => {
    using world = new World()
    world.puppet.automatic = pure
    world.puppet.onExpand = ({ action }) => (action.id === 'top' ? { kind: 'ask', inputs: { more: output('aside') }, actions: [] } : { kind: 'closed' })
    const report = await world.build([puppet('top'), puppet('below'), puppet('aside', ['below'])], { wants: ['top'] })
    expect(await world.text(report, 'top')).toBe('top(more=aside(below=below()))')
  })

  it('leaves the graph that it was given as it was', async () => {
    using world = new World()
    world.puppet.automatic = pure
    world.puppet.onExpand = ({ action }) => (action.id === 'top' ? { kind: 'ask', inputs: { more: output('new') }, actions: [puppet('new')] } : { kind: 'closed' })
    const graph = graphOf([puppet('top')])
    const { build } = await import('../../engine/engine.ts')
    await build(graph, [nodeId('top')], world.ports)
    expect(graph.ids()).toEqual(['top'])
    expect(graph.dependencies(nodeId('top'))).toEqual([])
  })

  it('has what was asked for in the key: the second build asks again and finds the same', async () => {
    using world = new World()
    world.puppet.automatic = pure
    let text = 'one'
    world.puppet.onExpand = ({ action }) =>
      action.id === 'top' ? { kind: 'ask', inputs: { more: output('new') }, actions: [puppet('new', [], { spec: { text } })] } : { kind: 'closed' }
    await world.build([puppet('top')])
    expect(states(await world.build([puppet('top')]))).toEqual(['new: hit', 'top: hit'])
    text = 'two'
    expect(states(await world.build([puppet('top')]))).toEqual(['new: ran', 'top: ran'])
  })

  it('skips a suspended node when what it asked for fails', async () => {
    using world = new World()
    world.puppet.onExpand = ({ action }) => (action.id === 'top' ? { kind: 'ask', inputs: { more: output('new') }, actions: [puppet('new')] } : { kind: 'closed' })
    const building = world.build([puppet('top'), puppet('above', ['top'])], { keepGoing: true })
    ;(await world.puppet.started('new')).fail()
    expect(states(await building)).toEqual(['above: skipped', 'new: failed', 'top: skipped'])
  })

  it('skips a node that asks for what has failed already', async () => {
    using world = new World()
    world.puppet.onExpand = ({ action, inputs }) =>
      action.id === 'top' && !('more' in inputs) ? { kind: 'ask', inputs: { more: output('mid') }, actions: [puppet('mid', ['bad'])] } : { kind: 'closed' }
    const building = world.build([puppet('bad'), puppet('slow'), puppet('top', ['slow'])], { keepGoing: true })
    ;(await world.puppet.started('bad')).fail()
    await (await world.puppet.started('slow')).done('slow')
    expect(states(await building)).toEqual(['bad: failed', 'mid: skipped', 'slow: ran', 'top: skipped'])
  })

  it('skips all that a node asks for when something far below it has failed already', async () => {
    using world = new World()
    world.puppet.onExpand = ({ action }) =>
      action.id === 'top' ? { kind: 'ask', inputs: { more: output('x') }, actions: [puppet('x', ['mid']), puppet('mid', ['bad'])] } : { kind: 'closed' }
    const building = world.build([puppet('bad'), puppet('slow'), puppet('top', ['slow'])], { keepGoing: true })
    ;(await world.puppet.started('bad')).fail()
    await (await world.puppet.started('slow')).done('slow')
    expect(states(await building)).toEqual(['bad: failed', 'mid: skipped', 'slow: ran', 'top: skipped', 'x: skipped'])
  })

  it('makes what is asked for more urgent, although it waits already', async () => {
    using world = new World()
    for (const [id, ms] of [['busy', 5000], ['early', 10], ['late', 5], ['top', 1000]] as const) world.durations.set(id, ms)
    let go = (): void => undefined
    const gate = new Promise<void>((resolve) => (go = resolve))
    world.puppet.onExpand = async ({ action }) => {
      if (action.id !== 'top') return { kind: 'closed' }
      await gate
      return { kind: 'ask', inputs: { more: output('late') }, actions: [] }
    }
    const building = world.build([puppet('busy'), puppet('early'), puppet('late'), puppet('top')], { jobs: 1 })
    const busy = await world.puppet.started('busy')
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve))
    go()
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve))
    world.puppet.automatic = pure
    await busy.done('busy')
    for (const id of world.puppet.open) await (await world.puppet.started(id)).done(id)
    await building
    expect(world.puppet.invocations.indexOf('late')).toBeLessThan(world.puppet.invocations.indexOf('early'))
  })

  it('fails when a kind answers that it can not go on', async () => {
    using world = new World()
    world.puppet.onExpand = () => ({ kind: 'failed', failure: { kind: 'refused', diagnostics: [] } })
    expect(states(await world.build([puppet('a'), puppet('b', ['a'])]))).toEqual(['a: failed', 'b: skipped'])
    expect(world.puppet.invocations).toEqual([])
  })
})

describe('a circle of needs', () => {
  const pathOf = (diagnostics: readonly { readonly code: string; readonly facts?: readonly (readonly [string, string])[] }[]) => diagnostics.map(({ code, facts }) => [code, facts?.[0]?.[1]])

  it('is refused before anything runs, with its path', async () => {
    using world = new World()
    const report = await world.build([puppet('a', ['b']), puppet('b', ['c']), puppet('c', ['a']), puppet('d', ['a'])], { wants: ['d'] })
    expect(report.outcome).toBe('refused')
    expect(pathOf(report.diagnostics)).toEqual([['engine/cycle', 'a -> b -> c -> a']])
    expect(world.puppet.invocations).toEqual([])
    expect(world.events.map(({ kind }) => kind)).toEqual(['refused'])
  })

  it('may be a node that needs itself', async () => {
    using world = new World()
    expect(pathOf((await world.build([puppet('a', ['a'])])).diagnostics)).toEqual([['engine/cycle', 'a -> a']])
  })

  it('that appears while the graph grows fails the node that closed it, with its path', async () => {
    using world = new World()
    world.puppet.automatic = pure
    world.puppet.onExpand = ({ action }) =>
      action.id === 'top' ? { kind: 'ask', inputs: { more: output('x') }, actions: [puppet('x', ['y']), puppet('y', ['above'])] } : { kind: 'closed' }
    const report = await world.build([puppet('top'), puppet('above', ['top']), puppet('other')], { keepGoing: true })
    const top = report.nodes.get(nodeId('top'))
    expect(top?.kind === 'failed' && top.failure.kind === 'refused' && pathOf(top.failure.diagnostics)).toEqual([['engine/cycle', 'top -> x -> y -> above -> top']])
    expect(states(report)).toEqual(['above: skipped', 'other: ran', 'top: failed'])
  })

  it('takes nothing with it that somebody else may ask for', async () => {
    using world = new World()
    world.puppet.automatic = pure
    const innocent = puppet('innocent')
    world.puppet.onExpand = ({ action }) => {
      if (action.id === 'top') return { kind: 'ask', inputs: { more: output('x'), innocent: output('innocent') }, actions: [puppet('x', ['top']), innocent] }
      return action.id === 'later' ? { kind: 'ask', inputs: { innocent: output('innocent') }, actions: [innocent] } : { kind: 'closed' }
    }
    const report = await world.build([puppet('top'), puppet('first'), puppet('later', ['first'])], { keepGoing: true })
    expect(states(report)).toEqual(['first: ran', 'innocent: ran', 'later: ran', 'top: failed'])
  })

  it('through two suspended nodes that ask for each other is found by the second', async () => {
    using world = new World()
    world.puppet.onExpand = ({ action }) => ({ kind: 'ask', inputs: { other: output(action.id === 'a' ? 'b' : 'a') }, actions: [] })
    const report = await world.build([puppet('a'), puppet('b')], { keepGoing: true })
    expect(states(report).map((line) => line.slice(3)).sort()).toEqual(['failed', 'skipped'])
  })

  it('among new nodes alone fails every node that asks for them', async () => {
    using world = new World()
    const actions = [puppet('x', ['y']), puppet('y', ['x'])]
    world.puppet.onExpand = ({ action }) => (action.id.startsWith('top') ? { kind: 'ask', inputs: { more: output('x') }, actions } : { kind: 'closed' })
    const report = await world.build([puppet('top1'), puppet('top2')], { keepGoing: true })
    expect(states(report)).toEqual(['top1: failed', 'top2: failed'])
  })
})

describe('an action', () => {
  it('that is added twice must be the same', () => {
    expect(graphOf([puppet('a'), puppet('a', [], { label: 'other words' })]).ids()).toEqual(['a'])
    const places = graphOf([puppet('a', [], { aside: { uris: ['x', 'y'], seconds: 1 } }), puppet('a', [], { aside: { uris: ['y', 'z'], seconds: 2 } }), puppet('a')])
    expect(places.action(nodeId('a'))?.aside).toEqual({ uris: ['x', 'y', 'z'], seconds: 1 })
    expect(() => graphOf([puppet('a'), puppet('a', [], { spec: { text: 'other' } })])).toThrow('two different actions')
  })

  it('that nobody has named is a fault when it is needed', async () => {
    using world = new World()
    await expect(world.build([puppet('a', ['ghost'])])).rejects.toThrow('"ghost" is an input, but no action has that name')
  })
})
