import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { writeFiles } from '../corpus.ts'
import { copyRecipe, fixture, withTools, write } from '../fixture.ts'
import type { Bench, MakeScenarios } from '../scenario.ts'
import { nacre, started } from '../started.ts'

const count = 100
/** Unpacked; 110 MB when packed. */
const bytes = 186_000_000
const changed = 'p050'
const names = Array.from({ length: count }, (_, i) => `p${String(i).padStart(3, '0')}`)
const packages = names.map((name) => `package:${name}`)

interface Place {
  readonly workspace: string
  readonly store: string
}

/** A hundred packages and an image of them. */
export const catalogue: MakeScenarios = (bench) => {
  const run = (at: Place): Place => ({ ...at, store: join(bench.folder, 'run-store') })
  const edit = async (text: string): Promise<void> => write((await place(bench)).workspace, { [`${changed}/share/${changed}/edited`]: text })
  const image = async () => nacre(['build', 'image:big'], run(await place(bench)))
  return [
    {
      name: 'catalogue.nothing.built',
      about: `nacre build --all of ${count} packages and an image when nothing changed, Node's start included`,
      rounds: 15,
      ways: [
        { name: 'node -e 0', run: async () => started([process.execPath, '-e', '0']) },
        {
          name: 'nacre',
          prepare: async (round) => {
            const at = run(await place(bench))
            if (round === 0) await reset(bench, at)
            if (round === 0) for (let i = 0; i < 2; i++) await nacre(['build', '--all'], at)
          },
          run: async () => {
            const ran = await nacre(['build', '--all'], run(await place(bench)))
            if (!ran.stdout.includes('nothing changed')) throw new Error(`expected nothing to do:\n${ran.stdout}`)
            return ran
          },
        },
      ],
      targets: [{ way: 'nacre', figure: 'wall', most: 150 }],
    },
    {
      name: 'image.100-packages.packages-cached',
      about: `an image of ${count} packages, 110 MB packed, whose packages are in the store: nacre build from start to end`,
      rounds: 5,
      ways: [
        { name: 'from nothing', prepare: async () => reset(bench, run(await place(bench))), run: image },
        {
          name: 'one package changed',
          prepare: async (round) => {
            await edit(`rebuilt ${round} ${process.pid}`)
            await nacre(['build', `package:${changed}`], run(await place(bench)))
          },
          run: image,
        },
        { name: 'one package edited, built too', prepare: (round) => edit(`edited ${round} ${process.pid}`), run: image },
      ],
      targets: [
        { way: 'from nothing', figure: 'wall', most: 900 },
        { way: 'from nothing', figure: 'peak', most: 130e6 },
        { way: 'one package changed', figure: 'wall', most: 180 },
        { way: 'one package changed', figure: 'peak', most: 130e6 },
      ],
      recorded: ['apko 1.2, an image of 84 MB: 1,800 to 2,900 ms, 73 to 130 MB, every time from nothing'],
    },
  ]
}

/** A store that has the packages and nothing of the image. */
async function reset(bench: Bench, at: Place): Promise<void> {
  const { store, workspace } = await place(bench)
  write(workspace, { [`${changed}/share/${changed}/edited`]: 'not yet' })
  rmSync(at.store, { recursive: true, force: true })
  execFileSync('cp', ['-a', store, at.store])
}

async function place(bench: Bench): Promise<Place> {
  const folder = await fixture(bench.folder, 'catalogue', async (made) => {
    const at = { workspace: join(made, 'workspace'), store: join(made, 'store') }
    mkdirSync(at.workspace)
    await withTools(at)
    // Few are large and many are small, as in a real system: the largest has a tenth of all bytes.
    const shares = names.map((_, i) => 1 / (i + 3))
    const whole = shares.reduce((sum, share) => sum + share, 0)
    names.forEach((name, i) => {
      const size = Math.round((bytes * (shares[i] ?? 0)) / whole)
      writeFiles(join(at.workspace, name, 'share', name), { seed: i + 100, files: Math.max(4, Math.round(size / 50_000)), bytes: size })
      write(at.workspace, { [`${name}.yaml`]: copyRecipe(name), [`${name}/share/${name}/edited`]: 'not yet' })
    })
    write(at.workspace, { 'big.yaml': `name: big\ncontents:\n  packages: [${names.join(', ')}]\nentrypoint:\n  command: /usr/bin/true\narchs: [x86_64, aarch64]\n` })
    await nacre(['build', ...packages], at)
  })
  const at = { workspace: join(folder, 'workspace'), store: join(folder, 'store') }
  // Once at its final place, so that the store knows the digests of the files there.
  await fixture(folder, 'seen', async () => void (await nacre(['build', ...packages], at)))
  return at
}
