import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { codes, recipe, Tiny } from './tiny.ts'

const dest = '${{targets.destdir}}'

describe('what is wrong is refused', () => {
  let tiny: Tiny
  beforeAll(async () => {
    tiny = new Tiny()
    expect((await tiny.build(['greeting'])).code).toBe(0)
  })
  afterAll(() => tiny[Symbol.asyncDispose]())

  it('when an image would hold imported binaries', async () => {
    tiny.write({ 'recipes/gate.yaml': 'name: gate\ncontents:\n  packages: [greeting, tools]\n' })
    const built = await tiny.nacre(['build', 'image:gate'])
    expect(built.code).toBe(1)
    expect(built.stderr).toContain('error[image/bootstrap]')
    expect(built.stderr).toContain('image:gate would hold imported binaries')
    expect(built.stderr).toContain('imported: tools 1.35.0-r0')
  })

  it('when a program needs a library that no package of its environment has', async () => {
    mkdirSync(join(tiny.workspace, 'recipes/linked'), { recursive: true })
    copyFileSync(realpathSync('/bin/ls'), join(tiny.workspace, 'recipes/linked/program'))
    tiny.write({ 'recipes/linked.yaml': recipe('linked', `mkdir -p "${dest}/usr/bin"\ncp program "${dest}/usr/bin/program"`) })
    const built = await tiny.nacre(['build', 'linked'])
    expect(built.code).toBe(1)
    expect(built.stderr).toContain('error[package/unmet-library] Package "linked" needs so:libc.so.6')
  })

  it('when no set of packages makes an environment', async () => {
    tiny.write({ 'recipes/apart.yaml': recipe('apart', 'true').replace('[tools]', '[tools, "greeting>9"]') })
    const built = await tiny.nacre(['build', 'apart'])
    expect(built.code).toBe(2)
    expect(built.stderr).toContain('error[plan/unsolvable] No set of packages satisfies')
    expect(built.stderr).toContain('greeting')
  })

  it('when packages need each other', async () => {
    tiny.write({ 'recipes/egg.yaml': recipe('egg', 'true').replace('[tools]', '[tools, hen]'), 'recipes/hen.yaml': recipe('hen', 'true').replace('[tools]', '[tools, egg]') })
    const built = await tiny.nacre(['build', 'egg'])
    expect(built.code).toBe(2)
    expect(built.stderr).toContain('error[engine/cycle]')
    expect(built.stderr).toMatch(/package:egg\/\S+ -> .*package:hen\/\S+ -> /)
  })

  it('when the steps of a split say that they only move files, and change one', async () => {
    tiny.write({
      'nacre.yaml': 'recipes: ["recipes/**/*.yaml"]\npipelines: [pipelines]\n',
      'pipelines/alter.yaml': `name: Alter\nscope: output\npipeline:\n  - runs: echo more >> "\${{targets.outdir}}/alters/file"\n`,
      'recipes/alters.yaml': recipe('alters', `echo one > "${dest}/file"`, '\nsubpackages:\n  - name: alters-part\n    pipeline:\n      - uses: alter\n'),
    })
    const built = await tiny.nacre(['build', 'alters'])
    expect(built.stderr).toContain('error[package/split-alters]')
    expect(built.stderr).toContain('changed: file')
    expect(built.code).toBe(1)
  })

  it('when a program of an image prints something else than its test expects', async () => {
    tiny.write({ 'recipes/says.yaml': 'name: says\ncontents:\n  packages: [hello]\ntest:\n  commands:\n    - run: [/usr/bin/hello]\n      expect: ^good bye$\n' })
    const built = await tiny.nacre(['build', 'image:says'])
    expect(built.code).toBe(1)
    expect(built.stderr).toContain('error[image/unexpected-output]')
    expect(built.stderr).toContain('printed: hello from nacre')
    tiny.edit('recipes/says.yaml', '^good bye$', '"(hello"')
    const odd = await tiny.nacre(['build', 'image:says'])
    expect(odd.code).toBe(2)
    expect(odd.stderr).toContain('error[plan/bad-expectation]')
    expect(odd.stderr).toContain('recipes/says.yaml:7:')
    tiny.edit('recipes/says.yaml', '"(hello"', '^hello')
    tiny.edit('recipes/says.yaml', '[/usr/bin/hello]', '[/usr/bin/goodbye]')
    const missing = await tiny.build(['image:says'])
    expect(missing.events.find((event) => event.kind === 'failed')?.failure).toMatchObject({ kind: 'exit', code: 127 })
    const enter = missing.events.find((event) => event.kind === 'failed')?.failure?.enter ?? ''
    expect(spawnSync(enter, ['/usr/bin/hello'], { encoding: 'utf8' }).stdout).toBe('hello from nacre\n')
  })

  it('when a word names two targets', async () => {
    tiny.write({ 'recipes/greeting-image.yaml': 'name: greeting\ncontents:\n  packages: [letters]\n' })
    const built = await tiny.nacre(['build', 'greeting'])
    expect(built.code).toBe(2)
    expect(built.stderr).toContain('error[plan/ambiguous-target]')
    expect(built.stderr).toContain('say package:greeting or image:greeting')
  })

  it('when a package writes what no tree can hold', async () => {
    tiny.write({ 'recipes/pipes.yaml': recipe('pipes', `mkfifo "${dest}/fifo"`) })
    const built = await tiny.build(['pipes'])
    expect(built.code).toBe(1)
    expect(codes(built).length).toBe(1)
  })
})
