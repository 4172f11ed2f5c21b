import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { writeFiles } from '../corpus.ts'
import { copyRecipe, fixture, withTools, write } from '../fixture.ts'
import type { Bench, MakeScenarios } from '../scenario.ts'
import { nacre } from '../started.ts'

/** Whole packages from an edit to the apk, as melange is measured. */
export const packages: MakeScenarios = (bench) => [
  {
    name: 'package.trivial.environment-cached',
    about: 'nacre build of a package of one file after its script changed',
    rounds: 7,
    ways: [
      {
        name: 'nacre',
        prepare: async (round) => write((await place(bench)).workspace, { 'small.yaml': small(`${round} ${process.pid}`) }),
        run: async () => nacre(['build', 'package:small'], await place(bench)),
      },
    ],
    targets: [{ way: 'nacre', figure: 'wall', most: 210 }],
    recorded: ['melange 0.59: 120 to 210 ms'],
  },
  {
    name: 'package.100MB.environment-cached',
    about: 'nacre build of a package that copies a tree of 100 MB, after its script and one of its files changed',
    rounds: 5,
    ways: [
      {
        name: 'nacre',
        prepare: async (round) => write((await place(bench)).workspace, { 'large.yaml': copyRecipe('large', `echo ${round} ${process.pid} > \${{targets.destdir}}/usr/word`) }),
        run: async () => nacre(['build', 'package:large'], await place(bench)),
      },
    ],
    targets: [
      { way: 'nacre', figure: 'wall', most: 2100 },
      { way: 'nacre', figure: 'peak', most: 300e6 },
    ],
    recorded: ['melange 0.59: 2,100 ms, 57 MB'],
  },
]

async function place(bench: Bench): Promise<{ readonly workspace: string; readonly store: string }> {
  const folder = await fixture(bench.folder, 'package', async (made) => {
    const at = { workspace: join(made, 'workspace'), store: join(made, 'store') }
    mkdirSync(at.workspace)
    await withTools(at)
    writeFiles(join(at.workspace, 'large', 'share', 'large'), { seed: 5, files: 1000, bytes: 100_000_000 })
  })
  return { workspace: join(folder, 'workspace'), store: join(folder, 'store') }
}

function small(word: string): string {
  return `package:
  name: small
  version: 1
  epoch: 0
  description: One file
  copyright: [{license: MIT}]
environment:
  contents:
    packages: [tools]
pipeline:
  - name: write
    runs: |
      mkdir -p \${{targets.destdir}}/usr/share
      echo ${word} > \${{targets.destdir}}/usr/share/small
`
}
