import type { Scenario } from '../scenario.ts'
import { nacre } from '../started.ts'

/** The caller's own workspace, which must have been built: what `--workspace DIR --store DIR` of the bench names. */
export function ownWorkspace(at: { readonly workspace: string; readonly store: string }, argv: readonly string[]): Scenario {
  return {
    name: 'workspace.nothing.built',
    about: `nacre build ${argv.join(' ')} of the workspace that was given, when nothing changed, Node's start included`,
    rounds: 15,
    ways: [{ name: 'nacre', run: () => nacre(['build', ...argv], at) }],
    targets: [{ way: 'nacre', figure: 'wall', most: 150 }],
  }
}
