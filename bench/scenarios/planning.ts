import { join } from 'node:path'
import { fixture, write } from '../fixture.ts'
import { distribution, graphOf } from '../rebuild/graph.ts'
import type { Bench, MakeScenarios, Scenario } from '../scenario.ts'
import { nacre, started, task } from '../started.ts'

const tasksPerFile = 10_000

/** From recipes to actions: read, and remembered. */
export const planning: MakeScenarios = (bench) => [recipes(bench), ...[10_000, 100_000, 1_000_000].map((count) => tasks(bench, count))]

function recipes(bench: Bench): Scenario {
  const place = (): Promise<string> => fixture(bench.folder, 'plan-recipes', (made) => write(join(made, 'workspace'), recipeFiles()))
  const at = async () => ({ workspace: join(await place(), 'workspace'), store: join(await place(), 'store') })
  const targets = async () => nacre(['graph', '--format', 'targets'], await at())
  return {
    name: `plan.${distribution.packages}-recipes`,
    about: `${distribution.packages} recipes that need one another ${distribution.needs} times, and the actions of one`,
    rounds: 5,
    ways: [
      { name: 'node -e 0', run: () => started([process.execPath, '-e', '0']) },
      { name: 'read', run: async () => task('plan', { workspace: (await at()).workspace, store: '' }) },
      { name: 'remembered', prepare: (round) => remembered(at, round), run: async () => task('plan', await at()) },
      { name: 'remembered, nacre graph --format targets', prepare: async (round) => void (round === 0 && (await targets(), await targets())), run: targets },
    ],
    targets: [
      { way: 'read', figure: 'wall', most: 2000 },
      { way: 'remembered', figure: 'wall', most: 100 },
    ],
  }
}

function tasks(bench: Bench, count: number): Scenario {
  const place = (): Promise<string> => fixture(bench.folder, `plan-tasks-${count}`, (made) => write(join(made, 'workspace'), taskFiles(count)))
  const at = async () => ({ workspace: join(await place(), 'workspace'), store: join(await place(), 'store') })
  return {
    name: `plan.${count}-tasks`,
    about: `${count} tasks in files of ${tasksPerFile}, three needs each, and the actions of all`,
    rounds: count > 100_000 ? 1 : 3,
    ways: [
      { name: 'read', run: async () => task('plan', { workspace: (await at()).workspace, store: '' }) },
      { name: 'remembered', prepare: (round) => remembered(at, round), run: async () => task('plan', await at()) },
    ],
    targets: [{ way: 'read', figure: 'peak', most: 2e9 }],
  }
}

/** Twice: files that were just made are not believed the first time. */
async function remembered(at: () => Promise<{ readonly workspace: string; readonly store: string }>, round: number): Promise<void> {
  for (let i = 0; round === 0 && i < 2; i++) await task('plan', await at())
}

/** In the shape of the catalogue's: fetch, configure, make, install, three subpackages, tests; 2.5 kB each. */
function recipeFiles(): Readonly<Record<string, string>> {
  const graph = graphOf('packages', distribution.packages)
  const files = graph.needs.map((needs, i) => [`recipes/p${i}.yaml`, recipe(i, needs.map((need) => `p${need}`))] as const)
  return { 'nacre.yaml': 'recipes: [recipes/*.yaml]\n', ...Object.fromEntries(files) }
}

function recipe(i: number, needs: readonly string[]): string {
  const variable = (name: string): string => `\${{${name}}}`
  return `package:
  name: p${i}
  version: 1.${i % 40}.${i % 7}
  epoch: ${i % 3}
  description: Package ${i} of a distribution that is made for measuring
  url: https://example.org/p${i}/
  copyright:
    - license: MIT

environment:
  contents:
    packages:
${needs.map((need) => `      - ${need}-dev\n`).join('')}      - p0

pipeline:
  - uses: fetch
    with:
      uri: https://example.org/p${i}-${variable('package.version')}.tar.gz
      expected-sha256: ${i.toString(16).padStart(64, '0')}
      mirrors: |
        https://mirror.example.org/p${i}/p${i}-${variable('package.version')}.tar.gz
  - uses: autoconf/configure
    with:
      opts: |
        --enable-shared --disable-static --with-pic --without-examples \\
        --enable-feature-${i % 11} --disable-feature-${i % 13} --with-system-library=${variable('host.triplet.gnu')}
  - uses: autoconf/make
  - uses: autoconf/make-install
  - name: what make install leaves out
    runs: |
      # The project installs no configuration of its own.
      install -D -m 0644 p${i}.conf "${variable('targets.destdir')}/etc/p${i}.conf"
      rm -rf ${variable('targets.destdir')}/usr/share/info ${variable('targets.destdir')}/usr/lib/*.la
  - uses: strip

subpackages:
  - name: ${variable('package.name')}-dev
    description: Headers of p${i}
    dependencies:
      runtime:
        - p${i}
    pipeline:
      - uses: split/dev
    test:
      pipeline:
        - uses: test/pkgconf
          with:
            files: p${i}.pc
  - name: ${variable('package.name')}-static
    description: Static library of p${i}
    pipeline:
      - uses: split/static
  - name: ${variable('package.name')}-doc
    description: Documentation of p${i}
    pipeline:
      - uses: split/alldocs

update:
  enabled: true
  github:
    identifier: example/p${i}

test:
  environment:
    contents:
      packages:
        - p0
  pipeline:
    - name: it says its version
      runs: |
        p${i} --version | grep -q '1.${i % 40}.${i % 7}'
        printf 'a\\nb\\n' > list
        test "$(p${i} count < list)" = 2
`
}

function taskFiles(count: number): Readonly<Record<string, string>> {
  const files: Record<string, string> = { 'nacre.yaml': '' }
  for (let first = 0; first < count; first += tasksPerFile) {
    const documents = Array.from({ length: Math.min(tasksPerFile, count - first) }, (_, i) => taskDocument(first + i))
    files[`tasks-${first / tasksPerFile}.yaml`] = documents.join('---\n')
  }
  return files
}

/** Layers of ten: each task needs three of the layer before it. */
function taskDocument(i: number): string {
  const layer = Math.floor(i / 10) - 1
  const needs = layer < 0 ? [] : [0, 3, 6].map((k) => `t${layer * 10 + ((i + k) % 10)}`)
  const folder = Math.floor(i / 1000)
  return `task:\n  name: t${i}\n  inputs: [src/${folder}/s${i}.txt]\n  needs: [${needs.join(', ')}]\n  run: cat src/${folder}/s${i}.txt > out/${folder}/o${i}.txt\n  outputs: [out/${folder}/o${i}.txt]\n`
}
