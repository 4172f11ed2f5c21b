import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { writeFileSync } from 'node:fs'
import { action } from '../action.ts'
import { environment, type Engine, type Place } from '../engine.ts'
import { flat, inputsOf, type Layout } from '../layout.ts'
import { versionOf } from './version.ts'

const layout: Layout = { ...flat, output: (node) => `bazel-bin/${flat.output(node)}` }

/** One genrule for each node, in its own sandbox, with its server running and a disk cache. */
export const bazel: Engine = {
  name: 'bazel',
  layout,
  habits: { touch: 'none', equal: 'one', lost: 'none', killed: 'flight' },
  most: 1000,
  dear: true,
  cannot: { resume: 'what builds is its server, which outlives the command' },
  find: () => versionOf('bazel'),
  describe(graph, place) {
    const rules = graph.needs.map((_, node) => {
      const srcs = inputsOf(graph, flat, node).map((path) => `"${path}"`)
      return `genrule(name = "n${node}", srcs = [${srcs.join(', ')}], outs = ["${flat.output(node)}"], cmd = FOLD)\n`
    })
    writeFileSync(join(place.work, 'WORKSPACE'), '')
    writeFileSync(join(place.work, 'BUILD'), `FOLD = ${JSON.stringify(action(place.counter, '$(SRCS)', '$@'))}\n${rules.join('')}`)
  },
  build: (place) => command(place, ['build', `--jobs=${place.jobs}`, '--noshow_progress', '--ui_event_filters=-info', `--disk_cache=${join(place.home, 'cache')}`, `--sandbox_writable_path=${dirname(place.counter)}`, '//:all']),
  resident: {
    start: async (place) => run(place, ['info', 'server_pid']),
    stop: async (place) => run(place, ['shutdown']),
  },
}

function command(place: Place, argv: readonly string[]) {
  return { argv: ['bazel', '--nohome_rc', `--output_user_root=${join(place.home, 'root')}`, ...argv], cwd: place.work, environment: environment(place) }
}

function run(place: Place, argv: readonly string[]): void {
  const { argv: whole, cwd, environment: env } = command(place, argv)
  const [program = '', ...rest] = whole
  const { status } = spawnSync(program, rest, { cwd, env: { ...env }, stdio: 'ignore' })
  if (status !== 0) throw new Error(`bazel ${argv.join(' ')} ended with ${status}`)
}
