import type { Engine } from '../engine.ts'
import { bazel } from './bazel.ts'
import { make } from './make.ts'
import { moon } from './moon.ts'
import { ownNacre } from './nacre.ts'
import { ninja } from './ninja.ts'
import { nx, nxDaemon } from './nx.ts'
import { tup, tupMonitor } from './tup.ts'
import { turbo } from './turbo.ts'
import { wireit } from './wireit.ts'

/** In the order of the tables. `peers` is the folder that those of the npm registry are in. */
export function enginesWith(peers: string): readonly Engine[] {
  return [...ownNacre(), ninja, make, tup, tupMonitor, ...[turbo, nx, nxDaemon, wireit, moon].map((engine) => engine(peers)), bazel]
}
