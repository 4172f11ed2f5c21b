import { describe, expect, it } from 'vitest'
import { nodeId } from '../../base/ids.ts'
import type { Settled } from '../../engine/given.ts'
import type { BuildReport } from '../../engine/report.ts'
import { puppet, pure, spec, states, World } from './puppet.ts'

const chain = [puppet('a'), puppet('b', ['a']), puppet('c', ['b']), puppet('d', ['c'])]

/** What a report says of some of its nodes, for the next build. */
function settledOf(report: BuildReport, ...ids: readonly string[]): { settled: (id: string) => Settled | undefined } {
  return {
    settled: (id) => {
      const state = report.nodes.get(nodeId(id))
      return ids.includes(id) && state?.kind === 'done' ? state : undefined
    },
  }
}

describe('nodes that are given as settled', () => {
  it('are hits, and nothing that they need is in the plan', async () => {
    using world = new World()
    world.puppet.automatic = pure
    const first = await world.build(chain)
    world.puppet.invocations.length = 0
    const changed = [puppet('c', ['b'], spec('new')), puppet('d', ['c'])]
    const report = await world.build(changed, settledOf(first, 'b'))
    expect(states(report)).toEqual(['b: hit', 'c: ran', 'd: ran'])
    expect(world.puppet.invocations).toEqual(['c', 'd'])
    const whole = await world.build([...chain.slice(0, 2), ...changed])
    expect(states(whole)).toEqual(['a: hit', 'b: hit', 'c: hit', 'd: hit'])
    expect(world.digest(report, 'd')).toBe(world.digest(whole, 'd'))
  })

  it('may be wanted themselves', async () => {
    using world = new World()
    world.puppet.automatic = pure
    const first = await world.build(chain)
    const report = await world.build([], { ...settledOf(first, 'd'), wants: ['d'] })
    expect([report.outcome, states(report), report.outputs.get(nodeId('d'))]).toEqual(['done', ['d: hit'], first.outputs.get(nodeId('d'))])
  })

  it('may be what a node asks for while it runs', async () => {
    using world = new World()
    world.puppet.automatic = pure
    const asks = { x: { kind: 'output', node: nodeId('c'), output: 'out' } } as const
    world.puppet.onExpand = ({ action }) => (action.id === 'e' ? { kind: 'ask', inputs: asks, actions: [] } : { kind: 'closed' })
    const first = await world.build(chain)
    const report = await world.build([puppet('e')], { ...settledOf(first, 'c'), wants: ['e'] })
    expect(states(report)).toEqual(['c: hit', 'e: ran'])
    expect(await world.text(report, 'e')).toContain('x=c(')
  })

  it('stop the build when their content is lost, which names them and blames nobody', async () => {
    using world = new World()
    world.puppet.automatic = pure
    const first = await world.build(chain)
    world.cas.forget(world.digest(first, 'b'))
    const report = await world.build([puppet('c', ['b'], spec('new')), puppet('d', ['c'])], settledOf(first, 'b'))
    expect([report.outcome, report.unsettled, report.counts.failed]).toEqual(['stopped', ['b'], 0])
    const again = await world.build([...chain.slice(0, 2), puppet('c', ['b'], spec('new'))])
    expect([again.outcome, again.unsettled]).toEqual(['done', []])
  })
})
