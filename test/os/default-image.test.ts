import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Rig, top } from '../rig.ts'
import { installed, opensslVerifies, runInRoot, umociUnpack } from './real-image.ts'

// The default image from upstream source, from an empty store: the README's first command. NACRE_TEST_STORE names a store to go on with.
const minutes = 60_000
const rig = new Rig()
const environment: Record<string, string> = process.env['NACRE_TEST_STORE'] === undefined ? {} : { NACRE_STORE: process.env['NACRE_TEST_STORE'] }

describe('the default image', { timeout: 40 * minutes }, () => {
  beforeAll(() => {
    cpSync(join(top, 'recipes', 'os'), join(rig.workspace, 'recipes', 'os'), { recursive: true })
    cpSync(join(top, 'nacre.yaml'), join(rig.workspace, 'nacre.yaml'))
  })
  afterAll(() => rig[Symbol.asyncDispose]())

  it('is built from source, tested and put together', async () => {
    const ran = await rig.nacre(['build'], { environment })
    expect(ran.stderr.slice(-4000)).not.toMatch(/^failed/m)
    expect(ran.code).toBe(0)
    expect(ran.stdout).toMatch(/^image:jq {2}sha256:[0-9a-f]{64} /m)
    expect(ran.stdout).toMatch(/\d+ ran, \d+ hit, \d+ cut off, 0 failed in .*\n$/)
  })

  it('is not built again when nothing changed', async () => {
    const ran = await rig.nacre(['build'], { environment })
    expect(ran.stdout).toMatch(/nothing changed\n0 ran, 0 hit, 0 cut off, 0 failed in \d+ ms\n$/)
  })

  it('runs its program without a container engine', async () => {
    const ran = await rig.nacre(['run', 'image:jq', '--', '-n', '1+1'], { environment })
    expect(ran).toMatchObject({ code: 0, stdout: '2\n' })
  })

  it('is complete: every library, symbol version and interpreter is inside it', async () => {
    const ran = await rig.nacre(['audit', 'image:jq'], { environment })
    expect(ran).toMatchObject({ code: 0 })
  })

  it.skipIf(!installed('skopeo'))('is read and converted by skopeo', async () => {
    const layout = join(rig.folder, 'layout')
    expect(await rig.nacre(['export', 'image:jq', '--to', `oci:${layout}`], { environment })).toMatchObject({ code: 0 })
    const inspected = spawnSync('skopeo', ['inspect', `oci:${layout}:jq`], { encoding: 'utf8' })
    expect(JSON.parse(inspected.stdout)).toMatchObject({ Architecture: 'amd64', Os: 'linux' })
    const copied = spawnSync('skopeo', ['copy', '--insecure-policy', `oci:${layout}:jq`, `docker-archive:${join(rig.folder, 'jq.tar')}:jq:latest`], { encoding: 'utf8' })
    expect(copied).toMatchObject({ status: 0 })
  })

  it.skipIf(!installed('umoci'))('is unpacked by umoci, and its program runs from there', async () => {
    const layout = join(rig.folder, 'layout-for-umoci')
    expect(await rig.nacre(['export', 'image:jq', '--to', `oci:${layout}`], { environment })).toMatchObject({ code: 0 })
    const unpacked = umociUnpack(layout, 'jq')
    try {
      expect(runInRoot(unpacked.root, ['/usr/bin/jq', '-n', '[1,2]|add'])).toMatchObject({ status: 0, stdout: '3\n' })
      // Minimal: neither a shell nor a package manager.
      expect(['bin/sh', 'usr/bin/sh', 'sbin/apk', 'usr/bin/apk'].filter((path) => existsSync(join(unpacked.root, path)))).toEqual([])
    } finally {
      unpacked.remove()
    }
  })

  it.skipIf(!installed('openssl') || !installed('python3'))('comes from packages whose signatures openssl verifies', async () => {
    const repository = join(rig.folder, 'repository')
    expect(await rig.nacre(['export', 'package:jq', 'package:oniguruma', '--to', repository], { environment })).toMatchObject({ code: 0 })
    const key = readdirSync(repository).find((name) => name.endsWith('.rsa.pub')) ?? ''
    const files = readdirSync(join(repository, 'x86_64')).filter((name) => name.endsWith('.apk') || name.endsWith('.tar.gz'))
    expect(files).toContain('APKINDEX.tar.gz')
    expect(files.filter((name) => !opensslVerifies(join(repository, 'x86_64', name), join(repository, key)))).toEqual([])
  })
})
