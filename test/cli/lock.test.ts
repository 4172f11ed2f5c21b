import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { suiteOf } from '../../cli/machine/debian-index.ts'
import { compareDebVersions, parsePackages, releaseHash } from '../../outputs/deb/packages-index.ts'
import { Rig, top } from '../rig.ts'
import { FileServer } from './tiny-os.ts'

const vectors = join(top, 'test/vectors/lock')
const recipe = `# A comment that stays.
package: {name: tools, version: 1, epoch: 0, description: "Tools", bootstrap: true, copyright: [{license: MIT}]}
pipeline:
  - uses: bootstrap/debs
    with:
      debs: |
        # pinned
        tools 1   1111111111111111111111111111111111111111111111111111111111111111 pool/main/t/tools/tools_1_amd64.deb
        other 1:1.0-1 3333333333333333333333333333333333333333333333333333333333333333 pool/main/o/other/other_1.0-1_amd64.deb
`
const after = recipe.replace('tools 1   1111111111111111111111111111111111111111111111111111111111111111 pool/main/t/tools/tools_1_amd64.deb', 'tools 2   2222222222222222222222222222222222222222222222222222222222222222 pool/main/t/tools/tools_2_amd64.deb')

async function opened(files: readonly string[]): Promise<{ readonly server: FileServer; readonly rig: Rig }> {
  const server = await FileServer.start()
  for (const name of files) server.files.set(`/debian/dists/stable/${name === 'InRelease' ? name : `main/binary-amd64/${name}`}`, readFileSync(join(vectors, name)))
  return { server, rig: new Rig({ 'nacre.yaml': `mirrors: {debian: "${server.url}/debian"}\n`, 'tools.yaml': recipe }) }
}

const common = ['lock', '--suite', 'stable', '--arch', 'x86_64', '--keyring', join(vectors, 'keyring.gpg')]
const withGpgv = spawnSync('gpgv', ['--version']).status === 0

describe('nacre lock', () => {
  it.runIf(withGpgv)('moves pins to what a signed index has, and touches nothing else', async () => {
    const { server, rig } = await opened(['InRelease', 'Packages.xz'])
    await using _ = server
    await using __ = rig
    const checked = await rig.nacre([...common, '--check'])
    expect(checked).toEqual({ code: 1, stdout: 'tools.yaml: tools 1 -> 2\n', stderr: '' })
    expect(readFileSync(join(rig.workspace, 'tools.yaml'), 'utf8')).toBe(recipe)
    expect((await rig.nacre([...common, '--json'])).stdout).toBe('{"changed":[{"file":"tools.yaml","name":"tools","from":"1","to":"2"}]}\n')
    expect(readFileSync(join(rig.workspace, 'tools.yaml'), 'utf8')).toBe(after)
    expect(await rig.nacre([...common, 'tools'])).toEqual({ code: 0, stdout: 'every pin is what the index has\n', stderr: '' })
  })

  it.runIf(withGpgv)('refuses an index that the signed Release does not name', async () => {
    const { server, rig } = await opened(['InRelease'])
    await using _ = server
    await using __ = rig
    server.files.set('/debian/dists/stable/main/binary-amd64/Packages.xz', Buffer.from('something else'))
    const refused = await rig.nacre(common)
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('lock/bad-index')])
  })

  it.runIf(withGpgv)('refuses a Release that was changed after it was signed', async () => {
    const { server, rig } = await opened(['Packages.xz'])
    await using _ = server
    await using __ = rig
    server.files.set('/debian/dists/stable/InRelease', Buffer.from(readFileSync(join(vectors, 'InRelease'), 'latin1').replace('Suite: stable', 'Suite: stables')))
    const refused = await rig.nacre(common)
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('lock/unsigned')])
    expect(readFileSync(join(rig.workspace, 'tools.yaml'), 'utf8')).toBe(recipe)
  })

  it('says what is missing: the mirror, a package, pins, or the network', async () => {
    const { server, rig } = await opened([])
    await using _ = server
    await using __ = rig
    expect((await rig.nacre([...common, '--unsigned'])).stderr).toContain('lock/unreachable')
    expect((await rig.nacre([...common, '--offline'])).stderr).toContain('lock/offline')
    expect((await rig.nacre([...common, 'nothing'])).stderr).toContain('lock/no-pins')
    server.files.set('/debian/dists/stable/main/binary-amd64/Packages.xz', readFileSync(join(vectors, 'Packages.xz')))
    rig.write({ 'tools.yaml': recipe.replace('other 1:1.0-1', 'gone 1:1.0-1') })
    expect((await rig.nacre([...common, '--unsigned'])).stderr).toContain('lock/unknown-deb')
  })
})

describe('the suite', () => {
  it("is the one given, else the archive's own of the machine's sources, else a complaint", () => {
    const sources = [{ uri: 'http://a.example/debian-security', suite: 'bookworm-security' }, { uri: 'http://a.example/debian', suite: 'bookworm-updates' }, { uri: 'http://a.example/debian', suite: 'bookworm' }]
    expect(suiteOf('sid', sources)).toEqual({ kind: 'ok', value: 'sid' })
    expect(suiteOf(undefined, sources)).toEqual({ kind: 'ok', value: 'bookworm' })
    const none = suiteOf(undefined, sources.slice(0, 2))
    expect(none.kind === 'complaints' && none.diagnostics.map(({ code }) => code)).toEqual(['lock/no-suite'])
  })
})

describe('a package index', () => {
  it('gives the highest version of each package', () => {
    const text = ['1.0-1', '1.0~rc1-1', '1.0-1+b1'].map((version) => `Package: a\nVersion: ${version}\nSHA256: ${'a'.repeat(64)}\nFilename: ${version}.deb\n`).join('\n')
    expect(parsePackages(text).get('a')?.version).toBe('1.0-1+b1')
  })

  it('orders versions as Debian does', () => {
    const ordered = ['1.0~~', '1.0~rc1', '1.0', '1.0-1', '1.0-1+b1', '1.0-1.1', '1.0-2', '1.0a', '1.0+dfsg', '1.9', '1.10', '1:0.1', '2:0']
    for (const [i, a] of ordered.entries()) for (const [j, b] of ordered.entries()) expect([a, b, Math.sign(compareDebVersions(a, b))]).toEqual([a, b, Math.sign(i - j)])
    expect(compareDebVersions('1.0', '1.0-0')).toBe(0)
    expect(compareDebVersions('1.01', '1.1')).toBe(0)
  })

  it("finds a file's hash among the SHA256 sums of a Release only", () => {
    const release = 'MD5Sum:\n aa 1 main/x\nSHA256:\n bb 1 main/y\n cc 1 main/x\nSHA512:\n dd 1 main/z\n'
    expect(releaseHash(release, 'main/x')).toBe('cc')
    expect(releaseHash(release, 'main/z')).toBeUndefined()
  })
})
