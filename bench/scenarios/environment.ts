import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { absPath, relPath } from '../../base/ids.ts'
import { systemClock, systemRandom } from '../../base/ports.ts'
import { openStore } from '../../cache/store.ts'
import { buildTree, type TreeEntry } from '../../cache/tree-builder.ts'
import { captureTree } from '../../cache/tree-capture.ts'
import { unpackTar } from '../../outputs/archive/unpack.ts'
import { debData } from '../../outputs/deb/read.ts'
import { toolsDeb } from '../../test/cli/tiny-os.ts'
import { writeFiles } from '../corpus.ts'
import { fixture } from '../fixture.ts'
import type { Bench, MakeScenarios } from '../scenario.ts'
import { task } from '../started.ts'

const packages = 20
const filesEach = 250

/** How long an action waits for its root. */
export const environments: MakeScenarios = (bench) => [
  {
    name: 'environment.5000-files.packages-cached',
    about: `a root of ${packages} packages with ${packages * filesEach} files, from the start of an action to its first step`,
    rounds: 7,
    ways: [
      { name: 'used before', run: async () => task('environment', await argument(bench)) },
      { name: 'first use', prepare: async () => rmSync(roots((await argument(bench)).store), { recursive: true, force: true }), run: async () => task('environment', await argument(bench)) },
    ],
    targets: [
      { way: 'used before', figure: 'wall', most: 100 },
      { way: 'first use', figure: 'wall', most: 100 },
    ],
  },
]

/** Where the store keeps trees that were written out for sandboxes. */
function roots(store: string): string {
  const folder = join(store, 'v1', 'roots')
  if (!existsSync(folder)) throw new Error(`"${folder}" is not there`)
  return folder
}

async function argument(bench: Bench): Promise<{ readonly store: string; readonly trees: string }> {
  const folder = await fixture(bench.folder, 'environment', async (made) => {
    const store = openStore(absPath(join(made, 'store')), { clock: systemClock, random: systemRandom })
    const trees: string[] = []
    for (let i = 0; i < packages; i++) {
      const tree = join(made, `package-${i}`)
      writeFiles(join(tree, 'usr', 'share', `package-${i}`), { seed: i + 1, files: filesEach, bytes: 5_000_000 })
      trees.push(await captured(store.cas, tree))
    }
    const tools = join(made, 'tools')
    mkdirSync(tools)
    await unpackTar(debData(toolsDeb()), absPath(tools))
    const links = new Map<ReturnType<typeof relPath>, TreeEntry>([['bin', 'usr/bin'], ['lib', 'usr/lib'], ['lib64', 'usr/lib'], ['usr/bin/sh', 'dash']].map(([path, target]) => [relPath(path ?? ''), { kind: 'symlink', target: target ?? '' }]))
    trees.push(await captured(store.cas, tools), await buildTree(store.cas, links))
    writeFileSync(join(made, 'trees'), trees.join(' '))
    await store.close()
  })
  return { store: join(folder, 'store'), trees: readFileSync(join(folder, 'trees'), 'utf8') }
}

async function captured(cas: Parameters<typeof captureTree>[0], folder: string): Promise<string> {
  const tree = await captureTree(cas, absPath(folder), { move: false })
  if (tree.kind === 'refused') throw new Error(`"${folder}" was refused`)
  return tree.digest
}
