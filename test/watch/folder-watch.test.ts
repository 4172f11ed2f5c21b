import { chmodSync, closeSync, linkSync, mkdirSync, mkdtempSync, openSync, readFileSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ChangeSource } from '../../engine/watch/changes.ts'
import { FolderWatch, type Told } from '../../engine/watch/folder-watch.ts'
import { openInotify } from '../../engine/watch/inotify.ts'

let top: string
let watch: FolderWatch

beforeEach(() => {
  top = realpathSync(mkdtempSync(join(tmpdir(), 'nacre-watch-')))
  watch = new FolderWatch(inotify(), at('work'))
  mkdirSync(at('work/src/deep'), { recursive: true })
  writeFileSync(at('work/src/a'), 'a')
})

afterEach(() => {
  watch[Symbol.dispose]()
  rmSync(top, { recursive: true, force: true })
})

function at(path: string): string {
  return join(top, path)
}

function inotify(): ChangeSource {
  const source = openInotify()
  if (source === undefined) throw new Error('this machine has no inotify')
  return source
}

function told(): Extract<Told, { kind: 'changes' }> {
  const each = watch.drain()
  if (each.kind === 'overflow') throw new Error('nothing overflowed here')
  return each
}

describe('a watched folder', () => {
  it.each<[string, () => void, string]>([
    ['a write', () => writeFileSync(at('work/src/a'), 'b'), 'work/src/a'],
    ['a new mode', () => chmodSync(at('work/src/a'), 0o755), 'work/src/a'],
    ['a new file', () => writeFileSync(at('work/src/b'), ''), 'work/src/b'],
    ['a removed file', () => rmSync(at('work/src/a')), 'work/src/a'],
    ['a file renamed over another, as editors save', () => (writeFileSync(at('work/t'), 'x'), renameSync(at('work/t'), at('work/src/a'))), 'work/src/a'],
    ['a swapped symlink', () => (rmSync(at('work/src/a')), symlinkSync('deep', at('work/src/a'))), 'work/src/a'],
  ])('tells %s before the drain that comes after it', (_, change, path) => {
    expect(watch.cover(at('work/src'))).toBe(true)
    change()
    expect(told().paths).toContain(at(path))
    expect(told().paths.size).toBe(0)
  })

  it('tells names that came and went as a change of the listing, and a write as none', () => {
    watch.cover(at('work/src'))
    writeFileSync(at('work/src/a'), 'b')
    expect(told().listings.size).toBe(0)
    rmSync(at('work/src/a'))
    expect(told().listings).toContain(at('work/src'))
  })

  it('says nothing of a change before it was covered', () => {
    writeFileSync(at('work/src/a'), 'b')
    watch.cover(at('work/src'))
    expect(told().paths.size).toBe(0)
  })

  it('misses none of ten thousand writes, each asked for at once', () => {
    watch.cover(at('work/src'))
    const file = openSync(at('work/src/a'), 'r+')
    let missed = 0
    for (let i = 0; i < 10_000; i++) {
      writeSync(file, String(i), 0)
      if (!told().paths.has(at('work/src/a'))) missed++
    }
    closeSync(file)
    expect(missed).toBe(0)
  })

  it('is lost with everything below when it is renamed, when a folder above is, and when it is removed', () => {
    for (const [from, to] of [['work/src', 'work/moved'], ['work', 'elsewhere']] as const) {
      watch.cover(at('work/src/deep'))
      renameSync(at(from), at(to))
      expect(told().lost).toContain(at('work/src/deep'))
      renameSync(at(to), at(from))
      told()
    }
    watch.cover(at('work/src/deep'))
    rmSync(at('work/src/deep'), { recursive: true })
    expect(told().lost).toContain(at('work/src/deep'))
  })

  it('is told of again after it was lost and covered once more', () => {
    watch.cover(at('work/src'))
    renameSync(at('work/src'), at('work/old'))
    mkdirSync(at('work/src'))
    expect(told().lost).toContain(at('work/src'))
    expect(watch.cover(at('work/src'))).toBe(true)
    writeFileSync(at('work/src/new'), '')
    writeFileSync(at('work/old/unseen'), '')
    expect([...told().paths]).toEqual([at('work/src/new')])
  })
})

describe('a folder that is not there', () => {
  it('is lost when it comes, or when the first missing folder above it does', () => {
    expect(watch.cover(at('work/no/such/folder'))).toBe(true)
    expect(told().lost.size).toBe(0)
    mkdirSync(at('work/no'))
    expect(told().lost).toContain(at('work/no/such/folder'))
    watch.cover(at('work/no/such/folder'))
    mkdirSync(at('work/no/such/folder'), { recursive: true })
    expect(told().lost).toContain(at('work/no/such/folder'))
  })
})

describe('a folder behind a symlink', () => {
  beforeEach(() => {
    mkdirSync(at('outside/one'), { recursive: true })
    mkdirSync(at('outside/two'))
    symlinkSync('../outside/one', at('work/link'))
  })

  it('is told of under the path that was asked for', () => {
    expect(watch.cover(at('work/link'))).toBe(true)
    writeFileSync(at('outside/one/x'), '')
    expect(told().paths).toContain(at('work/link/x'))
  })

  it('is lost when another link takes the place, and when what the link leads to moves', () => {
    watch.cover(at('work/link'))
    symlinkSync('../outside/two', at('work/new'))
    renameSync(at('work/new'), at('work/link'))
    expect(told().lost).toContain(at('work/link'))
    watch.cover(at('work/link'))
    renameSync(at('outside/two'), at('outside/three'))
    expect(told().lost).toContain(at('work/link'))
  })

  it('is unsure when links lead in a circle', () => {
    symlinkSync('circle', at('work/circle'))
    expect(watch.cover(at('work/circle/x'))).toBe(false)
  })
})

describe('what can not be watched', () => {
  it('is unsure on a file system that tells nothing', () => {
    expect(watch.cover('/proc/self/fdinfo')).toBe(false)
  })

  it('is unsure when the kernel takes no more watches', () => {
    const none = new FolderWatch({ watch: () => undefined, unwatch: () => undefined, drain: () => ({ kind: 'changes', changes: [] }), onChange: () => undefined, [Symbol.dispose]: () => undefined }, at('work'))
    expect(none.cover(at('work/src'))).toBe(false)
  })

  it('covers nothing any more after an overflow, and everything again when asked', () => {
    watch.cover(at('work/src'))
    // One more than the queue holds; each name is another, so the kernel merges none.
    for (let i = 0; i <= queueLength(); i++) linkSync(at('work/src/a'), at('work/src/b')), rmSync(at('work/src/b'))
    expect(watch.drain().kind).toBe('overflow')
    expect(watch.cover(at('work/src'))).toBe(true)
    writeFileSync(at('work/src/a'), 'b')
    expect(told().paths).toContain(at('work/src/a'))
  })
})

describe('the wake-up', () => {
  it('comes once for many changes, and again after a drain', async () => {
    let wakes = 0
    let next = deferred()
    watch.cover(at('work/src'))
    watch.onChange(() => (wakes++, next.resolve()))
    told()
    for (let i = 0; i < 100; i++) writeFileSync(at('work/src/a'), String(i))
    await next.promise
    expect(wakes).toBe(1)
    told()
    next = deferred()
    writeFileSync(at('work/src/a'), '')
    await next.promise
    expect(wakes).toBe(2)
  })
})

function queueLength(): number {
  return Number(readFileSync('/proc/sys/fs/inotify/max_queued_events', 'utf8'))
}

function deferred(): { readonly promise: Promise<void>; resolve(): void } {
  let resolve = (): void => undefined
  const promise = new Promise<void>((done) => (resolve = done))
  return { promise, resolve: () => resolve() }
}
