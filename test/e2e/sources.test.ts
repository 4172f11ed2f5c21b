import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Served, sha256 } from './served.ts'
import { codes, recipe, Tiny } from './tiny.ts'

const dest = '${{targets.destdir}}'

/** A tar with one folder, made by the host's tar. */
function archive(folder: string): Buffer {
  mkdirSync(join(folder, 'parts-1.0'), { recursive: true })
  writeFileSync(join(folder, 'parts-1.0', 'part'), 'a part\n')
  return execFileSync('tar', ['-C', folder, '-c', 'parts-1.0'])
}

function fetching(uri: string, digest: string, mirrors = ''): string {
  return `package:
  name: parts
  version: 1.0
  epoch: 0
  copyright:
    - license: MIT

environment:
  contents:
    packages: [tools]

pipeline:
  - uses: fetch
    with:
      uri: ${uri}
      expected-sha256: ${digest}
      mirrors: ${mirrors === '' ? '""' : mirrors}
  - runs: |
      mkdir -p "${dest}/usr/share"
      cp part "${dest}/usr/share/part"
`
}

/** One store for all: each test asks for another source. */
describe('a source', () => {
  let tiny: Tiny
  let bytes: Buffer
  beforeAll(async () => {
    tiny = new Tiny()
    bytes = archive(join(tiny.folder, 'archive'))
    expect((await tiny.build(['tools'])).code).toBe(0)
  })
  afterAll(() => tiny[Symbol.asyncDispose]())

  it('that two recipes know by different places comes from any of them', async () => {
    const other = Buffer.concat([bytes, Buffer.alloc(512)])
    await using served = await Served.start({ '/second.tar': other })
    tiny.write({
      'recipes/first.yaml': fetching(`${served.url}/first.tar`, sha256(other)).replace('name: parts', 'name: first'),
      'recipes/second.yaml': fetching(`${served.url}/second.tar`, sha256(other)).replace('name: parts', 'name: second'),
    })
    const built = await tiny.build(['first', 'second'])
    expect(built.failed).toEqual([])
    expect(served.asked).toEqual(['/first.tar', '/second.tar'])
  })

  it('is fetched once, from the first place that has it, and lies in the workspace', async () => {
    await using served = await Served.start({ '/b/parts.tar': bytes, '/cut/parts.tar': { cut: bytes }, '/wrong/parts.tar': Buffer.from('something else') })
    tiny.write({ 'recipes/parts.yaml': fetching(`${served.url}/a/parts.tar`, sha256(bytes), `${served.url}/cut/parts.tar ${served.url}/wrong/parts.tar ${served.url}/b/parts.tar`) })
    const built = await tiny.build(['parts'])
    expect(built.failed).toEqual([])
    expect(built.code).toBe(0)
    expect(served.asked).toEqual(['/a/parts.tar', '/cut/parts.tar', '/wrong/parts.tar', '/b/parts.tar'])
    tiny.edit('recipes/parts.yaml', 'cp part', 'cat part >/dev/null; cp part')
    const again = await tiny.build(['parts', '--offline'])
    expect(again.cutOff).toEqual(['package:parts/build'])
    expect(served.asked.length).toBe(4)
  })

  it('of another content than promised is refused with both digests and what to write instead', async () => {
    const other = Buffer.concat([bytes, Buffer.from([0])])
    await using served = await Served.start({ '/parts.tar': other })
    const promised = sha256(Buffer.from('never'))
    tiny.write({ 'recipes/parts.yaml': fetching(`${served.url}/parts.tar`, promised) })
    const built = await tiny.nacre(['build', 'parts'])
    expect(built.code).toBe(1)
    expect(built.stderr).toContain('error[source/digest-mismatch] No place has')
    expect(built.stderr).toContain(`expected: sha256 ${promised}`)
    expect(built.stderr).toContain(`expected-sha256: ${sha256(other)}`)
  })

  it('that no place gives is refused with what each of them answered', async () => {
    await using served = await Served.start({ '/cut': { cut: bytes } })
    const gone = await Served.start({})
    const nobody = gone.url
    await gone[Symbol.asyncDispose]()
    tiny.write({ 'recipes/parts.yaml': fetching(`${served.url}/none`, sha256(Buffer.from('1')), `${served.url}/cut ${nobody}/x ${nobody}/y`) })
    const built = await tiny.nacre(['build', 'parts'])
    expect(built.code).toBe(1)
    expect(built.stderr).toContain('error[source/unreachable]')
    expect(built.stderr).toContain('/none: HTTP 404')
    expect(built.stderr).toMatch(/\/cut: .+/)
    expect(built.stderr).toContain(`${nobody}/x: ECONNREFUSED`)
    expect(built.stderr).toContain(`${nobody}/y: host was unreachable before`)
  })

  it('that is not in the store is refused by --offline, and no place is asked', async () => {
    await using served = await Served.start({ '/parts': bytes })
    tiny.write({ 'recipes/parts.yaml': fetching(`${served.url}/parts`, sha256(Buffer.from('2'))) })
    const built = await tiny.build(['parts', '--offline'])
    expect(built.code).toBe(1)
    expect(codes(built)).toEqual(['source/offline'])
    expect(served.asked).toEqual([])
  })

  it('that leads out of the workspace fails, and nothing lies outside', async () => {
    const folder = join(tiny.folder, 'escape')
    mkdirSync(folder)
    writeFileSync(join(folder, 'evil'), 'x')
    const escaping = execFileSync('tar', ['-C', folder, '-P', '-c', '--transform', 's,evil,a/../../../../../../../tmp/escaped,', 'evil'])
    await using served = await Served.start({ '/parts.tar': escaping })
    tiny.write({ 'recipes/parts.yaml': fetching(`${served.url}/parts.tar`, sha256(escaping)) })
    const built = await tiny.nacre(['build', 'parts'])
    expect(built.code).toBe(1)
    expect(existsSync('/tmp/escaped')).toBe(false)
  })
})

describe('a git commit', () => {
  let tiny: Tiny
  let repository: string
  let commit: string
  beforeAll(async () => {
    tiny = new Tiny()
    repository = join(tiny.folder, 'upstream')
    const git = (...argv: readonly string[]): string => execFileSync('git', ['-C', repository, '-c', 'user.name=x', '-c', 'user.email=x@example.org', ...argv], { encoding: 'utf8', env: { PATH: process.env['PATH'] ?? '', HOME: tiny.folder, GIT_CONFIG_NOSYSTEM: '1' } })
    mkdirSync(repository)
    git('init', '-q', '-b', 'main')
    writeFileSync(join(repository, 'part'), 'from git\n')
    git('add', '.')
    git('commit', '-q', '-m', 'one')
    git('tag', 'v1')
    commit = git('rev-parse', 'HEAD').trim()
    writeFileSync(join(repository, 'part'), 'later\n')
    git('commit', '-q', '-a', '-m', 'two')
    expect((await tiny.build(['tools'])).code).toBe(0)
  })
  afterAll(() => tiny[Symbol.asyncDispose]())

  const checkingOut = (expected: string, more = ''): string => `package:
  name: checked
  version: 1.0
  epoch: 0
  copyright:
    - license: MIT

environment:
  contents:
    packages: [tools]

pipeline:
  - uses: git-checkout
    with:
      repository: ${repository}
      expected-commit: ${expected}
${more}  - runs: |
      [ "$(cat part)" = 'from git' ]
      [ ! -e .git ]
      cp part "${dest}/part"
`

  it('is fetched by its tag, or by itself, and brings no history', async () => {
    tiny.write({ 'recipes/checked.yaml': checkingOut(commit, '      tag: v1\n') })
    expect((await tiny.build(['checked'])).code).toBe(0)
    await using other = new Tiny({ 'recipes/checked.yaml': checkingOut(commit) })
    const built = await other.nacre(['build', 'checked'])
    expect(built.stderr).not.toContain('failed')
    expect(built.code).toBe(0)
  })

  it('that the repository does not have is refused with what was tried', async () => {
    tiny.write({ 'recipes/checked.yaml': checkingOut('0123456789012345678901234567890123456789', '      tag: v1\n') })
    const built = await tiny.nacre(['build', 'checked'])
    expect(built.code).toBe(1)
    expect(built.stderr).toContain('error[source/no-commit]')
    expect(built.stderr).toContain('refs/tags/v1')
  })

  it('is refused by --offline, and where there is no git', async () => {
    tiny.write({ 'recipes/checked.yaml': checkingOut('1123456789012345678901234567890123456789') })
    expect(codes(await tiny.build(['checked', '--offline']))).toEqual(['source/offline'])
    expect(codes(await tiny.build(['checked'], { environment: { PATH: '/nonexistent' } }))).toEqual(['source/no-git'])
  })
})

describe('a pinned Debian package', () => {
  const bootstrap = (digest: string, links: string): string => recipe('import', '').replace(/environment:[^]*/, `
pipeline:
  - uses: bootstrap/debs
    with:
      debs: |
        odd 1 ${digest} pool/odd.deb
      links: |
        ${links}
`).replace('epoch: 0', 'epoch: 0\n  bootstrap: true')

  it('that is damaged, or links to nowhere, is refused', async () => {
    const garbage = Buffer.from('!<arch>\nnot a package')
    await using served = await Served.start({ '/pool/odd.deb': garbage })
    await using tiny = new Tiny({ 'recipes/import.yaml': bootstrap(sha256(garbage), '/usr/bin/x y'), 'nacre.yaml': `recipes: [recipes/import.yaml]\nmirrors: {debian: ["${served.url}"]}\n` })
    const damaged = await tiny.nacre(['build', 'import'])
    expect(damaged.code).toBe(1)
    expect(damaged.stderr).toContain('error[deb/damaged]')
    await using good = new Tiny()
    good.edit('recipes/tools.yaml', '/sbin usr/sbin', '/ usr')
    const linked = await good.build(['tools'])
    expect(linked.code).toBe(1)
    expect(codes(linked)).toEqual(['deb/bad-link'])
  })
})
