import { describe, expect, it } from 'vitest'
import { traceOf } from '../../engine/trace.ts'
import { handClock, puppet, pure, spec, World } from './puppet.ts'

/** An event as the Trace Event Format has it: a phase, a process, a thread, and what the phase asks for. */
interface TraceEvent {
  readonly name: string
  readonly ph: string
  readonly pid: number
  readonly tid: number
  readonly ts?: number
  readonly dur?: number
  readonly s?: string
  readonly id?: number
  readonly bp?: string
  readonly cat?: string
  readonly args?: Readonly<Record<string, unknown>>
}

/** As a reader of the file sees it. */
function parsed(world: World): readonly TraceEvent[] {
  const { traceEvents } = JSON.parse(JSON.stringify(traceOf(world.events))) as { readonly traceEvents: readonly TraceEvent[] }
  return traceEvents
}

/** Two branches that run at once; `still` is a hit, `top` fails. */
async function built(): Promise<World> {
  const { clock, tick } = handClock()
  const world = new World({ clock })
  const takes: Record<string, number> = { a: 10, b: 500, c: 100, d: 20, top: 7 }
  world.puppet.automatic = (context) => {
    tick(takes[context.action.id] ?? 0)
    return context.action.id === 'top' ? { kind: 'failed', failure: { kind: 'exit', code: 1 } } : pure(context)
  }
  await world.build([puppet('still')])
  world.events.length = 0
  await world.build([puppet('still'), puppet('a', ['still']), puppet('b', ['a']), puppet('c', ['a']), puppet('d', ['b', 'c']), puppet('top', ['d'], spec('</script>"'))], { jobs: 2, seed: 1 })
  return world
}

describe('a trace', () => {
  it('has of every event what its phase requires', async () => {
    using world = await built()
    for (const event of parsed(world)) {
      expect([event.name.length > 0, Number.isInteger(event.pid), Number.isInteger(event.tid)]).toEqual([true, true, true])
      if (event.ph !== 'M') expect(event.ts).toBeGreaterThanOrEqual(0)
      switch (event.ph) {
        case 'X':
          expect(event.dur).toBeGreaterThanOrEqual(0)
          expect(event.args).toMatchObject({ id: expect.any(String), key: expect.stringMatching(/^[0-9a-f]{64}\//), how: event.cat, why: expect.any(String), queued: expect.any(Number) })
          break
        case 'i':
          expect(event.s).toBe('t')
          break
        case 'C':
          expect(Object.values(event.args ?? {}).every((value) => typeof value === 'number' && value >= 0)).toBe(true)
          break
        case 's':
        case 'f':
          expect([event.cat, typeof event.id]).toEqual(['critical', 'number'])
          break
        default:
          expect([event.ph, ['process_name', 'thread_name', 'thread_sort_index'].includes(event.name)]).toEqual(['M', true])
      }
    }
  })

  it('is in the order of time, and no two slices of a lane overlap', async () => {
    using world = await built()
    const events = parsed(world)
    const times = events.flatMap(({ ts }) => ts ?? [])
    expect(times).toEqual([...times].sort((a, b) => a - b))
    for (const tid of new Set(events.map((event) => event.tid))) {
      let end = 0
      for (const { ts = 0, dur = 0 } of events.filter((event) => event.ph === 'X' && event.tid === tid)) {
        expect(ts).toBeGreaterThanOrEqual(end)
        end = ts + dur
      }
    }
  })

  it('names its lanes, and shows every run once, every hit as an instant', async () => {
    using world = await built()
    const events = parsed(world)
    const lanes = new Map(events.filter(({ name }) => name === 'thread_name').map(({ tid, args }) => [tid, String(args?.['name'])]))
    expect(events.every(({ tid }) => lanes.has(tid))).toBe(true)
    const runs = events.filter(({ ph, tid }) => ph === 'X' && lanes.get(tid)?.startsWith('lane '))
    expect(runs.map(({ name, cat }) => `${name} ${String(cat)}`).sort()).toEqual(['make a ran', 'make b ran', 'make c ran', 'make d ran', 'make top failed'])
    expect(events.filter(({ ph }) => ph === 'i').map(({ name, cat }) => [name, cat])).toEqual([['hit make still', 'hit']])
    const ran = world.events.flatMap((event) => (event.kind === 'finished' || event.kind === 'failed' ? [event.ms] : []))
    expect(runs.reduce((sum, { dur = 0 }) => sum + dur, 0)).toBe(ran.reduce((sum, ms) => sum + ms * 1000, 0))
  })

  it('marks the critical path in a lane of its own, with an arrow from run to run', async () => {
    using world = await built()
    const events = parsed(world)
    const path = events.filter(({ ph, tid }) => ph === 'X' && tid === 2)
    const summary = world.events.find(({ kind }) => kind === 'summary')
    expect(path.map(({ name }) => name)).toEqual(summary?.kind === 'summary' && summary.criticalPath.map(({ label }) => label))
    expect(path.map(({ name }) => name)).toEqual(['make a', expect.any(String), 'make d', 'make top'])
    const flows = events.filter(({ ph }) => ph === 's' || ph === 'f')
    for (const { id, ph, ts = 0, tid } of flows) {
      const slice = events.find((event) => event.ph === 'X' && event.tid === tid && (event.ts ?? 0) <= ts && ts < (event.ts ?? 0) + (event.dur ?? 0))
      expect(slice?.name).toBe(path[(id ?? 0) - (ph === 's' ? 1 : 0)]?.name)
    }
    expect(flows.length).toBe(2 * (path.length - 1))
  })

  it('counts what runs and what queues, down to nothing at the end', async () => {
    using world = await built()
    const counts = parsed(world).filter(({ ph }) => ph === 'C').map(({ args }) => args)
    expect(counts.length).toBeGreaterThan(3)
    expect(counts.at(-1)).toEqual({ running: 0, queued: 0 })
  })

  it('ends what the build was stopped in where the build ended', async () => {
    using world = new World()
    const stop = new AbortController()
    const done = world.build([puppet('a')], { signal: stop.signal })
    const held = await world.puppet.started('a')
    stop.abort()
    held.throws(new Error('stopped'))
    await done
    expect(parsed(world).filter(({ ph }) => ph === 'X').map(({ name, cat }) => [name, cat])).toEqual([['make a', 'stopped']])
  })
})
