import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { action } from '../action.ts'
import { environment, type Engine, type Place } from '../engine.ts'
import { flat, inputsOf } from '../layout.ts'
import { versionOf } from './version.ts'

export const ninja: Engine = {
  name: 'ninja',
  layout: flat,
  habits: { touch: 'one', equal: 'all', lost: 'one', killed: 'flight' },
  most: 100_000,
  cannot: { restore: 'it has no cache' },
  find: () => versionOf('ninja'),
  describe(graph, place) {
    const edges = graph.needs.map((_, node) => `build ${flat.output(node)}: fold ${inputsOf(graph, flat, node).join(' ')}\n`)
    writeFileSync(join(place.work, 'build.ninja'), `rule fold\n  command = ${action(place.counter, '$in', '$out')}\n${edges.join('')}`)
  },
  build: (place) => command(place, ['--quiet', '-j', String(place.jobs)]),
  plan: (place) => command(place, ['-n']),
}

function command(place: Place, flags: readonly string[]) {
  return { argv: ['ninja', ...flags], cwd: place.work, environment: environment(place) }
}
