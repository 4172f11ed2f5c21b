import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { absPath } from '../../base/ids.ts'
import { unpackTar } from '../../outputs/archive/unpack.ts'
import { debData } from '../../outputs/deb/read.ts'
import { fixture, withTools, write } from '../fixture.ts'
import type { Bench, MakeScenarios } from '../scenario.ts'
import { nacre, task } from '../started.ts'

const files = 400

/** What nacre adds to a package's own build: reading, planning, the environment, keeping, describing and packing what was built. */
export const overhead: MakeScenarios = (bench) => {
  const turns = turnsFor(bench.work)
  return [
    {
      name: 'build.script.environment-cached',
      about: `a package of ${bench.work} s of shell and ${files} files: nacre build, and the same script in the same sandbox (cpu: without what runs inside)`,
      rounds: 5,
      ways: [
        { name: 'by hand', run: async (round) => task('byHand', { root: await root(bench), folder: join(bench.folder, 'by-hand'), script: script(turns, round).replaceAll('${{targets.destdir}}', '/home/build/out') }) },
        {
          name: 'nacre',
          prepare: async (round) => {
            const at = await place(bench)
            write(at.workspace, { 'work.yaml': recipe(turns, round) })
          },
          run: async () => nacre(['build', 'package:work'], await place(bench)),
        },
      ],
      // Processes in the sandbox end with their namespace and nobody waits for them: processor time is that of what is around it.
      targets: [{ way: 'nacre', figure: 'wall', against: 'by hand', most: 1.05 }],
    },
  ]
}

async function place(bench: Bench): Promise<{ readonly workspace: string; readonly store: string }> {
  const folder = await fixture(bench.folder, 'overhead', async (made) => {
    mkdirSync(join(made, 'workspace'))
    await withTools({ workspace: join(made, 'workspace'), store: join(made, 'store') })
  })
  return { workspace: join(folder, 'workspace'), store: join(folder, 'store') }
}

/** The tools unpacked, with the places that the sandbox mounts on. */
async function root(bench: Bench): Promise<string> {
  const { workspace } = await place(bench)
  return fixture(bench.folder, 'overhead-root', async (made) => {
    await unpackTar(debData(readFileSync(join(workspace, '..', 'tools.deb'))), absPath(made))
    for (const [path, target] of [['bin', 'usr/bin'], ['sbin', 'usr/sbin'], ['lib', 'usr/lib'], ['lib64', 'usr/lib'], ['usr/bin/sh', 'dash']] as const) if (!existsSync(join(made, path))) symlinkSync(target, join(made, path))
    for (const path of ['home/build', 'tmp', 'proc', 'dev', 'etc']) mkdirSync(join(made, path), { recursive: true })
  })
}

/** `round` makes each script another one, so that nothing is known of it. */
function script(turns: number, round: number): string {
  return `# round ${round} ${process.pid}
mkdir -p \${{targets.destdir}}/usr/share/work
n=0
while [ $n -lt ${files} ]; do
  n=$((n + 1))
  i=0
  while [ $i -lt ${turns} ]; do i=$((i + 1)); done
  echo "$n $i" > \${{targets.destdir}}/usr/share/work/$n
done`
}

function recipe(turns: number, round: number): string {
  return `package:
  name: work
  version: 1
  epoch: 0
  description: Takes a while
  copyright: [{license: MIT}]
environment:
  contents:
    packages: [tools]
pipeline:
  - name: work
    runs: |
${script(turns, round).split('\n').map((line) => `      ${line}`).join('\n')}
`
}

/** Turns of the inner loop for each file, such that the script takes so many seconds of this processor. */
function turnsFor(seconds: number): number {
  const sample = 400_000
  const times = execFileSync('/bin/sh', ['-c', `i=0; while [ $i -lt ${sample} ]; do i=$((i + 1)); done; times`], { encoding: 'utf8' })
  const own = /^(\d+)m([\d.]+)s/.exec(times)
  const taken = Number(own?.[1] ?? 0) * 60 + Number(own?.[2] ?? 1)
  return Math.max(1, Math.round(((seconds / Math.max(taken, 0.05)) * sample) / files))
}
