import { absPath } from '../../base/ids.ts'
import { systemClock, systemRandom } from '../../base/ports.ts'
import { layoutOf } from '../../cache/layout.ts'
import { ParseMemo } from '../../cache/parse-memo.ts'
import { Scratch } from '../../cache/scratch.ts'
import { currentSession } from '../../cache/session.ts'
import { LeafRecorder } from '../../engine/leaves.ts'
import { planWorkspace } from '../../recipes/plan/planner.ts'

/** Plans a workspace and asks for the actions of all its tasks, or of its last package; with a store, from what it remembers. */
export async function plan({ workspace, store }: Readonly<Record<string, string | number>>): Promise<() => Promise<void>> {
  const layout = layoutOf(absPath(String(store)))
  const scratch = new Scratch(layout, { session: currentSession(), clock: systemClock, random: systemRandom })
  const memo = store === '' || store === undefined ? {} : { memo: { store: new ParseMemo(layout, scratch), name: 'bench' } }
  return async () => {
    const planned = planWorkspace(absPath(String(workspace)), { arch: 'x86_64', leaves: new LeafRecorder(systemClock.now()), path: '/usr/bin:/bin', ...memo })
    if (planned.kind === 'complaints') throw new Error(planned.diagnostics[0]?.message)
    const all = planned.value.plan.all()
    const targets = all[0]?.kind === 'task' ? all : all.slice(-1)
    if (planned.value.plan.requestAll(targets, 'build').actions.length < targets.length) throw new Error('there are fewer actions than targets')
    scratch.close()
  }
}
