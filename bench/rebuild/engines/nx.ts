import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { environment, type Engine, type Place } from '../engine.ts'
import { foldered } from '../layout.ts'
import { actionInFolder, asProject, findPeer, folderOf, write } from './npm-folder.ts'

/** With `nx:run-commands` and `dependentTasksOutputFiles`, its way to depend on outputs rather than on what made them. */
export function nx(peers: string): Engine {
  return {
    name: 'nx',
    layout: foldered,
    habits: { touch: 'none', equal: 'one', lost: 'none', killed: 'flight' },
    most: 1000,
    dear: true,
    cannot: {},
    find: () => findPeer(peers, 'nx'),
    describe(graph, place) {
      write(place, 'package.json', { name: 'all', private: true })
      write(place, 'nx.json', { analytics: false, targetDefaults: { build: { cache: true, dependsOn: ['^build'] } } })
      const common = graph.common ? [`{workspaceRoot}/${foldered.common}`] : []
      graph.needs.forEach((needs, node) =>
        write(place, `${folderOf(node)}/project.json`, {
          name: `n${node}`,
          implicitDependencies: needs.map((need) => `n${need}`),
          targets: {
            build: {
              executor: 'nx:run-commands',
              options: { command: actionInFolder(graph, place, node), cwd: '{projectRoot}' },
              inputs: ['{projectRoot}/in.src', ...common, { dependentTasksOutputFiles: '**/out.out' }],
              outputs: ['{projectRoot}/out.out'],
            },
          },
        }),
      )
      asProject(place, peers)
    },
    build: (place) => command(place, peers, 'false'),
  }
}

/** The same with its daemon, which watches the files. */
export function nxDaemon(peers: string): Engine {
  const daemon = (place: Place, verb: string) => {
    const { cwd, environment: env } = command(place, peers, 'true')
    spawnSync(process.execPath, [main(peers), 'daemon', verb], { cwd, env: { ...env }, stdio: 'ignore' })
  }
  return {
    ...nx(peers),
    name: 'nx daemon',
    build: (place) => command(place, peers, 'true'),
    resident: { start: async (place) => daemon(place, '--start'), stop: async (place) => daemon(place, '--stop') },
  }
}

function command(place: Place, peers: string, daemon: 'true' | 'false') {
  return {
    argv: [process.execPath, main(peers), 'run-many', '--target=build', `--parallel=${place.jobs}`, '--outputStyle=static'],
    cwd: place.work,
    environment: { ...environment(place), NX_DAEMON: daemon, NX_NO_CLOUD: 'true', NX_CACHE_DIRECTORY: join(place.home, 'cache'), NX_WORKSPACE_DATA_DIRECTORY: join(place.home, 'data'), NX_TUI: 'false', DO_NOT_TRACK: '1' },
  }
}

function main(peers: string): string {
  return join(peers, 'node_modules/.bin/nx')
}
