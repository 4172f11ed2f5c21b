import { createWriteStream, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { canonical } from '../../base/canonical.ts'
import { absPath, type Digest } from '../../base/ids.ts'
import { systemClock, systemRandom } from '../../base/ports.ts'
import type { Cas } from '../../cache/cache.ts'
import { openStore } from '../../cache/store.ts'
import { captureTree } from '../../cache/tree-capture.ts'
import { onlyMember } from '../../outputs/archive/gzip-members.ts'
import type { PackageRecord } from '../../outputs/apk/record.ts'
import { encoderId } from '../../outputs/archive/deflate.ts'
import { packageFiles } from '../../recipes/kinds/package-files.ts'
import { summedFiles } from '../../recipes/kinds/summed-files.ts'
import { writeFiles } from '../corpus.ts'
import { fixture } from '../fixture.ts'
import type { Bench, MakeScenarios } from '../scenario.ts'
import { started, task } from '../started.ts'
import { packTo } from '../tasks/pack.ts'

const size = 100_000_000

/** An apk of a tree that is in the store, against the encoder alone over the same tar. */
export const packing: MakeScenarios = (bench) => [
  {
    name: 'pack.100MB.tree-cached',
    about: `the apk of a tree of 100 MB in 1,000 files, and ${encoderId} alone over the same tar`,
    rounds: 5,
    ways: [
      { name: 'encoder', run: async () => task('encode', { tar: join(await place(bench), 'data.tar') }) },
      {
        name: 'apk',
        run: async () => {
          const folder = await place(bench)
          const facts: Record<string, string> = JSON.parse(readFileSync(join(folder, 'facts.json'), 'utf8'))
          return task('pack', { ...facts, store: join(folder, 'store') })
        },
      },
      { name: 'tar | gzip -6', run: async () => started(['sh', '-c', `tar cf - -C ${await place(bench)} tree | gzip -6 > /dev/null`]) },
    ],
    targets: [
      { way: 'apk', figure: 'wall', against: 'encoder', most: 1.15 },
      { way: 'apk', figure: 'cpu', against: 'encoder', most: 1.15 },
      { way: 'apk', figure: 'peak', most: 300e6 },
    ],
    recorded: ['melange 0.59 packs 100 MB in 1,300 ms'],
  },
]

async function place(bench: Bench): Promise<string> {
  return fixture(bench.folder, 'packing-sums', async (folder) => {
    writeFiles(join(folder, 'tree', 'usr', 'share'), { seed: 5, files: 1000, bytes: size })
    const store = openStore(absPath(join(folder, 'store')), { clock: systemClock, random: systemRandom })
    const captured = await captureTree(store.cas, absPath(join(folder, 'tree')), { move: false })
    if (captured.kind === 'refused') throw new Error('the tree was refused')
    const sbom = await store.cas.put(Buffer.from('{}'))
    const described = await store.cas.put(Buffer.from(canonical({ record: { ...record }, resolved: {}, bootstrap: false })))
    const sums = await store.cas.put(Buffer.from(canonical(await sumsOf(store.cas, captured.digest))))
    const facts = { tree: captured.digest, record: described, sbom, sums }
    writeFileSync(join(folder, 'facts.json'), JSON.stringify(facts))
    await store.close()
    await writeTar(folder, facts)
  })
}

/** As `describe` leaves them. */
async function sumsOf(cas: Cas, tree: Digest): Promise<readonly (readonly [string, string])[]> {
  const sums: (readonly [string, string])[] = []
  for (const file of summedFiles((await packageFiles(cas, tree)).files)) if (file.kind === 'file') sums.push([file.path, await file.sha1()])
  return sums
}

/** The data tar, taken from an apk of the tree. */
async function writeTar(folder: string, facts: Readonly<Record<string, string>>): Promise<void> {
  const { apk, controlSize } = await packTo({ ...facts, store: join(folder, 'store') })
  const data = Readable.from([apk.subarray(controlSize)])
  await pipeline(Readable.from(onlyMember(data, 2 * size)), createWriteStream(join(folder, 'data.tar')))
}

const record: PackageRecord = {
  ...{ name: 'large', version: '1-r0', arch: 'x86_64', description: 'Files for measuring', url: '', license: 'MIT', origin: 'large', maintainer: '', commit: '' },
  ...{ buildDate: 0, installedSize: 0, depends: [], provides: [], replaces: [], installIf: [], triggers: [] },
}
