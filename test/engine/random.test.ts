import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { nodeId, relPath } from '../../base/ids.ts'
import { MissingBlob } from '../../cache/missing-blob.ts'
import { readTreeFile } from '../../cache/tree-walk.ts'
import type { Action, Input, Outcome, RunContext } from '../../engine/action.ts'
import { puppet, states, World } from './puppet.ts'
import { Random } from '../seeded-random.ts'

// Random graphs, random edits, random failures, random losses, random orders of finishing: whatever happens, every output must be what a
// pure evaluation gives, and a build from empty must give the same. The seed is in each test's name; put it below to see one again.
const seeds = [1, 2, 3, 4, 5, 6, 7, 8]
const steps = 180

/** What a node is in the model: its text, its needs, those that it asks for while it runs, and the workspace file that it reads. */
interface Model {
  text: number
  needs: number[]
  asks: number[]
  file: number | undefined
  fails: boolean
}

const id = (n: number): string => `n${n}`

class Rig {
  readonly world = new World()
  readonly random: Random
  readonly nodes: Model[] = []
  readonly files: number[] = []
  failing = true
  /** Blobs vanish while things run. */
  losing = false

  constructor(seed: number) {
    this.random = new Random(seed)
    for (let f = 0; f < 4; f++) this.edit(f)
    const size = 4 + this.random.below(14)
    for (let n = 0; n < size; n++) this.nodes.push(this.node(n))
    this.world.puppet.automatic = (context) => this.run(context)
    this.world.puppet.onExpand = ({ action }) => {
      const asks = this.nodes[Number(action.id.slice(1))]?.asks ?? []
      return asks.length === 0 ? { kind: 'closed' } : { kind: 'ask', inputs: inputsOf(asks), actions: asks.map((n) => this.action(n)) }
    }
  }

  node(n: number): Model {
    const pick = (): number[] => (n === 0 ? [] : [...new Set(Array.from({ length: this.random.below(4) }, () => this.random.below(n)))])
    return { text: this.random.below(3), needs: pick(), asks: this.random.chance(25) ? pick() : [], file: this.random.chance(40) ? this.random.below(4) : undefined, fails: this.random.chance(4) }
  }

  edit(f: number): void {
    this.files[f] = this.random.below(3)
    writeFileSync(join(this.world.folder, `f${f}`), String(this.files[f]))
  }

  action(n: number): Action {
    const model = this.model(n)
    const files: Record<string, Input> = model.file === undefined ? {} : { file: { kind: 'files', base: this.world.folder, globs: [`f${model.file}`] } }
    // What fails is not in the key: it fails of the machine, and may go well the next time.
    return puppet(id(n), [], { spec: { text: model.text }, inputs: { ...inputsOf(model.needs), ...files } })
  }

  model(n: number): Model {
    const model = this.nodes[n]
    if (model === undefined) throw new Error(`no node ${n}`)
    return model
  }

  /** Half of the texts come out alike, so that cutting off happens. Some runs take a while, so that others overtake them. */
  async run({ action, inputs, cas }: RunContext): Promise<Outcome> {
    const model = this.model(Number(action.id.slice(1)))
    if (this.losing && this.random.chance(10)) this.lose()
    for (let wait = this.random.below(4); wait > 0; wait--) await new Promise((resolve) => setImmediate(resolve))
    if (model.fails && this.failing) return { kind: 'failed', failure: { kind: 'exit', code: 1 } }
    const parts: string[] = []
    for (const [name, input] of Object.entries(inputs)) {
      const bytes = input.kind === 'tree' ? await readTreeFile(cas, input.digest, relPath(`f${model.file}`)) : await cas.read(input.digest)
      if (bytes === undefined) throw new MissingBlob(input.digest)
      parts.push(`${name}:${Buffer.from(bytes).toString()}`)
    }
    return { kind: 'done', outputs: { out: { kind: 'blob', digest: await cas.put(Buffer.from(evaluate(Number(action.spec['text']), parts.sort()))) } } }
  }

  lose(): void {
    const entries = [...this.world.history.values()]
    const lost = entries[this.random.below(entries.length)]?.outputs['out']
    if (lost !== undefined) this.world.cas.forget(lost.digest)
  }

  /** The same by plain recursion. */
  expected(n: number, memo = new Map<number, string>()): string {
    const known = memo.get(n)
    if (known !== undefined) return known
    const model = this.model(n)
    const parts = [...new Set([...model.needs, ...model.asks])].map((need) => `${id(need)}:${this.expected(need, memo)}`)
    if (model.file !== undefined) parts.push(`file:${this.files[model.file]}`)
    const value = evaluate(model.text, parts.sort())
    memo.set(n, value)
    return value
  }
}

/** Hashed, or the texts would grow beyond all measure; modulo, so that different inputs often give the same. */
function evaluate(text: number, parts: readonly string[]): string {
  let hash = text >> 1
  for (const char of parts.join('|')) hash = (Math.imul(hash, 31) + char.charCodeAt(0)) >>> 0
  return String(hash % 5)
}

function inputsOf(needs: readonly number[]): Record<string, Input> {
  return Object.fromEntries(needs.map((n) => [id(n), { kind: 'output', node: nodeId(id(n)), output: 'out' } satisfies Input]))
}

describe('random builds', () => {
  it.each(seeds)('of seed %i give what a pure evaluation gives', async (seed) => {
    const rig = new Rig(seed)
    using world = rig.world
    const { random } = rig
    const all = (): Action[] => rig.nodes.map((_, n) => rig.action(n))
    for (let step = 0; step < steps; step++) {
      const change = random.below(10)
      if (change < 3) rig.edit(random.below(4))
      else if (change < 6) rig.model(random.below(rig.nodes.length)).text = random.below(3)
      else if (change < 7) rig.nodes[rig.nodes.length - 1] = rig.node(rig.nodes.length - 1)
      else if (change < 8) rig.lose()
      else if (change < 9) for (const node of rig.nodes) node.fails = random.chance(6)
      rig.losing = random.chance(20)
      const wants = random.chance(50) ? undefined : [id(random.below(rig.nodes.length))]
      const report = await world.build(all(), {
        jobs: 1 + random.below(4), seed: random.below(1000), keepGoing: random.chance(60), force: random.chance(5), ...(wants && { wants }),
      })
      const { ran, hit, cutOff, failed, skipped } = report.counts
      expect(ran + hit + cutOff + failed + skipped).toBe(report.nodes.size)
      expect(report.outcome).toBe(failed > 0 ? 'failed' : 'done')
      for (const [node, state] of report.nodes) {
        // What was lost after it was done is not there, and nothing else may be.
        if (state.kind === 'done' && (!rig.losing || world.cas.has(world.digest(report, node)))) expect([step, node, await world.text(report, node)]).toEqual([step, node, rig.expected(Number(node.slice(1)))])
      }
      // With nothing changed, a second build has nothing to run.
      if (failed === 0 && !rig.losing) expect((await world.build(all(), wants && { wants })).counts, `step ${step}`).toMatchObject({ ran: 0, cutOff: 0, failed: 0 })
      world.events.length = 0
    }
    rig.failing = rig.losing = false
    const last = await world.build(all(), { keepGoing: true })
    using empty = new World({ kinds: world.kinds })
    const fresh = await empty.build(all())
    expect(states(fresh).every((line) => line.endsWith('ran') || line.endsWith('hit'))).toBe(true)
    for (const { id } of all()) expect(await empty.text(fresh, id)).toBe(await world.text(last, id))
  })
})
