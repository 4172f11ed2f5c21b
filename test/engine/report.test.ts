import { describe, expect, it } from 'vitest'
import { nodeId } from '../../base/ids.ts'
import { styleOf } from '../../cli/render/style.ts'
import { summaryLines } from '../../cli/render/summary-lines.ts'
import { type Summary, summaryOf, type Timed } from '../../engine/summary.ts'
import { handClock, puppet, pure, World } from './puppet.ts'

describe('a summary', () => {
  it('tells the counts, the longest chain of runs, the slowest, and what hits saved', async () => {
    const { clock, tick } = handClock()
    using world = new World({ clock })
    const actions = [puppet('a'), puppet('b', ['a']), puppet('c', ['a']), puppet('d', ['b', 'c'])]
    const takes: Record<string, number> = { a: 10, b: 500, c: 100, d: 1 }
    world.puppet.automatic = (context) => {
      tick(takes[context.action.id] ?? 0)
      return pure(context)
    }
    const summary = summaryOf(await world.build(actions, { jobs: 1, seed: 1 }))
    expect(summary.criticalPath.map(({ id }) => id)).toEqual(['a', 'b', 'd'])
    expect(summary.criticalMs).toBe(511)
    expect(summary.slowest.map(({ id, ms }) => [id, ms])).toEqual([['b', 500], ['c', 100], ['a', 10], ['d', 1]])
    expect([summary.counts.ran, summary.ms]).toEqual([4, 611])
    expect(world.events.at(-1)).toEqual({ at: 611, kind: 'summary', ...summary })
    const again = summaryOf(await world.build(actions))
    expect([again.saved, again.criticalMs]).toEqual([611, 0])
    expect([again.counts.hit, again.criticalPath, again.slowest]).toEqual([4, [], []])
  })
})

describe('the last lines of a build', () => {
  const style = styleOf({}, {})
  const run = (label: string, ms: number): Timed => ({ id: nodeId(label), label, how: 'ran', ms })
  const summary: Summary = { counts: { ran: 7, hit: 1, cutOff: 0, failed: 0, skipped: 0 }, ms: 4000, saved: 65_000, seed: 1, criticalPath: [run('a', 900), run('b', 10), run('c', 2000), run('d', 20), run('e', 30), run('f', 40), run('g', 5)], criticalMs: 3005, slowest: [run('c', 2000), run('a', 900), run('x', 800)] }

  it('tell the longest chain with its longest runs, the slowest, and what was saved', () => {
    expect(summaryLines(summary, style)).toEqual([
      'path     3.0 s of 4.0 s: a 900 ms → … → c 2.0 s → d 20 ms → e 30 ms → f 40 ms → …',
      'slowest  c 2.0 s, a 900 ms, x 800 ms',
      'saved    1 min 05 s by 1 hit',
    ])
  })

  it('are none after a short build, or when one action ran alone', () => {
    expect(summaryLines({ ...summary, criticalMs: 1999 }, style)).toEqual([])
    expect(summaryLines({ ...summary, slowest: summary.slowest.slice(0, 1) }, style)).toEqual([])
  })

  it('never let a name rewrite the screen', () => {
    expect(summaryLines({ ...summary, criticalPath: [run('\u001b[2J', 3000)] }, style)[0]).toContain('\\x1b[2J')
  })
})

describe('events', () => {
  it('tell a build from plan to summary', async () => {
    using world = new World()
    world.puppet.automatic = pure
    await world.build([puppet('a'), puppet('b', ['a'])], { wants: ['b'], seed: 5 })
    expect(world.events.map(({ kind }) => kind)).toEqual(['planned', 'started', 'finished', 'progress', 'started', 'finished', 'progress', 'summary'])
    expect(world.events[0]).toMatchObject({ kind: 'planned', nodes: 2, wants: ['b'], seed: 5 })
    expect(JSON.parse(JSON.stringify(world.events))).toEqual(world.events)
  })
})
