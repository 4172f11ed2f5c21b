import { environment, type Engine } from '../engine.ts'
import { flat, inputsOf } from '../layout.ts'
import { action } from '../action.ts'
import { asProject, findPeer, write } from './npm-folder.ts'

/** All scripts in one package, which is the cheapest for it; `cascade: false` with the needs' outputs as files is its way to cut off. */
export function wireit(peers: string): Engine {
  return {
    name: 'wireit',
    layout: flat,
    habits: { touch: 'none', equal: 'one', lost: 'none', killed: 'flight' },
    most: 1000,
    dear: true,
    cannot: { restore: 'its local cache lies in the checkout' },
    find: () => findPeer(peers, 'wireit'),
    describe(graph, place) {
      const names = graph.needs.map((_, node) => `n${node}`)
      const blocks = graph.needs.map((needs, node) => ({
        command: action(place.counter, inputsOf(graph, flat, node).join(' '), flat.output(node)),
        dependencies: needs.map((need) => ({ script: `n${need}`, cascade: false })),
        files: inputsOf(graph, flat, node),
        output: [flat.output(node)],
      }))
      write(place, 'package.json', {
        name: 'all',
        private: true,
        scripts: Object.fromEntries([...names, 'all'].map((name) => [name, 'wireit'])),
        wireit: { ...Object.fromEntries(blocks.map((block, node) => [`n${node}`, block])), all: { dependencies: names } },
      })
      asProject(place, peers)
    },
    build: (place) => ({ argv: ['npm', 'run', '--silent', 'all'], cwd: place.work, environment: { ...environment(place), WIREIT_PARALLEL: String(place.jobs), WIREIT_LOGGER: 'quiet', WIREIT_CACHE: 'local', npm_config_update_notifier: 'false' } }),
  }
}
