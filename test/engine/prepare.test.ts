import { describe, expect, it } from 'vitest'
import type { ActionKind, Outcome, RunContext } from '../../engine/action.ts'
import { puppet, pure, World } from './puppet.ts'

/** A kind whose runs wait for processors themselves, and which tells who had them at once. */
class Preparing implements ActionKind {
  readonly name = 'preparing'
  readonly version = 1
  readonly prepares = true
  readonly begun: string[] = []
  readonly holding = new Set<string>()
  /** Who held processors, each time somebody got them. */
  readonly together: number[] = []
  script: (context: RunContext) => Promise<Outcome | undefined> = async () => undefined

  outputs(): readonly string[] {
    return ['out']
  }

  async run(context: RunContext): Promise<Outcome> {
    const { id } = context.action
    this.begun.push(id)
    const giveBack = await context.processors()
    this.holding.add(id)
    this.together.push(this.holding.size)
    const failed = await this.script(context)
    this.holding.delete(id)
    if (failed !== undefined) return failed
    giveBack()
    await new Promise((resolve) => setTimeout(resolve, 5))
    return pure(context)
  }
}

function world(): { readonly world: World; readonly kind: Preparing } & Disposable {
  const made = new World()
  const kind = new Preparing()
  made.kinds.set(kind.name, kind)
  return { world: made, kind, [Symbol.dispose]: () => made[Symbol.dispose]() }
}

const actions = (count: number) => Array.from({ length: count }, (_, i) => puppet(`p${i}`, [], { kind: 'preparing' }))
const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2))

describe('a kind that prepares', () => {
  it('begins more runs than there are processors, and never has more of these', async () => {
    using at = world()
    at.kind.script = async () => (await soon(), undefined)
    const report = await at.world.build(actions(30), { jobs: 2 })
    expect(report.counts.ran).toBe(30)
    expect(Math.max(...at.kind.together)).toBe(2)
  })

  it('gets its processors from the same budget as others', async () => {
    using at = world()
    let beside = 0
    at.world.puppet.automatic = async (context) => {
      const before = at.kind.together.length
      await soon()
      beside += at.kind.together.length - before
      return pure(context)
    }
    const report = await at.world.build([puppet('a'), puppet('b'), ...actions(5)], { jobs: 1 })
    expect(report.counts.ran).toBe(7)
    expect(beside).toBe(0)
  })

  it('starts nothing after a failure, not what has begun either', async () => {
    using at = world()
    at.kind.script = async ({ action }) => {
      await soon()
      return action.id === 'p0' ? { kind: 'failed', failure: { kind: 'exit', code: 1 } } : undefined
    }
    const report = await at.world.build(actions(6), { jobs: 1 })
    expect(report.counts.failed).toBe(1)
    expect(at.kind.together).toHaveLength(report.counts.ran + 1)
    expect(report.counts.ran + report.counts.failed + report.counts.skipped).toBe(6)
  })

  it('is told to have started when it has its processors', async () => {
    using at = world()
    const told: (readonly string[])[] = []
    at.kind.script = async () => void told.push(at.world.told('started'))
    await at.world.build(actions(3), { jobs: 1 })
    expect(told.map((ids) => ids.length)).toEqual([1, 2, 3])
  })

  it('that fails before it waited is told to have started all the same', async () => {
    using at = world()
    at.world.kinds.set('preparing', { name: 'preparing', version: 1, prepares: true, outputs: () => ['out'], run: async () => ({ kind: 'failed', failure: { kind: 'refused', diagnostics: [] } }) })
    const report = await at.world.build(actions(1))
    expect(report.counts.failed).toBe(1)
    expect(at.world.told('started')).toEqual(['p0'])
  })
})
