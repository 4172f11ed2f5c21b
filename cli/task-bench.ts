import { availableParallelism, totalmem } from 'node:os'
import type { AbsPath } from '../base/ids.ts'
import { systemClock, systemRandom } from '../base/ports.ts'
import { Fault } from '../base/result.ts'
import { openStore } from '../cache/store.ts'
import type { BuildPorts, StatMemo } from '../engine/ports.ts'
import { Shells } from '../engine/sandbox/shells.ts'
import { taskKind } from '../recipes/kinds/task.ts'
import { Catalogue } from '../recipes/plan/catalogue.ts'
import type { Bench } from './run-build.ts'

/** What host tasks are made with, and nothing else: no sandbox, no catalogue, no other kind is loaded. Dispose of it. */
export function taskBench(place: AbsPath, jobs: number | undefined, files: (memo: StatMemo) => StatMemo): Bench & AsyncDisposable {
  const store = openStore(place, { clock: systemClock, random: systemRandom })
  const shells = new Shells(() => store.temp('shells'))
  const unused = (): never => {
    throw new Fault('internal', 'a task that runs in the sandbox was built without one')
  }
  const kind = taskKind({
    sandbox: { name: 'namespaces', run: unused },
    roots: store.roots,
    hostname: 'nacre',
    jobs: unused,
    catalogue: new Catalogue([]),
    // Its inputs and tools are leaves that are there, or the whole would be planned.
    complaints: () => [],
    shells,
  })
  const { cas, results, history, durations, workLocks, statMemo } = store
  const ports: BuildPorts = {
    cas, results, history, durations, locks: workLocks,
    kinds: new Map([[kind.name, kind]]),
    files: files(statMemo),
    temp: (name) => store.temp(name),
    clock: systemClock,
    random: systemRandom,
  }
  return {
    store,
    ports,
    jobs: jobs ?? availableParallelism(),
    memory: totalmem(),
    async [Symbol.asyncDispose]() {
      await shells[Symbol.asyncDispose]()
      await store.close()
    },
  }
}
