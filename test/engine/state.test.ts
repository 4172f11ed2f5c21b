import { describe, expect, it } from 'vitest'
import { actionKey, nodeId } from '../../base/ids.ts'
import { digestText } from '../../base/digest.ts'
import { ActionGraph } from '../../engine/graph.ts'
import { type Done, States } from '../../engine/state.ts'
import { graphOf, puppet } from './puppet.ts'

const done: Done = { kind: 'done', how: 'ran', key: actionKey(digestText('k')), outputs: {}, reason: { kind: 'first' }, ms: 1, saved: 0 }

function rig(...ids: Parameters<typeof graphOf>[0]): { states: States; ready: string[]; skipped: string[]; run(id: string): void } {
  const graph = new ActionGraph()
  const nodes = graph.include(ids.map(({ id }) => id), graphOf(ids))
  const ready: string[] = []
  const skipped: string[] = []
  const states = new States(graph, { ready: (id) => void ready.push(id), skipped: (id) => void skipped.push(id) })
  states.want(nodes)
  const run = (id: string): void => {
    states.set(nodeId(id), { kind: 'running' })
    states.set(nodeId(id), done)
  }
  return { states, ready, skipped, run }
}

describe('the states of nodes', () => {
  it('become ready when the last input is done, and only then', () => {
    const { ready, run } = rig(puppet('a'), puppet('b'), puppet('c', ['a', 'b']))
    expect(ready.sort()).toEqual(['a', 'b'])
    run('a')
    expect(ready).not.toContain('c')
    run('b')
    expect(ready).toContain('c')
  })

  it('count what is where', () => {
    const { states, run } = rig(puppet('a'), puppet('b', ['a']), puppet('c', ['b']))
    run('a')
    states.set(nodeId('b'), { kind: 'failed', failure: { kind: 'exit', code: 1 }, ms: 0 })
    expect(states.counts).toEqual({ ran: 1, hit: 0, cutOff: 0, failed: 1, skipped: 1 })
    expect([states.settled, states.total, states.running]).toEqual([3, 3, 0])
  })

  it('wait again for an input that was taken back', () => {
    const { states, ready, run } = rig(puppet('a'), puppet('b'), puppet('c', ['a', 'b']))
    run('a')
    states.await(nodeId('a'), 'waiting')
    run('b')
    expect(states.get(nodeId('c')).kind).toBe('waiting')
    expect(ready).toEqual(expect.not.arrayContaining(['c']))
    run('a')
    expect(states.get(nodeId('c')).kind).toBe('ready')
    expect(states.counts.ran).toBe(2)
  })

  it('notice an input that was taken back after the node was ready', () => {
    const { states, run } = rig(puppet('a'), puppet('c', ['a']))
    run('a')
    expect(states.stillReady(nodeId('c'))).toBe(true)
    states.await(nodeId('a'), 'waiting')
    expect(states.stillReady(nodeId('c'))).toBe(false)
    expect(states.get(nodeId('c')).kind).toBe('waiting')
  })

  it('change in no other way than the table allows', () => {
    const { states, run } = rig(puppet('a'), puppet('b', ['a']))
    expect(() => states.set(nodeId('b'), { kind: 'running' })).toThrow('"b" can\'t go from waiting to running')
    run('a')
    states.set(nodeId('b'), { kind: 'failed', failure: { kind: 'exit', code: 1 }, ms: 0 })
    expect(() => states.set(nodeId('b'), { kind: 'ready' })).toThrow("can't go from failed to ready")
    expect(() => states.get(nodeId('nobody'))).toThrow('"nobody" is not in the plan')
  })
})
