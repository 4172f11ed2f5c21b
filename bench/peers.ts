import type { Scenario } from './scenario.ts'
import { started } from './started.ts'

/** A scenario with what others do in its place: each is `SCENARIO:NAME=COMMAND`. A peer that is not named is not run. */
export function peerScenario(scenario: Scenario, peers: readonly string[]): Scenario {
  const ways = peers.flatMap((peer) => {
    const found = /^([^:]+):([^=]+)=(.+)$/s.exec(peer)
    if (found === null) throw new Error(`--peer takes SCENARIO:NAME=COMMAND, not "${peer}"`)
    const [, name = '', way = '', command = ''] = found
    return scenario.name.includes(name) ? [{ name: way, run: () => started(['sh', '-c', command]) }] : []
  })
  return ways.length === 0 ? scenario : { ...scenario, ways: [...scenario.ways, ...ways] }
}
