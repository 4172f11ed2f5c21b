import { join } from 'node:path'
import { environment, type Engine } from '../engine.ts'
import { foldered } from '../layout.ts'
import { actionInFolder, asProject, findPeer, folderOf, write } from './npm-folder.ts'

/** Its native program without the wrapper in Node. It runs a task as `npm run`, which costs more than all else. Its keys are deep: what depends on a change runs, whatever came out. */
export function turbo(peers: string): Engine {
  return {
    name: 'turbo',
    layout: foldered,
    habits: { touch: 'none', equal: 'all', lost: 'none', killed: 'flight' },
    most: 1000,
    dear: true,
    cannot: {},
    find: () => findPeer(peers, 'turbo'),
    describe(graph, place) {
      write(place, 'package.json', { name: 'all', private: true, workspaces: ['p/*/*'], packageManager: 'npm@10.0.0' })
      write(place, 'turbo.json', { ...(graph.common ? { globalDependencies: [foldered.common] } : {}), tasks: { build: { dependsOn: ['^build'], inputs: ['in.src'], outputs: ['out.out'] } } })
      graph.needs.forEach((needs, node) =>
        write(place, `${folderOf(node)}/package.json`, {
          name: `n${node}`,
          version: '1.0.0',
          scripts: { build: actionInFolder(graph, place, node) },
          dependencies: Object.fromEntries(needs.map((need) => [`n${need}`, '1.0.0'])),
        }),
      )
      asProject(place, peers)
    },
    build: (place) => ({
      argv: [join(peers, 'node_modules/@turbo', `linux-${process.arch === 'arm64' ? 'arm64' : '64'}`, 'bin/turbo'), 'run', 'build', `--concurrency=${place.jobs}`, '--output-logs=errors-only', '--no-update-notifier', `--cache-dir=${join(place.home, 'cache')}`],
      cwd: place.work,
      environment: { ...environment(place), TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' },
    }),
  }
}
