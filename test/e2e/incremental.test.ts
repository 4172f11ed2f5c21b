import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { recipe, Tiny } from './tiny.ts'

/** One store and one workspace: each test changes something, says what must run, and puts it back. */
describe('a build after a change', () => {
  let tiny: Tiny
  beforeAll(async () => {
    tiny = new Tiny()
    const first = await tiny.build(['--all'])
    expect(first.failed).toEqual([])
    expect(first.code).toBe(0)
  })
  afterAll(() => tiny[Symbol.asyncDispose]())

  const changed = async (path: string, from: string, to: string, argv: readonly string[] = ['--all']): Promise<Awaited<ReturnType<Tiny['build']>>> => {
    const before = tiny.read(path)
    tiny.edit(path, from, to)
    try {
      const built = await tiny.build(argv)
      expect(built.stderr).toBe('')
      expect(built.code).toBe(0)
      return built
    } finally {
      writeFileSync(join(tiny.workspace, path), before)
    }
  }

  it('says that nothing changed, and loads neither the database nor the YAML parser', async () => {
    // What is loaded before the program sees every file of it that is read, and every package that is asked for.
    const log = join(tiny.folder, 'modules')
    const hook = join(tiny.folder, 'hook.cjs')
    writeFileSync(hook, `
const fs = require('node:fs')
const Module = require('node:module')
const { appendFileSync, readFileSync } = fs
const load = Module._load
fs.readFileSync = (path, ...rest) => {
  if (String(path).endsWith('.cjs')) appendFileSync(${JSON.stringify(log)}, path + '\\n')
  return readFileSync(path, ...rest)
}
Module._load = (name, ...rest) => {
  appendFileSync(${JSON.stringify(log)}, name + '\\n')
  return load(name, ...rest)
}
`)
    const first = await tiny.nacre(['build', '--all', '--seed', '1'])
    expect(first.code).toBe(0)
    const environment = { NODE_OPTIONS: `--require ${hook}` }
    const again = await tiny.nacre(['build', '--all'], { environment })
    expect(again.stdout).toContain('nothing changed')
    expect(again.stdout).toMatch(/0 ran, 0 hit, 0 cut off, 0 failed in .*\n$/)
    const modules = readFileSync(log, 'utf8')
    expect(modules).toContain('/dist/bundle/nacre.cjs\n')
    expect(modules).not.toMatch(/\/work\.cjs|lmdb/)
    await tiny.nacre(['build', '--all', '--force'], { environment })
    expect(readFileSync(log, 'utf8')).toMatch(/\/work\.cjs\n[^]*lmdb\n/)
  })

  it('repacks only, when a description changed', async () => {
    const built = await changed('recipes/greeting.yaml', 'Words to begin with', 'Other words', ['package:greeting', 'package:poem'])
    expect(built.ran).toEqual(['package:greeting/describe', 'package:greeting/pack/greeting'])
    expect(built.cutOff).toEqual(['package:poem/environment'])
  })

  it('reruns a changed test alone', async () => {
    const built = await changed('recipes/letters.yaml', '= 27', '-eq 27')
    expect([...built.ran, ...built.cutOff]).toEqual(['package:letters/test/letters'])
  })

  it('splits only, when a step of a split changed', async () => {
    const built = await changed('recipes/greeting.yaml', '  - name: greeting-doc\n    description: Manual of greeting\n    pipeline:\n', '  - name: greeting-doc\n    description: Manual of greeting\n    pipeline:\n      - uses: split/infodir\n')
    expect(built.ran).toEqual([])
    expect(built.cutOff).toEqual(['package:greeting/split/greeting-doc'])
  })

  it('cuts off dependents of a script that changed and made the same', async () => {
    const built = await changed('recipes/greeting.yaml', "echo 'good morning'", "# polite\n      echo 'good morning'")
    expect(built.ran).toEqual([])
    expect(built.cutOff).toEqual(['package:greeting/build'])
  })

  it('rebuilds the dependents of a dependency that came out otherwise, and makes two layers of an image anew', async () => {
    const built = await changed('recipes/greeting.yaml', "echo 'good morning'", "echo 'good evening'")
    expect(built.ran).toContain('package:greeting/build')
    expect(built.ran).toContain('package:poem/build')
    expect(built.ran.filter((id) => id.startsWith('layer:')).map((id) => id.split(':')[1])).toEqual(['greeting', 'poem'])
    expect([...built.ran, ...built.cutOff].some((id) => id.includes('letters') || id.includes('hello'))).toBe(false)
  })

  it('hits everything when a change is reverted', async () => {
    const built = await tiny.build(['--all'])
    expect([...built.ran, ...built.cutOff]).toEqual([])
    expect(built.hit.length).toBeGreaterThan(20)
  })

  it("sees a new file in a recipe's folder, and that it is gone", async () => {
    const path = join(tiny.workspace, 'recipes/letters/more.txt')
    writeFileSync(path, 'more\n')
    const built = await tiny.build(['--all'])
    expect([...built.ran, ...built.cutOff]).toEqual(['package:letters/build', 'package:letters/test/letters'])
    expect(built.cutOff).toContain('package:letters/build')
    rmSync(path)
    const back = await tiny.build(['--all'])
    expect([...back.ran, ...back.cutOff]).toEqual([])
  })

  it('sees a folder that appears beside a recipe that no glob finds', async () => {
    await using own = new Tiny({ 'nacre.yaml': 'recipes: [recipes/tools.yaml, recipes/plain.yaml]\n', 'recipes/plain.yaml': recipe('plain', 'ls > "${{targets.destdir}}/list"') })
    expect((await own.build(['plain'])).code).toBe(0)
    expect((await own.build(['plain'])).counts).toMatchObject({ ran: 0, hit: 0 })
    own.write({ 'recipes/plain/file': 'x' })
    const built = await own.build(['plain'])
    expect(built.ran).toContain('package:plain/build')
  })

  it('runs again what was asked for by --force, and nothing else', async () => {
    const built = await tiny.build(['package:letters', '--force'])
    expect([...built.ran, ...built.cutOff].sort()).toEqual(['package:letters/pack/letters', 'package:letters/test/letters'])
    expect(built.events.filter((event) => 'unlike' in event)).toEqual([])
  })
})
