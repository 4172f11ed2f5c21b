import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { absPath, type AbsPath } from '../../base/ids.ts'
import { Jobserver } from '../../engine/sandbox/jobserver.ts'
import { Box, done, subjects } from './box.ts'

const make = '/usr/bin/make'
const never = new AbortController().signal

/** Each job holds a folder of its own while it runs, and notes how many others there are. */
const recipes = `
all: ${Array.from({ length: 12 }, (_, i) => `job${i}`).join(' ')}
job%:
\t@mkdir /jobs/$$NAME-$@; ls /jobs 2>/dev/null | wc -l >/counts/$$NAME-$@; sleep 0.1; rmdir /jobs/$$NAME-$@
`

function workplace(box: Box): { readonly jobs: AbsPath; readonly counts: AbsPath; readonly source: AbsPath } {
  installMake(box.lower)
  const source = box.make('source')
  writeFileSync(join(source, 'Makefile'), recipes)
  return { jobs: box.make('jobs'), counts: box.make('counts'), source }
}

/** The host's make and the libraries that it needs. */
function installMake(root: AbsPath): void {
  const libraries = execFileSync('ldd', [make], { encoding: 'utf8' }).match(/\/\S+/g) ?? []
  for (const path of [make, ...libraries]) {
    mkdirSync(join(root, dirname(path)), { recursive: true })
    cpSync(path, join(root, path), { dereference: true })
  }
}

describe.skipIf(!existsSync(make))(`the jobserver${existsSync(make) ? '' : ' (skipped: no make)'}`, () => {
  for (const { name, sandbox, why } of subjects) {
    it.skipIf(sandbox === undefined)(`lets two makes in ${name} together run no more jobs than it has tokens${why}`, async () => {
      await using box = new Box()
      const { jobs, counts, source } = workplace(box)
      await using server = new Jobserver(4)
      const build = async (label: string) => {
        await using lease = await server.lease(never)
        return await box.sh(sandbox, `${lease.prelude}; make -s`, {
          environment: { PATH: '/bin:/usr/bin', NAME: label, ...lease.environment },
          mounts: [{ source: jobs, target: '/jobs', writable: true }, { source: counts, target: '/counts', writable: true }, { source, target: '/source', writable: false }, ...lease.mounts],
          directory: '/source',
        })
      }
      const told = await Promise.all([build('first'), build('second')])
      expect(told).toEqual([{ exit: done, text: '' }, { exit: done, text: '' }])
      const seen = readdirSync(counts).map((file) => Number(execFileSync('cat', [join(counts, file)], { encoding: 'utf8' })))
      expect(seen).toHaveLength(24)
      expect(Math.max(...seen)).toBeLessThanOrEqual(4)
      expect(Math.max(...seen)).toBeGreaterThan(1)
      expect(server.free()).toBe(4)
    })

    it.skipIf(sandbox === undefined)(`has all tokens again after a make in ${name} was killed${why}`, async () => {
      await using box = new Box()
      const { jobs, counts, source } = workplace(box)
      writeFileSync(join(source, 'Makefile'), recipes.replace('sleep 0.1', 'echo begun; sleep 30'))
      await using server = new Jobserver(3)
      {
        await using lease = await server.lease(never)
        const controller = new AbortController()
        let begun = 0
        const { exit } = await box.sh(sandbox, `${lease.prelude}; make -s`, {
          environment: { PATH: '/bin:/usr/bin', NAME: 'killed', ...lease.environment },
          mounts: [{ source: jobs, target: '/jobs', writable: true }, { source: counts, target: '/counts', writable: true }, { source, target: '/source', writable: false }, ...lease.mounts],
          directory: '/source',
          signal: controller.signal,
          output: (chunk) => {
            begun += Buffer.from(chunk).toString().split('begun').length - 1
            if (begun === 3) controller.abort()
          },
        })
        expect(exit).toEqual({ kind: 'aborted' })
        expect(server.free()).toBe(0)
      }
      expect(server.free()).toBe(3)
    })
  }

  it('lets a build wait until there is a token', async () => {
    await using server = new Jobserver(1)
    const first = await server.lease(never)
    let second = false
    const waiting = server.lease(never).then((lease) => {
      second = true
      return lease
    })
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(second).toBe(false)
    await first[Symbol.asyncDispose]()
    const lease = await waiting
    expect(server.free()).toBe(0)
    await lease[Symbol.asyncDispose]()
    await lease[Symbol.asyncDispose]()
    expect(server.free()).toBe(1)
  })

  it('keeps its tokens when a waiting build is aborted', async () => {
    await using server = new Jobserver(1)
    const first = await server.lease(never)
    const controller = new AbortController()
    const waiting = server.lease(controller.signal)
    setTimeout(() => controller.abort(new Error('stopped')), 50)
    await expect(waiting).rejects.toThrow('stopped')
    await expect(server.lease(AbortSignal.abort(new Error('before')))).rejects.toThrow('before')
    await first[Symbol.asyncDispose]()
    expect(server.free()).toBe(1)
  })

  it('says nothing inside of how many tokens there are', async () => {
    await using few = new Jobserver(1)
    await using many = new Jobserver(64)
    const [a, b] = [await few.lease(never), await many.lease(never)]
    expect(a.environment).toEqual(b.environment)
    expect(a.prelude).toBe(b.prelude)
    expect(absPath(a.mounts[0]?.target ?? '')).toBe(b.mounts[0]?.target)
  })

  it('refuses a number of tokens that is none', () => {
    for (const tokens of [0, -1, 1.5, Number.NaN]) expect(() => new Jobserver(tokens)).toThrow('tokens')
  })
})
