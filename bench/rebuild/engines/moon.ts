import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { environment, type Engine } from '../engine.ts'
import { foldered } from '../layout.ts'
import { actionInFolder, asProject, findPeer, folderOf, write } from './npm-folder.ts'

/** Each node is a project with one `script` task; `cacheStrategy: outputs` is its way to cut off. */
export function moon(peers: string): Engine {
  return {
    name: 'moon',
    layout: foldered,
    habits: { touch: 'none', equal: 'one', lost: 'none', killed: 'flight' },
    most: 100,
    dear: true,
    cannot: { restore: 'its local cache lies in the checkout' },
    find: () => findPeer(peers, '@moonrepo/cli'),
    describe(graph, place) {
      mkdirSync(join(place.work, '.moon'), { recursive: true })
      write(place, '.moon/workspace.yml', "projects: ['p/*/*']\ntelemetry: false\n")
      graph.needs.forEach((needs, node) => {
        const inputs = ['in.src', ...(graph.common ? [`/${foldered.common}`] : [])]
        const deps = needs.map((need) => ({ target: `n${need}:build`, cacheStrategy: 'outputs' }))
        write(place, `${folderOf(node)}/moon.yml`, { id: `n${node}`, tasks: { build: { script: actionInFolder(graph, place, node), inputs, outputs: ['out.out'], deps, options: { runInCI: true } } } })
      })
      asProject(place, peers)
    },
    build: (place) => ({ argv: [join(peers, 'node_modules/@moonrepo', `core-linux-${process.arch}-gnu`, 'moon'), 'run', ':build', '--concurrency', String(place.jobs), '--quiet'], cwd: place.work, environment: { ...environment(place), MOON_TELEMETRY: 'false', CI: '' } }),
  }
}
