import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { action } from '../action.ts'
import { environment, type Engine, type Place } from '../engine.ts'
import { flat, inputsOf } from '../layout.ts'
import { versionOf } from './version.ts'

export const make: Engine = {
  name: 'make',
  layout: flat,
  habits: { touch: 'one', equal: 'all', lost: 'one', killed: 'flight' },
  most: 100_000,
  cannot: { restore: 'it has no cache' },
  find: () => versionOf('make'),
  describe(graph, place) {
    const outputs = graph.needs.map((_, node) => flat.output(node))
    const rules = outputs.map((output, node) => `${output}: ${inputsOf(graph, flat, node).join(' ')}\n\t$(fold)\n`)
    const fold = action(place.counter, '$^', '$@')
    writeFileSync(join(place.work, 'Makefile'), `fold = ${fold}\n.PHONY: all\nall: ${outputs.join(' ')}\n.DELETE_ON_ERROR:\n${rules.join('')}`)
  },
  build: (place) => command(place, ['-s', '-j', String(place.jobs)]),
  plan: (place) => command(place, ['-n']),
}

function command(place: Place, flags: readonly string[]) {
  return { argv: ['make', '-rR', '--no-print-directory', ...flags], cwd: place.work, environment: environment(place) }
}
