import { closeSync, linkSync, mkdirSync, mkdtempSync, openSync, realpathSync, renameSync, rmSync, utimesSync, writeFileSync, writeSync } from 'node:fs'
import { hash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { absPath } from '../../base/ids.ts'
import { systemClock, systemRandom } from '../../base/ports.ts'
import { layoutOf } from '../../cache/layout.ts'
import { Receipts } from '../../cache/receipts.ts'
import { Scratch } from '../../cache/scratch.ts'
import { currentSession } from '../../cache/session.ts'
import { receiptName } from '../../cli/receipt-request.ts'
import { WatchedBuilds } from '../../cli/watch/watched-builds.ts'
import { LeafRecorder, statLeaf } from '../../engine/leaves.ts'
import { encodeReceipt, tableLeaves } from '../../engine/receipt.ts'
import type { ChangeSource, Drained } from '../../engine/watch/changes.ts'
import { FolderWatch } from '../../engine/watch/folder-watch.ts'
import { openInotify } from '../../engine/watch/inotify.ts'

let top: string
let builds: WatchedBuilds | undefined

beforeEach(() => {
  top = realpathSync(mkdtempSync(join(tmpdir(), 'nacre-builds-')))
  mkdirSync(join(top, 'work/src'), { recursive: true })
  for (let i = 0; i < 10; i++) writeFileSync(at(`src/f${i}`), 'old')
})

afterEach(() => {
  builds?.[Symbol.dispose]()
  rmSync(top, { recursive: true, force: true })
})

function at(path: string): string {
  return join(top, 'work', path)
}

const order = { request: 'everything', arch: 'x86_64' }

/** A receipt of ten files and their folder, as a build leaves it. */
function leaveReceipt(): Receipts {
  const layout = layoutOf(absPath(join(top, 'store')))
  const session = currentSession()
  const receipts = new Receipts(layout, { scratch: new Scratch(layout, { session, clock: systemClock, random: systemRandom }), boot: session.boot })
  const leaves = new LeafRecorder(systemClock.now())
  leaves.listing(at('src'))
  for (let i = 0; i < 10; i++) leaves.file(at(`src/f${i}`), statLeaf('file', at(`src/f${i}`)), hash('sha256', 'old'))
  receipts.put(receiptName(order.request), encodeReceipt({ id: 'x'.repeat(32), request: order.request, outcome: 'made', stamp: '', leaves: tableLeaves(leaves), outputs: [] }))
  return receipts
}

function watchedWith(source: ChangeSource | undefined): WatchedBuilds {
  const receipts = leaveReceipt()
  const workspace = absPath(join(top, 'work'))
  const folders = source === undefined ? undefined : new FolderWatch(source, workspace)
  builds = new WatchedBuilds({ workspace, layout: layoutOf(absPath(join(top, 'store'))), receipts, folders, clock: systemClock })
  return builds
}

function inotify(): ChangeSource {
  const source = openInotify()
  if (source === undefined) throw new Error('this machine has no inotify')
  return source
}

function changed(watched: WatchedBuilds): readonly string[] | 'same' | 'unknown' {
  const found = watched.ask(order)
  return found.kind === 'changed' ? found.paths.map((path) => relative(join(top, 'work'), path)) : found.kind
}

describe('builds that are watched', () => {
  it('never give a stale answer, in ten thousand writes that are each asked for at once', () => {
    const watched = watchedWith(inotify())
    expect(changed(watched)).toBe('same')
    const file = openSync(at('src/f3'), 'r+')
    const wrong: number[] = []
    for (let i = 0; i < 10_000; i++) {
      // The same size, and mostly within one tick of the clock.
      writeSync(file, i % 2 === 0 ? 'new' : 'old', 0)
      const found = watched.ask(order).kind
      if (found !== (i % 2 === 0 ? 'changed' : 'same')) wrong.push(i)
    }
    closeSync(file)
    expect(wrong).toEqual([])
  })

  it.each<[string, () => ChangeSource | undefined]>([
    ['inotify', inotify],
    ['a source that always overflows', () => fake(() => ({ kind: 'overflow' }))],
    ['a source that can watch nothing', () => fake(() => ({ kind: 'changes', changes: [] }))],
    ['no source at all', () => undefined],
  ])('tell the same with %s', (_, source) => {
    const watched = watchedWith(source())
    const answers: ReturnType<typeof changed>[] = []
    const steps = [
      () => undefined,
      () => utimesSync(at('src/f1'), 1, 1),
      () => writeFileSync(at('src/f1'), 'other'),
      () => writeFileSync(at('src/f1'), 'old'),
      () => writeFileSync(at('src/more'), ''),
      () => rmSync(at('src/more')),
      () => renameSync(at('src'), at('away')),
      () => renameSync(at('away'), at('src')),
      () => rmSync(at('src/f2')),
    ]
    for (const step of steps) {
      step()
      answers.push(changed(watched))
    }
    const all = ['src', ...Array.from({ length: 10 }, (_, i) => `src/f${i}`)]
    expect(answers.map((answer) => (Array.isArray(answer) ? [...answer].sort() : answer))).toEqual(['same', 'same', ['src/f1'], 'same', ['src'], 'same', all, 'same', ['src', 'src/f2']])
  })

  it('see a write through a name of the file that lies elsewhere', () => {
    linkSync(at('src/f4'), join(top, 'elsewhere'))
    const watched = watchedWith(inotify())
    expect(changed(watched)).toBe('same')
    writeFileSync(join(top, 'elsewhere'), 'new')
    expect(changed(watched)).toEqual(['src/f4'])
  })

  it('know nothing of what was never built, and take up a receipt that comes later', () => {
    const watched = watchedWith(inotify())
    expect(watched.ask({ ...order, request: 'something' }).kind).toBe('unknown')
    writeFileSync(at('src/f1'), 'new')
    expect(changed(watched)).toEqual(['src/f1'])
    writeFileSync(at('src/f1'), 'old')
    leaveReceipt()
    expect(changed(watched)).toBe('same')
  })

  it('see real overflows', () => {
    const watched = watchedWith(inotify())
    expect(changed(watched)).toBe('same')
    for (let i = 0; i < 20_000; i++) linkSync(at('src/f5'), at('src/l')), rmSync(at('src/l'))
    writeFileSync(at('src/f6'), 'new')
    expect(changed(watched)).toEqual(['src/f6'])
  })
})

function fake(drain: () => Drained): ChangeSource {
  const overflows = drain().kind === 'overflow'
  return { watch: () => (overflows ? 1 : undefined), unwatch: () => undefined, drain, onChange: () => undefined, [Symbol.dispose]: () => undefined }
}
