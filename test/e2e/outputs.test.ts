import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { absPath, digestHash, nodeId } from '../../base/ids.ts'
import { systemClock, systemRandom } from '../../base/ports.ts'
import { openStore } from '../../cache/store.ts'
import { walkTree } from '../../cache/tree-walk.ts'
import { top } from '../rig.ts'
import { Tiny } from './tiny.ts'

const apk = process.env['NACRE_APK'] ?? ''
const key = execFileSync('openssl', ['genrsa', '2048'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })

function has(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0
}

function signed(): Tiny {
  const tiny = new Tiny({ 'keys/tiny.rsa': key })
  tiny.write({ 'nacre.yaml': `${tiny.read('nacre.yaml')}keys: {sign: keys/tiny.rsa}\n` })
  return tiny
}

interface Manifest {
  readonly layers: readonly { readonly digest: string }[]
}

/** The layers of an exported layout, bottom first. */
function layersOf(folder: string): readonly string[] {
  const index: { manifests: { digest: string }[] } = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8'))
  const manifest: Manifest = JSON.parse(readFileSync(join(folder, 'blobs', 'sha256', index.manifests[0]?.digest.slice(7) ?? ''), 'utf8'))
  return manifest.layers.map(({ digest }) => digest)
}

/** Every entry below a folder with mode and content, in one line each. */
function listing(folder: string, path = ''): readonly string[] {
  return readdirSync(join(folder, path)).sort().flatMap((name) => {
    const below = path === '' ? name : `${path}/${name}`
    const stat = lstatSync(join(folder, below))
    if (stat.isSymbolicLink()) return [`${below} -> ${readlinkSync(join(folder, below))}`]
    const mode = (stat.mode & 0o7777).toString(8)
    if (stat.isDirectory()) return [`${below}/ ${mode}`, ...listing(folder, below)]
    return [`${below} ${mode} ${createHash('sha256').update(readFileSync(join(folder, below))).digest('hex')}`]
  })
}

/** The same of the root that the store holds for an image. */
async function rootInStore(tiny: Tiny, image: string): Promise<readonly string[]> {
  const store = openStore(absPath(tiny.store), { clock: systemClock, random: systemRandom })
  const root = store.history.get(nodeId(`image:${image}/root`))?.outputs['root']
  const lines: string[] = []
  if (root !== undefined) {
    for await (const { path, node, mode } of walkTree(store.cas, root.digest)) {
      if (node.kind === 'symlink') lines.push(`${path} -> ${node.target}`)
      else if (node.kind === 'directory') lines.push(`${path}/ ${mode.toString(8)}`)
      else lines.push(`${path} ${mode.toString(8)} ${digestHash(node.digest)}`)
    }
  }
  await store.close()
  return lines
}

describe('what leaves a tiny workspace', () => {
  let tiny: Tiny
  const out = (name: string): string => join(tiny.folder, name)
  beforeAll(async () => {
    tiny = signed()
    for (const [target, to] of [['--all', out('repository')], ['image:card', `oci:${out('card')}`], ['image:note', `oci:${out('note')}`], ['image:card', `docker-archive:${out('card.tar')}`]] as const) {
      const ran = await tiny.nacre(['export', target, '--to', to])
      expect(ran.stderr).not.toContain('error')
      expect(ran.code).toBe(0)
    }
  })
  afterAll(() => tiny[Symbol.asyncDispose]())

  it('is packages that openssl verifies and python unpacks, with the digest of their data in them', () => {
    const script = `
import sys, zlib, io, tarfile, hashlib, subprocess, json
names = {}
for path in sys.argv[2:]:
    rest, members = open(path, 'rb').read(), []
    while rest:
        d = zlib.decompressobj(31)
        text = d.decompress(rest) + d.flush()
        members.append((rest[:len(rest) - len(d.unused_data)], text))
        rest = d.unused_data
    assert len(members) == 3, path
    signature = tarfile.open(fileobj=io.BytesIO(members[0][1]))
    entry = signature.next()
    assert entry.name.startswith('.SIGN.RSA256.'), entry.name
    open(sys.argv[1] + '/sig', 'wb').write(signature.extractfile(entry).read())
    open(sys.argv[1] + '/control', 'wb').write(members[1][0])
    subprocess.run(['openssl', 'dgst', '-sha256', '-verify', sys.argv[1] + '/public', '-signature', sys.argv[1] + '/sig', sys.argv[1] + '/control'], check=True, stdout=subprocess.DEVNULL)
    info = dict(line.split(' = ', 1) for line in tarfile.open(fileobj=io.BytesIO(members[1][1])).extractfile('.PKGINFO').read().decode().splitlines() if ' = ' in line)
    assert info['datahash'] == hashlib.sha256(members[2][0]).hexdigest()
    names[info['pkgname']] = sorted(m.name for m in tarfile.open(fileobj=io.BytesIO(members[2][1])) if not m.isdir() and 'sbom' not in m.name)
print(json.dumps(names))
`
    const folder = out('repository')
    mkdirSync(out('check'))
    writeFileSync(join(out('check'), 'public'), execFileSync('openssl', ['rsa', '-pubout'], { input: key, stdio: ['pipe', 'pipe', 'ignore'] }))
    const apks = readdirSync(join(folder, 'x86_64')).filter((name) => name.endsWith('.apk')).map((name) => join(folder, 'x86_64', name))
    const names: unknown = JSON.parse(execFileSync('python3', ['-c', script, out('check'), ...apks], { encoding: 'utf8' }))
    expect(names).toEqual({
      greeting: ['usr/share/greeting/words'],
      'greeting-dev': ['usr/include/greeting.h'],
      'greeting-doc': ['usr/share/man/man7/greeting.7'],
      hello: ['usr/bin/hello'],
      letters: ['usr/share/abc', 'usr/share/letters/alphabet.txt', 'usr/share/letters/year'],
      poem: ['usr/share/poem/poem'],
    })
  })

  it.skipIf(apk === '')('is packages and an index that the apk named by NACRE_APK verifies and installs', () => {
    const repository = out('repository')
    const keys = out('keys')
    mkdirSync(keys)
    for (const name of readdirSync(repository).filter((name) => name.endsWith('.pub'))) writeFileSync(join(keys, name), readFileSync(join(repository, name)))
    const apks = readdirSync(join(repository, 'x86_64')).filter((name) => name.endsWith('.apk')).map((name) => join(repository, 'x86_64', name))
    expect(spawnSync(apk, ['verify', '--keys-dir', keys, ...apks], { encoding: 'utf8' })).toMatchObject({ status: 0 })
    const added = spawnSync(apk, ['add', '--root', out('root'), '--initdb', ...(process.getuid?.() === 0 ? [] : ['--usermode']), '--arch', 'x86_64', '--keys-dir', keys, '--repository', repository, 'poem', 'letters'], { encoding: 'utf8' })
    expect(`${added.stdout}${added.stderr}`).not.toContain('ERROR')
    expect(readFileSync(join(out('root'), 'usr/share/greeting/words'), 'utf8')).toBe('good morning\n')
  })

  it.skipIf(!has('skopeo'))('is images that skopeo reads and converts', () => {
    const told: { Layers: string[]; Architecture: string } = JSON.parse(execFileSync('skopeo', ['inspect', `oci:${out('card')}`], { encoding: 'utf8' }))
    expect(told.Architecture).toBe('amd64')
    expect(told.Layers).toEqual(layersOf(out('card')))
    execFileSync('skopeo', ['copy', '-q', `oci:${out('card')}`, `docker-archive:${out('converted.tar')}:card:latest`])
    const archive: { Layers: string[] } = JSON.parse(execFileSync('skopeo', ['inspect', `docker-archive:${out('card.tar')}`], { encoding: 'utf8' }))
    expect(archive.Layers.length).toBe(told.Layers.length)
  })

  it.skipIf(!has('umoci'))('is images whose unpacked root is what nacre says is in them', async () => {
    // A root is made for who asks for it.
    await tiny.nacre(['audit', 'image:card', 'image:note'])
    for (const image of ['card', 'note']) {
      execFileSync('umoci', ['unpack', '--rootless', '--image', `${out(image)}:${image}`, out(`bundle-${image}`)], { stdio: 'ignore' })
      // Devices are no part of the tree: whoever runs it brings a /dev of its own.
      const unpacked = listing(join(out(`bundle-${image}`), 'rootfs')).filter((line) => !line.startsWith('dev/') || line.startsWith('dev/ '))
      const said = await rootInStore(tiny, image)
      expect(unpacked.length).toBeGreaterThan(20)
      expect([...unpacked].sort()).toEqual([...said].sort())
    }
    expect(execFileSync(join(out('bundle-card'), 'rootfs/usr/bin/hello'), { encoding: 'utf8' })).toBe('hello from nacre\n')
  })

  it('is images with a layer for each origin, shared between images, of which an update changes one and the top', async () => {
    const before = layersOf(out('card'))
    expect(before.length).toBe(5)
    expect(layersOf(out('note')).filter((layer) => before.includes(layer)).length).toBe(2)
    tiny.edit('recipes/letters.yaml', 'epoch: 3', 'epoch: 4')
    expect((await tiny.nacre(['export', 'image:card', '--to', `oci:${out('updated')}`])).code).toBe(0)
    tiny.edit('recipes/letters.yaml', 'epoch: 4', 'epoch: 3')
    const after = layersOf(out('updated'))
    const changed = after.map((layer, index) => layer !== before[index])
    expect(changed.filter(Boolean).length).toBe(2)
    expect(changed.at(-1)).toBe(true)
  })

  it('is run by nacre itself', async () => {
    const ran = await tiny.nacre(['run', 'image:card'])
    expect(ran.stdout).toBe('hello from nacre\n')
    expect(ran.code).toBe(0)
  })

  it('has the same bytes from another folder, store, umask, time zone, sandbox, host name and number of jobs', async () => {
    await using other = signed()
    const elsewhere = join(other.folder, 'an other', 'deep', 'place')
    mkdirSync(join(elsewhere, '..'), { recursive: true })
    execFileSync('mv', [other.workspace, elsewhere])
    const environment = { PATH: process.env['PATH'] ?? '', HOME: other.folder, NACRE_STORE: join(other.folder, 'other store'), TZ: 'Asia/Tokyo', LANG: 'tr_TR.UTF-8', SOURCE_DATE_EPOCH: '7' }
    const nacre = (umask: string, ...argv: readonly string[]): void => {
      const ran = spawnSync('/bin/sh', ['-c', 'umask "$1"; shift; exec "$@"', 'sh', umask, process.execPath, join(top, 'bin', 'nacre.js'), ...argv], { cwd: elsewhere, env: environment, encoding: 'utf8' })
      expect(`${ran.stdout}${ran.stderr}`).not.toContain('error')
      expect(ran.status).toBe(0)
    }
    nacre('077', 'build', '--all', '--jobs', '1', '--sandbox', 'namespaces', '--seed', '99')
    nacre('077', 'export', '--all', '--to', join(other.folder, 'repository'))
    nacre('002', 'export', 'image:card', '--to', `oci:${join(other.folder, 'card')}`)
    const bytes = (folder: string): readonly string[] => listing(folder).filter((line) => !line.includes('/ ')).map((line) => line.replace(/ [0-7]+ /, ' '))
    expect(bytes(join(other.folder, 'repository'))).toEqual(bytes(out('repository')))
    expect(bytes(join(other.folder, 'card'))).toEqual(bytes(out('card')))
  })
})
