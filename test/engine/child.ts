// What another process builds in tests: `node child.js ROOT LOG SEED`. Every run adds its id to the log; the last line printed is the counts.
import { appendFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { absPath, type NodeId, nodeId } from '../../base/ids.ts'
import { systemClock, systemRandom } from '../../base/ports.ts'
import { openStore } from '../../cache/store.ts'
import type { Action, ActionKind, Input } from '../../engine/action.ts'
import { build } from '../../engine/engine.ts'
import { ActionGraph } from '../../engine/graph.ts'

const [root = '', log = '', seed = '0'] = process.argv.slice(2)
const store = openStore(absPath(root), { clock: systemClock, random: systemRandom })

const slow: ActionKind = {
  name: 'slow',
  version: 1,
  outputs: () => ['out'],
  run: async ({ action, inputs, cas }) => {
    appendFileSync(log, `${action.id}\n`)
    await setTimeout(20)
    const text = `${action.id} of ${Object.values(inputs).map(({ digest }) => digest).join(' ')}`
    return { kind: 'done', outputs: { out: { kind: 'blob', digest: await cas.put(Buffer.from(text)) } } }
  },
}

const graph = new ActionGraph()
const ids: NodeId[] = []
for (let i = 0; i < 40; i++) {
  const needs = [i - 3, i - 7].filter((n) => n >= 0)
  const inputs = Object.fromEntries(needs.map((n) => [`n${n}`, { kind: 'output', node: nodeId(`n${n}`), output: 'out' } satisfies Input]))
  const action: Action = { id: nodeId(`n${i}`), kind: 'slow', spec: {}, inputs, label: `n${i}` }
  graph.add({ ...action, spec: { i } })
  ids.push(action.id)
}
const ports = { ...store, files: store.statMemo, kinds: new Map([['slow', slow]]), random: systemRandom }
const report = await build(graph, ids, ports, { jobs: 4, seed: Number(seed) })
await store.close()
console.log(JSON.stringify({ ...report.counts, last: report.outputs.get(nodeId('n39'))?.['out']?.digest }))
