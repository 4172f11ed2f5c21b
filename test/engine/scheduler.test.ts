import { afterEach, describe, expect, it, vi } from 'vitest'
import { nodeId } from '../../base/ids.ts'
import type { Resources } from '../../engine/action.ts'
import { Heap } from '../../engine/heap.ts'
import { CriticalPath } from '../../engine/priority.ts'
import { type LoadLimit, Scheduler } from '../../engine/scheduler.ts'
import { graphOf, puppet, pure, World } from './puppet.ts'

/** Runs tasks that the test ends by name, and tells which are running. */
class Bench {
  readonly running = new Map<string, () => void>()
  readonly order: string[] = []
  readonly scheduler: Scheduler

  constructor(jobs: number, seed = 1, more: { readonly memory?: number; readonly load?: LoadLimit } = {}) {
    this.scheduler = new Scheduler({ jobs, memory: Infinity, network: 2, ...more }, seed)
  }

  add(id: string, priority = 0, resources: Resources = {}): Promise<void> {
    return this.scheduler.run(nodeId(id), { priority, resources }, () => {
      this.order.push(id)
      return new Promise<void>((resolve) => this.running.set(id, resolve))
    })
  }

  async end(id: string): Promise<void> {
    this.running.get(id)?.()
    this.running.delete(id)
    await new Promise((resolve) => setImmediate(resolve))
  }

  async turn(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
  }

  get now(): string[] {
    return [...this.running.keys()].sort()
  }
}

afterEach(() => void vi.useRealTimers())

describe('the load of the machine', () => {
  it('holds back all but one action while it is above the limit, and is looked at again by itself', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    let load = 3
    const bench = new Bench(4, 1, { load: { limit: 2, now: () => load } })
    const all = ['a', 'b', 'c'].map((id, i) => bench.add(id, -i))
    await bench.turn()
    expect(bench.now).toEqual(['a'])
    await vi.advanceTimersByTimeAsync(5000)
    expect(bench.now).toEqual(['a'])
    load = 2
    await vi.advanceTimersByTimeAsync(1000)
    expect(bench.now).toEqual(['a', 'b', 'c'])
    for (const id of ['a', 'b', 'c']) await bench.end(id)
    await Promise.all(all)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('never holds back what would run alone', async () => {
    const bench = new Bench(4, 1, { load: { limit: 1, now: () => 100 } })
    const all = ['a', 'b'].map((id, i) => bench.add(id, -i))
    for (const id of ['a', 'b']) {
      await bench.turn()
      expect(bench.now).toEqual([id])
      await bench.end(id)
    }
    await Promise.all(all)
  })
})

describe('the heap', () => {
  it('compares 100,000 tasks a few times each, not each with all', () => {
    const count = 100_000
    let asked = 0
    const heap = new Heap()
    for (let i = 0; i < count; i++) {
      const tie = Math.imul(i, 2654435761) >>> 0
      heap.push({ run: async () => undefined, id: String(i), priority: 0, get tie() { asked++; return tie } })
    }
    let last = -1
    for (let item = heap.pop(); item !== undefined; item = heap.pop()) {
      expect(item.tie > last || item.id === '0').toBe(true)
      last = item.tie
    }
    // Two ties a comparison, two comparisons a level of the tree, and the two of the test itself.
    expect(asked).toBeLessThan(count * (4 * Math.log2(count) + 10))
  })

  it('gives tasks by priority and then by tie, whatever the order of arrival and however priorities change', () => {
    let seed = 7
    const random = (n: number): number => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) % n
    const heap = new Heap()
    const model = new Map<string, { priority: number; tie: number }>()
    for (let step = 0; step < 5000; step++) {
      const id = `t${random(200)}`
      if (random(3) > 0 && !model.has(id)) {
        const item = { priority: random(20), tie: step }
        model.set(id, item)
        heap.push({ run: async () => id, id, ...item })
      } else if (random(2) === 0) {
        const priority = random(20)
        heap.change(id, priority)
        const item = model.get(id)
        if (item !== undefined) model.set(id, { ...item, priority })
      } else {
        const best = [...model].sort(([, a], [, b]) => b.priority - a.priority || a.tie - b.tie)[0]?.[0]
        expect(heap.pop()?.id).toBe(best)
        model.delete(best ?? '')
      }
      expect(heap.size).toBe(model.size)
    }
  })
})

describe('the scheduler', () => {
  it('runs as many at once as there are jobs, the most urgent first', async () => {
    const bench = new Bench(2)
    void bench.add('a')
    void bench.add('b')
    void bench.add('low', 1)
    void bench.add('high', 9)
    expect(bench.now).toEqual(['a', 'b'])
    await bench.end('a')
    expect(bench.now).toEqual(['b', 'high'])
  })

  it('lets a task become more urgent while it waits', async () => {
    const bench = new Bench(1)
    for (const [id, priority] of [['a', 9], ['b', 5], ['c', 1]] as const) void bench.add(id, priority)
    bench.scheduler.raise(nodeId('c'), 7)
    await bench.end('a')
    expect(bench.now).toEqual(['c'])
  })

  it('counts what an action weighs, cut to the machine', async () => {
    const bench = new Bench(4)
    void bench.add('three', 9, { cpu: 3 })
    void bench.add('two', 8, { cpu: 2 })
    void bench.add('one', 7, { cpu: 1 })
    expect(bench.now).toEqual(['three'])
    await bench.end('three')
    expect(bench.now).toEqual(['one', 'two'])
    void bench.add('huge', 9, { cpu: 99 })
    await bench.end('one')
    expect(bench.now).toEqual(['two'])
    await bench.end('two')
    expect(bench.now).toEqual(['huge'])
  })

  it('keeps within the memory', async () => {
    const bench = new Bench(4, 1, { memory: 100 })
    void bench.add('a', 9, { memory: 60 })
    void bench.add('b', 8, { memory: 60 })
    expect(bench.now).toEqual(['a'])
    await bench.end('a')
    expect(bench.now).toEqual(['b'])
  })

  it('runs the network beside the processors, with a bound of its own', async () => {
    const bench = new Bench(1)
    void bench.add('cpu')
    for (const id of ['n1', 'n2', 'n3']) void bench.add(id, 0, { network: true })
    expect(bench.now).toHaveLength(3)
    expect(bench.now).toContain('cpu')
  })

  it('runs an exclusive action alone, and does not let others keep it waiting', async () => {
    const bench = new Bench(4)
    void bench.add('a')
    void bench.add('alone', 0, { exclusive: true })
    void bench.add('b', 9)
    expect(bench.now).toEqual(['a'])
    await bench.end('a')
    expect(bench.now).toEqual(['alone'])
    await bench.end('alone')
    expect(bench.now).toEqual(['b'])
  })

  it('gives room back after a task that threw', async () => {
    const bench = new Bench(1)
    await expect(bench.scheduler.run(nodeId('bad'), { priority: 0, resources: {} }, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    void bench.add('good')
    expect(bench.now).toEqual(['good'])
  })

  it('shuffles equals by the seed: the same seed gives the same order, another seed another', async () => {
    const orderOf = async (seed: number, ids: readonly string[]): Promise<string[]> => {
      const bench = new Bench(1, seed)
      void bench.add('first', 9)
      for (const id of ids) void bench.add(id)
      await bench.end('first')
      for (const _ of ids) await bench.end(bench.now[0] ?? '')
      return bench.order
    }
    const ids = Array.from({ length: 20 }, (_, i) => `node${i}`)
    expect(await orderOf(1, ids)).toEqual(await orderOf(1, [...ids].reverse()))
    expect(await orderOf(1, ids)).not.toEqual(await orderOf(2, ids))
  })
})

describe('the critical path', () => {
  const times: Record<string, number> = { a: 10, b: 20, c: 5, d: 1, new: 100 }
  const durations = { get: (name: string) => times[name], put: () => undefined }

  it('is the longest way from a node to the end of the build', () => {
    const graph = graphOf([puppet('a'), puppet('b', ['a']), puppet('c', ['a']), puppet('d', ['b', 'c'])])
    const path = new CriticalPath(graph, durations)
    path.spread([nodeId('d')])
    expect(['a', 'b', 'c', 'd'].map((id) => path.of(nodeId(id)))).toEqual([31, 21, 6, 1])
    expect(path.left()).toBe(31)
    path.settle(nodeId('a'))
    expect(path.left()).toBe(21)
    path.reopen(nodeId('a'))
    expect(path.left()).toBe(31)
  })

  it('gets longer when the graph grows, and tells whose', () => {
    const graph = graphOf([puppet('a'), puppet('b', ['a']), puppet('d', ['b'])])
    const path = new CriticalPath(graph, durations)
    path.spread([nodeId('d')])
    graph.add(puppet('new', ['a']))
    graph.extend(nodeId('d'), { more: { kind: 'output', node: nodeId('new'), output: 'out' } })
    expect(path.spread([nodeId('d')]).sort()).toEqual(['a', 'new'])
    expect(path.of(nodeId('a'))).toBe(111)
  })

  it('of a build orders what is ready, from the durations of the last one', async () => {
    using world = new World()
    world.puppet.automatic = pure
    for (const [id, ms] of [['short', 1], ['long', 100], ['above', 1000], ['under', 5]] as const) world.durations.set(id, ms)
    await world.build([puppet('short'), puppet('long'), puppet('under'), puppet('above', ['under'])], { jobs: 1 })
    expect(world.puppet.invocations.slice(0, 2)).toEqual(['under', 'long'])
    expect(world.puppet.invocations.indexOf('above')).toBe(2)
  })

  it('is told while the build goes on, and is 0 at its end', async () => {
    using world = new World()
    world.puppet.automatic = pure
    for (const id of ['a', 'b', 'c']) world.durations.set(id, 100)
    await world.build([puppet('a'), puppet('b', ['a']), puppet('c', ['b'])], { jobs: 1, wants: ['c'] })
    expect(world.events.flatMap((event) => (event.kind === 'progress' ? [event.criticalLeft] : []))).toEqual([200, 100, 0])
  })
})
