import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { nodeId } from '../../base/ids.ts'
import type { RunContext } from '../../engine/action.ts'
import { puppet, pure, states, World } from './puppet.ts'

describe('a failure', () => {
  it('starts nothing new, and lets what runs come to its end', async () => {
    using world = new World()
    const building = world.build([puppet('a'), puppet('b'), puppet('c', ['b']), puppet('d', ['a'])], { jobs: 2 })
    const b = await world.puppet.started('b')
    ;(await world.puppet.started('a')).fail()
    await Promise.resolve()
    await b.done('b')
    const report = await building
    expect(report.outcome).toBe('failed')
    expect(states(report)).toEqual(['a: failed', 'b: ran', 'c: skipped', 'd: skipped'])
    expect(report.nodes.get(nodeId('d'))).toEqual({ kind: 'skipped', because: { kind: 'failed', node: 'a' } })
    expect(report.nodes.get(nodeId('c'))).toEqual({ kind: 'skipped', because: { kind: 'stopped' } })
  })

  it('is known before its slot is given to another', async () => {
    using world = new World()
    world.puppet.automatic = () => ({ kind: 'failed', failure: { kind: 'exit', code: 1 } })
    const report = await world.build([puppet('a'), puppet('b'), puppet('c')], { jobs: 1 })
    expect(report.counts).toEqual({ ran: 0, hit: 0, cutOff: 0, failed: 1, skipped: 2 })
  })

  it('leaves what becomes ready after it unlooked at', async () => {
    using world = new World()
    const asked: string[] = []
    world.puppet.onExpand = ({ action }) => {
      asked.push(action.id)
      return { kind: 'closed' }
    }
    const building = world.build([puppet('a'), puppet('b'), puppet('c', ['b'])])
    const b = await world.puppet.started('b')
    ;(await world.puppet.started('a')).fail()
    await new Promise((resolve) => setImmediate(resolve))
    await b.done('b')
    await building
    expect(asked.sort()).toEqual(['a', 'b'])
  })

  it('leaves what ran beside it in the store', async () => {
    using world = new World()
    const actions = [puppet('a'), puppet('b')]
    const building = world.build(actions)
    ;(await world.puppet.started('a')).fail()
    await (await world.puppet.started('b')).done('b')
    await building
    world.puppet.automatic = pure
    expect(states(await world.build(actions))).toEqual(['a: ran', 'b: hit'])
  })

  it('skips just what needs it when the build keeps going', async () => {
    using world = new World()
    const building = world.build([puppet('a'), puppet('b', ['a']), puppet('c', ['b']), puppet('d'), puppet('e', ['d'])], { keepGoing: true })
    ;(await world.puppet.started('a')).fail()
    for (const id of ['d', 'e']) await (await world.puppet.started(id)).done(id)
    const report = await building
    expect(states(report)).toEqual(['a: failed', 'b: skipped', 'c: skipped', 'd: ran', 'e: ran'])
    expect(report.nodes.get(nodeId('c'))).toEqual({ kind: 'skipped', because: { kind: 'failed', node: 'a' } })
    expect([...report.outputs.keys()]).toEqual(['d', 'e'])
  })

  it('of a long chain skips it all', async () => {
    using world = new World()
    const chain = Array.from({ length: 20_000 }, (_, i) => puppet(`n${i}`, i === 0 ? [] : [`n${i - 1}`]))
    const building = world.build(chain, { wants: ['n19999'] })
    ;(await world.puppet.started('n0')).fail()
    expect((await building).counts).toEqual({ ran: 0, hit: 0, cutOff: 0, failed: 1, skipped: 19_999 })
  })

  it('is not remembered: the action runs again', async () => {
    using world = new World()
    const first = world.build([puppet('a')])
    ;(await world.puppet.started('a')).fail()
    await first
    const second = world.build([puppet('a')])
    await (await world.puppet.started('a')).done('a')
    expect(states(await second)).toEqual(['a: ran'])
  })

  it('keeps its folder when the kind says so, and no other does', async () => {
    using world = new World()
    const building = world.build([puppet('a'), puppet('b')], { keepGoing: true })
    const a = await world.puppet.started('a')
    const b = await world.puppet.started('b')
    writeFileSync(join(a.context.scratch, 'core'), 'x')
    a.context.keep()
    const folders = [a.context.scratch, b.context.scratch]
    expect(folders.map((folder) => existsSync(folder))).toEqual([true, true])
    a.fail({ kind: 'exit', code: 2, kept: a.context.scratch })
    b.fail()
    await building
    expect(folders.map((folder) => existsSync(folder))).toEqual([true, false])
    expect(existsSync(join(a.context.scratch, 'core'))).toBe(true)
  })

  it('makes no folder for a kind that never asks where it is', async () => {
    using world = new World()
    let made = 0
    const { temp } = world.ports
    Object.assign(world.ports, { temp: (name: string) => (made++, temp(name)) })
    let context: RunContext | undefined
    world.puppet.automatic = (given) => pure((context = given))
    await world.build([puppet('a')])
    expect(made).toBe(0)
    expect(() => context?.scratch).toThrow('after its run')
  })

  it('has its log in the store, and shows it live', async () => {
    using world = new World()
    const building = world.build([puppet('a')])
    const a = await world.puppet.started('a')
    a.context.log('caf')
    a.context.log(Buffer.from([0xc3]))
    a.context.log(Buffer.from([0xa9]))
    a.fail()
    const state = (await building).nodes.get(nodeId('a'))
    const log = state?.kind === 'failed' && state.log !== undefined ? await world.cas.read(state.log) : undefined
    expect(Buffer.from(log ?? []).toString()).toBe('café')
    expect(world.events.flatMap((event) => (event.kind === 'log' ? [event.text] : []))).toEqual(['caf', 'é'])
  })

  it('is an output that was promised and not made', async () => {
    using world = new World()
    const building = world.build([puppet('a')])
    ;(await world.puppet.started('a')).give({})
    const state = (await building).nodes.get(nodeId('a'))
    expect(state).toMatchObject({ kind: 'failed', failure: { kind: 'no-output', output: 'out' } })
  })

  it('is an output whose content never reached the store', async () => {
    using world = new World()
    const building = world.build([puppet('a')])
    const digest = await world.cas.put(Buffer.from('gone'))
    world.cas.forget(digest)
    ;(await world.puppet.started('a')).give({ out: { kind: 'blob', digest } })
    expect((await building).nodes.get(nodeId('a'))).toMatchObject({ kind: 'failed', failure: { kind: 'no-output', output: 'out' } })
  })

  it('is a run that takes longer than it may', async () => {
    using world = new World()
    const building = world.build([puppet('a', [], { timeout: 0.02 })])
    const a = await world.puppet.started('a')
    await new Promise((resolve) => a.context.signal.addEventListener('abort', resolve))
    a.fail({ kind: 'signal', signal: 'SIGKILL', step: 'compile' })
    expect((await building).nodes.get(nodeId('a'))).toMatchObject({ kind: 'failed', failure: { kind: 'timeout', seconds: 0.02, step: 'compile' } })
  })

  it('that no kind should have is thrown when everything that ran has come to its end', async () => {
    using world = new World()
    const building = world.build([puppet('a'), puppet('b')])
    const b = await world.puppet.started('b')
    ;(await world.puppet.started('a')).throws(new TypeError('a defect'))
    await new Promise((resolve) => b.context.signal.addEventListener('abort', resolve))
    let settled = false
    void building.catch(() => (settled = true))
    await new Promise((resolve) => setTimeout(resolve, 10))
    expect(settled).toBe(false)
    b.fail()
    await expect(building).rejects.toThrow('a defect')
  })
})

describe('stopping a build', () => {
  it('tells what runs, starts nothing new, and records nothing of what was stopped', async () => {
    using world = new World()
    const stop = new AbortController()
    const building = world.build([puppet('a'), puppet('b', ['a']), puppet('c')], { jobs: 1, signal: stop.signal, seed: 1 })
    const first = await Promise.race([world.puppet.started('a'), world.puppet.started('c')])
    const aborted = new Promise((resolve) => first.context.signal.addEventListener('abort', resolve))
    stop.abort()
    await aborted
    first.fail({ kind: 'signal', signal: 'SIGTERM' })
    const report = await building
    expect(report.outcome).toBe('stopped')
    expect(report.counts).toEqual({ ran: 0, hit: 0, cutOff: 0, failed: 0, skipped: 3 })
    expect(world.puppet.invocations).toHaveLength(1)
    world.puppet.automatic = pure
    expect((await world.build([puppet('a'), puppet('b', ['a']), puppet('c')])).counts.ran).toBe(3)
  })

  it('keeps what came to its end before the signal reached it', async () => {
    using world = new World()
    const stop = new AbortController()
    const building = world.build([puppet('a'), puppet('b', ['a'])], { signal: stop.signal })
    const a = await world.puppet.started('a')
    stop.abort()
    await a.done('a')
    expect(states(await building)).toEqual(['a: ran', 'b: skipped'])
  })

  it('before it begins runs nothing', async () => {
    using world = new World()
    expect((await world.build([puppet('a')], { signal: AbortSignal.abort() })).outcome).toBe('stopped')
    expect(world.puppet.invocations).toEqual([])
  })

  it('takes a kind that throws for the signal as stopped', async () => {
    using world = new World()
    const stop = new AbortController()
    world.puppet.automatic = async ({ signal }) => {
      stop.abort()
      signal.throwIfAborted()
      throw new Error('not reached')
    }
    expect((await world.build([puppet('a')], { signal: stop.signal })).outcome).toBe('stopped')
  })
})
