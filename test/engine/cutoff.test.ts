import { describe, expect, it } from 'vitest'
import { puppet, pure, spec, states, World } from './puppet.ts'

describe('deciding what to run', () => {
  it('runs everything once, and nothing the second time', async () => {
    using world = new World()
    world.puppet.automatic = pure
    const actions = [puppet('a'), puppet('b', ['a']), puppet('c', ['a', 'b'])]
    const first = await world.build(actions)
    expect(first.outcome).toBe('done')
    expect(first.counts).toEqual({ ran: 3, hit: 0, cutOff: 0, failed: 0, skipped: 0 })
    expect(await world.text(first, 'c')).toBe('c(a=a(),b=b(a=a()))')
    const second = await world.build(actions)
    expect(second.counts).toEqual({ ran: 0, hit: 3, cutOff: 0, failed: 0, skipped: 0 })
    expect(second.outputs).toEqual(first.outputs)
    expect(world.puppet.invocations).toEqual(['a', 'b', 'c'])
  })

  it('cuts off below an action that ran and came out the same', async () => {
    using world = new World()
    const chain = (text: string) => [puppet('a', [], spec(text)), puppet('b', ['a']), puppet('c', ['b'])]
    const building = world.build(chain('one'))
    for (const id of ['a', 'b', 'c']) await (await world.puppet.started(id)).done(id)
    await building
    const again = world.build(chain('two'))
    await (await world.puppet.started('a')).done('a')
    expect(states(await again)).toEqual(['a: cutOff', 'b: hit', 'c: hit'])
    expect(world.puppet.invocations).toEqual(['a', 'b', 'c', 'a'])
  })

  it('is a hit again when a change is taken back', async () => {
    using world = new World()
    world.puppet.automatic = pure
    await world.build([puppet('a', [], spec('one'))])
    await world.build([puppet('a', [], spec('two'))])
    expect(states(await world.build([puppet('a', [], spec('one'))]))).toEqual(['a: hit'])
  })

  it('runs equal actions under two names once', async () => {
    using world = new World()
    const building = world.build([puppet('a', [], spec('same')), puppet('b', [], spec('same'))])
    const first = await Promise.race([world.puppet.started('a'), world.puppet.started('b')])
    await first.done('x')
    expect(states(await building).map((line) => line.slice(3)).sort()).toEqual(['hit', 'ran'])
    expect(world.puppet.invocations).toHaveLength(1)
  })
})
