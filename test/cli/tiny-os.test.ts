import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync, chmodSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { extract } from 'tar-stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Rig, top } from '../rig.ts'
import { FileServer, helloRecipe, tinyOs } from './tiny-os.ts'

const odd = `package:
  name: odd
  version: 1
  epoch: 0
  description: Never the same
  copyright: [{license: MIT}]
environment:
  contents:
    packages: [tools]
pipeline:
  - working-directory: \${{targets.destdir}}
    runs: |
      mkdir -p usr/share/odd
      cat /proc/sys/kernel/random/uuid > usr/share/odd/random
      uname -n > usr/share/odd/host
`

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)).sort()
}

function contents(folder: string): Readonly<Record<string, string>> {
  return Object.fromEntries(filesIn(folder).map((path) => [path.slice(folder.length + 1), sha256(readFileSync(path))]))
}

describe('a tiny OS through the front door', { timeout: 240_000 }, () => {
  let server: FileServer
  let rig: Rig

  beforeAll(async () => {
    server = await FileServer.start()
    rig = new Rig({ ...tinyOs(server), 'odd.yaml': odd, 'even.yaml': odd.replace('name: odd', 'name: even').replace('\npipeline', '\nreproducible:\n  except: It writes a random number\npipeline') })
    const built = await rig.nacre(['build', '--all'])
    expect(built.stderr).not.toContain('failed')
    expect(built.code).toBe(0)
  }, 240_000)

  afterAll(async () => {
    await rig[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })

  it('keeps what a recent build made, whatever size gc is asked for', async () => {
    await rig.nacre(['cache', 'gc', '--max-size', '1K'])
    expect((await rig.nacre(['build', '--all'])).stdout).toMatch(/nothing changed\n0 ran, 0 hit, 0 cut off, 0 failed/)
  })

  it('builds nothing when nothing changed, and asks the server for nothing', async () => {
    const asked = server.asked.length
    const again = await rig.nacre(['build', '--all'])
    expect(again.stdout).toMatch(/nothing changed\n0 ran, 0 hit, 0 cut off, 0 failed/)
    expect(server.asked.length).toBe(asked)
  })

  it("runs an image's program with its own arguments, and gives its exit code", async () => {
    expect(await rig.nacre(['run', 'image:tiny'])).toEqual({ code: 0, stdout: 'hello\n', stderr: '' })
    expect(await rig.nacre(['run', 'tiny', '--', '/usr/bin/hello', 'you', '--force'])).toEqual({ code: 0, stdout: 'hello you --force\n', stderr: '' })
    expect((await rig.nacre(['run', 'tiny', '--', '-c', 'exit 7'])).code).toBe(7)
    expect((await rig.nacre(['run', 'tiny', '--', '-c', 'kill -9 $$'])).code).toBe(137)
    expect((await rig.nacre(['run', 'tiny', '--entrypoint', '/usr/bin/cat', '--', '/usr/bin/hello'])).stdout).toBe('echo hello "$@"\n')
  })

  it('says that an image names no program, and runs one that is named', async () => {
    rig.write({ 'bare.yaml': 'name: bare\ncontents:\n  packages: [base]\n' })
    const bare = await rig.nacre(['run', 'bare'])
    expect([bare.code, bare.stderr]).toEqual([2, expect.stringContaining('cli/no-program')])
    expect((await rig.nacre(['run', 'bare', '--entrypoint', '/bin/sh', '--', '-c', 'echo here'])).stdout).toBe('here\n')
    rmSync(join(rig.workspace, 'bare.yaml'))
  })

  it('ends a running program on Ctrl-C, with the code of an interruption', async () => {
    const child = spawn(process.execPath, [join(top, 'bin', 'nacre.js'), 'run', 'tiny', '--', '-c', 'echo started; while :; do :; done'], {
      cwd: rig.workspace,
      env: { PATH: process.env['PATH'] ?? '', HOME: rig.folder, NACRE_STORE: rig.store, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
    for await (const chunk of child.stdout) {
      if (String(chunk).includes('started')) child.kill('SIGINT')
    }
    expect(await ended).toBe(130)
  })

  it('writes an OCI layout whose blobs bear their own digests, and the same again', async () => {
    expect((await rig.nacre(['export', 'image:tiny', '--to', 'oci:out/layout'])).code).toBe(0)
    const folder = join(rig.workspace, 'out/layout')
    const first = contents(folder)
    for (const [path, hash] of Object.entries(first)) if (path.startsWith('blobs/')) expect(path).toBe(`blobs/sha256/${hash}`)
    const index: { readonly manifests: readonly { readonly digest: string; readonly annotations: Readonly<Record<string, string>> }[] } = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8'))
    expect(index.manifests.map((one) => one.annotations['org.opencontainers.image.ref.name'])).toEqual(['tiny'])
    writeFileSync(join(folder, 'blobs/sha256/stale'), 'left by an older image')
    expect((await rig.nacre(['export', 'image:tiny', '--to', 'oci:out/layout'])).code).toBe(0)
    expect(contents(folder)).toEqual(first)
  })

  it('refuses a folder for a layout that holds something else', async () => {
    rig.write({ 'out/other/file': 'mine' })
    const refused = await rig.nacre(['export', 'image:tiny', '--to', 'oci:out/other'])
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain('cli/not-a-layout')
    expect(readdirSync(join(rig.workspace, 'out/other'))).toEqual(['file'])
  })

  it('writes a docker archive whose manifest names files that are in it', async () => {
    expect((await rig.nacre(['export', 'tiny', '--to', 'docker-archive:out/tiny.tar'])).code).toBe(0)
    const files = new Map<string, Buffer>()
    const tar = extract()
    tar.end(readFileSync(join(rig.workspace, 'out/tiny.tar')))
    for await (const entry of tar) {
      const chunks: Buffer[] = []
      for await (const chunk of entry) chunks.push(Buffer.from(chunk as Uint8Array))
      files.set(entry.header.name, Buffer.concat(chunks))
    }
    const [manifest]: readonly { readonly Config: string; readonly RepoTags: readonly string[]; readonly Layers: readonly string[] }[] = JSON.parse(String(files.get('manifest.json')))
    expect(manifest?.RepoTags).toEqual(['tiny:latest'])
    for (const path of [manifest?.Config ?? '', ...(manifest?.Layers ?? [])]) expect(`blobs/sha256/${sha256(files.get(path) ?? Buffer.of())}`).toBe(path)
    expect(manifest?.Layers.length).toBeGreaterThan(0)
  })

  it("writes a repository signed with the store's own key, and solves a world from it", async () => {
    const exported = await rig.nacre(['export', 'base', 'hello', '--to', 'out/repository', '--json'])
    const told: { readonly key: string; readonly packages: readonly object[] } = JSON.parse(exported.stdout)
    expect(told.packages).toEqual([{ name: 'base', version: '1-r0', file: expect.stringMatching(/\/base-1-r0\.apk$/) }, { name: 'hello', version: '1.2-r3', file: expect.stringMatching(/\/hello-1\.2-r3\.apk$/) }])
    const key = join(rig.workspace, 'out/repository', told.key)
    expect(readFileSync(key, 'utf8')).toBe((await rig.nacre(['key', 'show'])).stdout)
    const own = readdirSync(join(rig.store, 'keys')).filter((name) => name.endsWith('.rsa'))
    expect(own.map((name) => statSync(join(rig.store, 'keys', name)).mode & 0o777)).toEqual([0o600])
    const solved = await rig.nacre(['solve', 'hello', '--repository', 'out/repository', '--keyring', key, '--json'])
    expect(solved).toEqual({ code: 0, stdout: '{"packages":[{"name":"base","version":"1-r0"},{"name":"hello","version":"1.2-r3"}]}\n', stderr: '' })
    expect((await rig.nacre(['solve', 'hello', '--repository', 'out/repository', '--keyring', key, '--explain'])).stdout).toContain('hello-1.2-r3 needs base')
    expect((await rig.nacre(['solve', 'hello@edge', 'base', '--repository', '@edge out/repository', '--repository', 'out/repository', '--keyring', key])).code).toBe(0)
  })

  it('adds to a repository of its own key, and to no other', async () => {
    await rig.nacre(['export', 'base', '--to', 'out/grown'])
    await rig.nacre(['export', 'hello', '--to', 'out/grown'])
    expect((await rig.nacre(['solve', 'base', 'hello', '--repository', 'out/grown'])).code).toBe(0)
    const before = contents(join(rig.workspace, 'out/grown'))
    await rig.nacre(['key', 'new', '--to', 'other.rsa'])
    rig.write({ 'nacre.yaml': `${tinyOs(server)['nacre.yaml'] ?? ''}keys: {sign: other.rsa}\n` })
    const refused = await rig.nacre(['export', 'hello', '--to', 'out/grown'])
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain('cli/foreign-repository')
    expect(contents(join(rig.workspace, 'out/grown'))).toEqual(before)
    expect((await rig.nacre(['key', 'new'])).stderr).toContain('cli/key-exists')
    rig.write({ 'nacre.yaml': tinyOs(server)['nacre.yaml'] ?? '' })
  })

  it('refuses an index that is not signed by a key of the keyring', async () => {
    await rig.nacre(['export', 'hello', '--to', 'out/signed'])
    await rig.nacre(['key', 'new', '--to', 'stranger.rsa'])
    const refused = await rig.nacre(['solve', 'hello', '--repository', 'out/signed', '--keyring', 'stranger.rsa.pub'])
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain('apk/untrusted')
  })

  it('serves a repository over HTTP like a folder', async () => {
    await rig.nacre(['export', 'base', 'hello', '--to', 'out/served'])
    const folder = join(rig.workspace, 'out/served')
    for (const path of filesIn(folder)) server.files.set(`/os/${path.slice(folder.length + 1)}`, readFileSync(path))
    const key = readdirSync(folder).find((name) => name.endsWith('.pub')) ?? ''
    const solved = await rig.nacre(['solve', 'hello', '--repository', `${server.url}/os`, '--keyring', join(folder, key)])
    expect(solved).toEqual({ code: 0, stdout: 'base 1-r0\nhello 1.2-r3\n', stderr: '' })
  })

  it('never exports what was imported', async () => {
    expect((await rig.nacre(['export', 'tools', '--to', 'out/tools'])).stderr).toContain('is imported for building and is never packed')
    expect(existsSync(join(rig.workspace, 'out/tools'))).toBe(false)
  })

  it("writes a task's outputs into a folder, over those of before", async () => {
    rig.write({ 'page.yaml': 'task:\n  name: page\n  inputs: [words.txt]\n  run: mkdir -p out/sub && cat words.txt > out/sub/page && chmod 755 out/sub/page && ln -sf sub/page out/link\n  outputs: [out/**]\n', 'words.txt': 'one' })
    expect((await rig.nacre(['export', 'task:page', '--to', 'pages'])).code).toBe(0)
    rig.write({ 'words.txt': 'two', 'pages/own': 'mine' })
    expect(await rig.nacre(['export', 'task:page', '--to', 'pages'])).toMatchObject({ code: 0, stdout: 'pages\n' })
    const page = join(rig.workspace, 'pages/out/sub/page')
    expect([readFileSync(join(rig.workspace, 'pages/out/link'), 'utf8'), statSync(page).mode & 0o777, readFileSync(join(rig.workspace, 'pages/own'), 'utf8')]).toEqual(['two', 0o755, 'mine'])
    expect((await rig.nacre(['verify', 'task:page', '--rebuild'])).stdout).toBe('task:page is reproducible: 1 actions gave the same bytes again\n')
    for (const path of ['page.yaml', 'words.txt', 'pages']) rmSync(join(rig.workspace, path), { recursive: true })
  })

  it('runs tests on demand, and says what has none', async () => {
    const tested = await rig.nacre(['test', 'hello', 'base', 'tiny', '--json', '--force'])
    const last: unknown = JSON.parse(tested.stdout.trimEnd().split('\n').at(-1) ?? '')
    expect(tested.code).toBe(0)
    expect(last).toMatchObject({ failed: 0, untested: ['package:base'] })
    expect(tested.stdout).toContain('"kind":"log"')
  })

  it('proves that what the store holds is what it should be', async () => {
    const verified = await rig.nacre(['verify', 'tiny', 'hello'])
    expect(verified.code).toBe(0)
    expect(verified.stdout).toMatch(/image:tiny is what the store says: [0-9]+ blobs hashed again\npackage:hello is what the store says: [0-9]+ blobs hashed again, 1 apks unpacked/)
  })

  it('builds a target again elsewhere to the same bytes', async () => {
    const verified = await rig.nacre(['verify', '--rebuild', 'hello', 'tiny'])
    expect(verified.stderr).toBe('')
    expect(verified.stdout).toBe('package:hello is reproducible: 3 actions gave the same bytes again\nimage:tiny is reproducible: 6 actions gave the same bytes again\n')
    // Nothing of this or of any command before is left.
    expect(readdirSync(join(rig.store, 'v1/tmp'))).toEqual([])
  })

  it('says in which file two builds differ, and what was only made of it', async () => {
    const verified = await rig.nacre(['verify', '--rebuild', 'odd'])
    expect(verified.code).toBe(1)
    expect(verified.stdout).toMatch(/package:odd is not reproducible\n {2}package:odd\/build gave something else:\n {4}odd: usr\/share\/odd\/host: .*\n {4}odd: usr\/share\/odd\/random: .*\n {2}and so did what is made of it: package:odd\/describe, package:odd\/pack\/odd\n/)
  })

  it('lets differ what its recipe says', async () => {
    const verified = await rig.nacre(['verify', '--rebuild', 'even'])
    expect(verified.code).toBe(0)
    expect(verified.stdout).toContain('package:even is not reproducible, as its recipe says: It writes a random number')
  })

  it('lists the hardening of every ELF file, and excuses what a recipe gives a reason for', async () => {
    const audited: { readonly packages: readonly { readonly name: string; readonly files: readonly { readonly path: string; readonly results: readonly { readonly check: string }[] }[] }[]; readonly images: readonly object[] } = JSON.parse((await rig.nacre(['audit', 'tiny', '--json'])).stdout)
    const base = audited.packages.find(({ name }) => name === 'base')
    expect(base?.files.map(({ path }) => path)).toContain('usr/bin/dash')
    expect(base?.files[0]?.results.map(({ check }) => check)).toEqual(['pie', 'relro', 'nx', 'canary', 'fortify', 'cet'])
    expect(audited.images).toEqual([{ name: 'tiny', findings: [] }])
    rig.write({ 'base.yaml': `${tinyOs(server)['base.yaml'] ?? ''}hardening:\n  exceptions:\n    - paths: ["usr/**", "/never/*"]\n      checks: [pie, relro, nx, canary, fortify, cet]\n      reason: Debian built it\n    - paths: [nothing]\n      checks: [nx]\n      reason: Left over\n` })
    const excused = await rig.nacre(['audit', 'tiny'])
    expect(excused.code).toBe(0)
    expect(excused.stdout).toContain(' 0 weak, ')
    expect(excused.stderr).toContain('no file of base needs its exception for nx of nothing any more')
    rig.write({ 'base.yaml': tinyOs(server)['base.yaml'] ?? '' })
  })

  it('finds what an image lacks', async () => {
    rig.write({ 'broken.yaml': 'package:\n  name: broken\n  version: 1\n  epoch: 0\n  description: Needs what is not there\n  copyright: [{license: MIT}]\n  options: {no-depends: true}\nenvironment:\n  contents:\n    packages: [tools]\npipeline:\n  - working-directory: ${{targets.destdir}}\n    runs: |\n      mkdir -p usr/bin\n      echo "#!/usr/bin/nowhere" > usr/bin/script\n      chmod 755 usr/bin/script\n', 'lacking.yaml': 'name: lacking\ncontents:\n  packages: [broken]\n' })
    const audited = await rig.nacre(['audit', 'image:lacking'])
    expect(audited.code).toBe(1)
    expect(audited.stdout).toContain('lacking  image:lacking usr/bin/script: Interpreter "/usr/bin/nowhere" is not in the image')
    rmSync(join(rig.workspace, 'broken.yaml'))
    rmSync(join(rig.workspace, 'lacking.yaml'))
  })

  it('tells why a changed line makes an image run again, before and after', async () => {
    rig.write({ 'hello.yaml': helloRecipe('hello,') })
    const before = await rig.nacre(['why', 'image:tiny'])
    expect(before.stdout).toContain('image:tiny/layout may run')
    expect(before.stdout).toMatch(/build hello 1\.2-r3:\n {4}steps\[0\]\.script(, line \d+,)? changed from/)
    expect((await rig.nacre(['build'])).code).toBe(0)
    const after = await rig.nacre(['why', 'image:tiny', '--json'])
    const told: { readonly nodes: readonly { readonly id: string; readonly state: string; readonly why: readonly { readonly id: string }[] }[] } = JSON.parse(after.stdout)
    expect(told.nodes[0]).toMatchObject({ id: 'image:tiny/layout', state: 'up to date' })
    expect(told.nodes[0]?.why.map(({ id }) => id)).toContain('package:hello/build')
    rig.write({ 'hello.yaml': helloRecipe('hello') })
    expect((await rig.nacre(['build', '--all'])).code).toBe(0)
  })

  it('notices a damaged blob, puts it away, and builds it again', async () => {
    const graph: { readonly nodes: readonly object[] } = JSON.parse((await rig.nacre(['graph', 'hello', '--format', 'json'])).stdout)
    expect(graph.nodes.length).toBeGreaterThan(5)
    const text = 'echo hello "$@"\n'
    const hash = sha256(Buffer.from(text))
    const blob = join(rig.store, 'v1/cas', hash.slice(0, 2), hash.slice(2))
    const times = statSync(blob)
    chmodSync(blob, 0o644)
    writeFileSync(blob, text.replace('hello', 'jello'))
    chmodSync(blob, times.mode)
    const verified = await rig.nacre(['cache', 'verify'])
    expect(verified.code).toBe(1)
    expect(verified.stdout).toContain(`corrupt   ${hash}`)
    expect((await rig.nacre(['verify', 'hello'])).code).toBe(0)
    expect((await rig.nacre(['run', 'tiny'])).stdout).toBe('hello\n')
    expect((await rig.nacre(['cache', 'verify'])).code).toBe(0)
  })

  it('counts, collects down to a size, and counts again', async () => {
    const before: { readonly blobs: number } = JSON.parse((await rig.nacre(['cache', 'stats', '--json'])).stdout)
    expect(before.blobs).toBeGreaterThan(10)
    expect((await rig.nacre(['cache', 'gc', '--max-size', '1K'])).stdout).toMatch(/^freed .*\nkept {3}.*\n$/)
    const after: { readonly blobs: number } = JSON.parse((await rig.nacre(['cache', 'stats', '--json'])).stdout)
    expect(after.blobs).toBeLessThan(before.blobs)
    expect((await rig.nacre(['plan'])).stdout).toMatch(/[1-9][0-9]* would run/)
  })
})
