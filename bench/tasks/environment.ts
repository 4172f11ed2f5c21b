import { join } from 'node:path'
import { absPath, nodeId, parseDigest } from '../../base/ids.ts'
import { systemClock, systemRandom } from '../../base/ports.ts'
import { openStore } from '../../cache/store.ts'
import type { RunContext } from '../../engine/action.ts'
import { detectSandbox } from '../../engine/sandbox/detect.ts'
import { Jobserver } from '../../engine/sandbox/jobserver.ts'
import { runSteps, type Work } from '../../recipes/kinds/workshop.ts'
import type { Task } from './tasks.ts'

/** From the start of a sandboxed action to the first word of its first step. The trees are in the store; whether as folders too is the store's state. */
export const environment: Task = async ({ store: folder, trees }) => {
  const store = openStore(absPath(String(folder)), { clock: systemClock, random: systemRandom })
  const layers = String(trees).split(' ').flatMap((text) => parseDigest(text) ?? [])
  const detected = await detectSandbox()
  if (detected.kind !== 'found') throw new Error(detected.reason)
  const jobserver = new Jobserver(2)
  let first: number | undefined
  const scratch = store.temp('bench').path
  const context: RunContext = {
    action: { id: nodeId('bench'), kind: 'build', spec: {}, inputs: {}, label: 'bench' },
    inputs: {},
    cas: store.cas,
    scratch,
    signal: new AbortController().signal,
    log: () => void (first ??= performance.now()),
    keep: () => undefined, processors: async () => () => undefined,
  }
  const work: Work = { layers, steps: [{ name: 'say', script: 'echo here', directory: '.', environment: {} }], environment: {}, mounts: [], workspace: absPath(join(scratch)) }
  return async () => {
    const failed = await runSteps(context, { sandbox: detected.sandbox, roots: store.roots, hostname: 'nacre', jobs: (signal) => jobserver.lease(signal) }, work)
    if (failed !== undefined) throw new Error(JSON.stringify(failed))
    await jobserver[Symbol.asyncDispose]()
    await store.close()
    return first
  }
}
