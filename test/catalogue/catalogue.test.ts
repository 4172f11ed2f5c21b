import { spawnSync } from 'node:child_process'
import { cpSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { installed, opensslVerifies, runInRoot, umociUnpack } from '../os/real-image.ts'
import { Rig, top } from '../rig.ts'

// Everything in recipes/os, built, tested, rebuilt and looked at by others' tools. NACRE_TEST_STORE names a store to go on with.
const rig = new Rig()
const environment: Record<string, string> = process.env['NACRE_TEST_STORE'] === undefined ? {} : { NACRE_STORE: process.env['NACRE_TEST_STORE'] }
const images = readdirSync(join(top, 'recipes', 'os', 'images')).map((name) => name.replace(/\.yaml$/, '')).sort()

interface Check {
  readonly run: readonly string[]
  readonly exit?: string | number
  readonly expect?: string
}

describe('the catalogue', () => {
  beforeAll(() => {
    cpSync(join(top, 'recipes', 'os'), join(rig.workspace, 'recipes', 'os'), { recursive: true })
    cpSync(join(top, 'nacre.yaml'), join(rig.workspace, 'nacre.yaml'))
  })
  afterAll(() => rig[Symbol.asyncDispose]())

  it('is built and tested whole', async () => {
    const ran = await rig.nacre(['build', '--all', '--keep-going'], { environment })
    expect(ran.stderr.split('\n').filter((line) => line.startsWith('failed'))).toEqual([])
    expect(ran.code).toBe(0)
  })

  it('is hardened, and complete: every library and symbol version resolves inside each image', async () => {
    const ran = await rig.nacre(['audit', '--all'], { environment })
    expect(ran.stdout.slice(-4000)).toBeTypeOf('string')
    expect(ran.code).toBe(0)
  })

  it('is built again to the same bytes', async () => {
    const ran = await rig.nacre(['verify', '--rebuild', '--all'], { environment })
    expect(ran.stdout.split('\n').filter((line) => line.includes('differs'))).toEqual([])
    expect(ran.code).toBe(0)
  })

  it.skipIf(!installed('openssl'))('has an index and packages whose signatures openssl verifies', async () => {
    const repository = join(rig.folder, 'repository')
    expect(await rig.nacre(['export', '--all', '--to', repository], { environment })).toMatchObject({ code: 0 })
    const key = readdirSync(repository).find((name) => name.endsWith('.rsa.pub')) ?? ''
    const files = readdirSync(join(repository, 'x86_64')).filter((name) => name.endsWith('.apk') || name.endsWith('.tar.gz'))
    expect(files.length).toBeGreaterThan(30)
    expect(files.filter((name) => !opensslVerifies(join(repository, 'x86_64', name), join(repository, key)))).toEqual([])
  })

  it.skipIf(!installed('skopeo') || !installed('umoci')).each(images)('has an image %s that others read, and whose program runs from its unpacked root', async (name) => {
    const layout = join(rig.folder, 'layouts', name)
    expect(await rig.nacre(['export', `image:${name}`, '--to', `oci:${layout}`], { environment })).toMatchObject({ code: 0 })
    expect(spawnSync('skopeo', ['inspect', `oci:${layout}:${name}`])).toMatchObject({ status: 0 })
    expect(spawnSync('skopeo', ['copy', '--insecure-policy', `oci:${layout}:${name}`, `docker-archive:${layout}.tar:${name}:latest`])).toMatchObject({ status: 0 })
    const unpacked = umociUnpack(layout, name)
    const recipe: { readonly test?: { readonly packages?: readonly string[]; readonly commands?: readonly Check[] } } = parse(readFileSync(join(top, 'recipes', 'os', 'images', `${name}.yaml`), 'utf8')) as object
    // What is tested with other packages under it has no program of its own.
    for (const check of recipe.test?.packages === undefined ? (recipe.test?.commands ?? []) : []) {
      const ran = runInRoot(unpacked.root, check.run)
      expect({ run: check.run, status: ran.status, stderr: ran.stderr }).toMatchObject({ status: Number(check.exit ?? 0) })
      expect(`${ran.stdout}${ran.stderr}`).toMatch(new RegExp(check.expect ?? '', 'm'))
    }
    unpacked.remove()
  })
})
