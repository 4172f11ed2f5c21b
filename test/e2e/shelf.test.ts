import { execFileSync } from 'node:child_process'
import { appendFileSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Tiny } from './tiny.ts'

describe('what a build leaves for other tools', () => {
  let tiny: Tiny
  const place = () => join(tiny.store, 'out', 'repository', 'x86_64')
  const apks = () => readdirSync(place()).filter((name) => name.endsWith('.apk'))
  /** Which file of that name it is: one that is written again is another. */
  const inodes = () => new Map(apks().map((name) => [name, statSync(join(place(), name)).ino]))
  const anew = (before: ReadonlyMap<string, number>) => apks().filter((name) => statSync(join(place(), name)).ino !== before.get(name))

  beforeAll(async () => {
    tiny = new Tiny()
    expect((await tiny.nacre(['build', '--all'])).code).toBe(0)
  })
  afterAll(() => tiny[Symbol.asyncDispose]())

  it('is written again only where it changed', async () => {
    const before = inodes()
    tiny.edit('recipes/greeting.yaml', 'Words to begin with', 'Other words')
    expect((await tiny.nacre(['build', '--all'])).code).toBe(0)
    expect(anew(before)).toEqual(['greeting-1.0-r0.apk'])
    const solved = await tiny.nacre(['solve', 'greeting', '--repository', join(tiny.store, 'out', 'repository'), '--keyring', join(tiny.store, 'out', 'repository', readdirSync(join(tiny.store, 'out', 'repository')).find((name) => name.endsWith('.pub')) ?? '')])
    expect(solved.stdout).toContain('greeting')
  })

  it('is kept by a store that was moved', async () => {
    const moved = `${tiny.store}-moved`
    execFileSync('cp', ['-a', tiny.store, moved])
    const there = join(moved, 'out', 'repository', 'x86_64')
    const names = apks()
    const before = new Map(names.map((name) => [name, statSync(join(there, name)).ino]))
    tiny.edit('recipes/greeting.yaml', 'Other words', 'Words of a moved store')
    expect((await tiny.nacre(['build', '--all', '--store', moved])).code).toBe(0)
    expect(names.filter((name) => statSync(join(there, name)).ino !== before.get(name))).toEqual(['greeting-1.0-r0.apk'])
    tiny.edit('recipes/greeting.yaml', 'Words of a moved store', 'Other words')
    rmSync(moved, { recursive: true })
  })

  it('is put right where somebody changed it', async () => {
    const poem = apks().find((name) => name.startsWith('poem-')) ?? ''
    const whole = readFileSync(join(place(), poem))
    appendFileSync(join(place(), poem), 'more')
    const before = inodes()
    tiny.edit('recipes/greeting.yaml', 'Other words', 'Third words')
    expect((await tiny.nacre(['build', '--all'])).code).toBe(0)
    expect(anew(before)).toEqual(['greeting-1.0-r0.apk', poem])
    expect(readFileSync(join(place(), poem)).equals(whole)).toBe(true)
  })
})
