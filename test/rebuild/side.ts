import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { absPath } from '../../base/ids.ts'
import { type Clock, systemClock, systemRandom } from '../../base/ports.ts'
import { ok } from '../../base/result.ts'
import { openStore, type Store } from '../../cache/store.ts'
import { parseArguments } from '../../cli/arguments.ts'
import { buildCommand } from '../../cli/commands/build.ts'
import { decide } from '../../cli/decide.ts'
import type { Bench } from '../../cli/run-build.ts'
import type { Machine } from '../../cli/wire.ts'
import type { StatMemo } from '../../engine/ports.ts'
import type { Entry } from './model.ts'
import { pureTask } from './pure-task.ts'

/** As if the process had been killed. */
export class Killed extends Error {}

export interface Told {
  readonly code: number
  readonly stdout: string
  /** `1 ran, 2 hit, 0 cut off, 0 failed`; undefined when nothing was built. */
  readonly counts: string | undefined
}

/** A workspace and a store, and `nacre build` in this very process on tasks that are functions. */
export class Side implements AsyncDisposable {
  readonly workspace: string
  readonly store: Store
  /** After so many steps of a build the process is killed: each run, result, pin, receipt and file that is put back is one. */
  killIn = Number.POSITIVE_INFINITY
  /** How often each way was taken to its end. */
  readonly ways = { receipt: 0, delta: 0, whole: 0 }

  constructor(folder: string, clock: Clock = systemClock) {
    this.workspace = join(folder, 'workspace')
    mkdirSync(this.workspace, { recursive: true })
    this.store = openStore(absPath(join(folder, 'store')), { clock, random: systemRandom })
  }

  /** `whole`: by a plan of the whole workspace, whatever is known of the last build. */
  async build(words: readonly string[], way: 'shortest' | 'whole'): Promise<Told> {
    const parsed = parseArguments(['build', ...words, '--workspace', this.workspace, '--store', this.store.root])
    if (parsed.kind !== 'run') throw new Error(`can't run ${words.join(' ')}`)
    const from = parsed.arguments
    const printed: string[] = []
    let taken: keyof Side['ways'] = 'receipt'
    const machine = () => {
      taken = 'whole'
      return ok(this.#machine())
    }
    const bench = (_place: unknown, _jobs: unknown, files: (memo: StatMemo) => StatMemo) => {
      taken = 'delta'
      return this.#bench(files)
    }
    const code = await silently(printed, () => (way === 'whole' ? buildCommand(from, machine) : decide(from, { machine, bench })))
    if (code === 0) this.ways[taken]++
    const stdout = printed.join('')
    return { code, stdout, counts: /\d+ ran, \d+ hit, \d+ cut off, \d+ failed/.exec(stdout)?.[0] }
  }

  /** Everything in the workspace but what nacre keeps there for itself. */
  files(): Map<string, Entry> {
    const found = new Map<string, Entry>()
    const walk = (folder: string): void => {
      for (const name of readdirSync(join(this.workspace, folder))) {
        const path = join(folder, name)
        const place = join(this.workspace, path)
        const stat = lstatSync(place)
        if (stat.isDirectory()) path === '.nacre' || walk(path)
        else if (stat.isSymbolicLink()) found.set(path, { kind: 'link', target: readlinkSync(place) })
        else found.set(path, { kind: 'file', text: readFileSync(place, 'utf8'), executable: (stat.mode & 0o100) !== 0 })
      }
    }
    walk('.')
    return found
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store.close()
  }

  #machine(): Machine {
    const unused = (): never => {
      throw new Error('nothing here runs in a sandbox')
    }
    return { ...this.#bench((memo) => memo), workshop: { sandbox: { name: 'namespaces', run: unused }, roots: this.store.roots, hostname: 'nacre', jobs: unused } }
  }

  #bench(files: (memo: StatMemo) => StatMemo): Bench & AsyncDisposable {
    const step = (): void => {
      if (this.killIn-- <= 0) throw new Killed()
    }
    const { cas, results, receipts, pins, history, durations, locks, statMemo } = this.store
    const store: Store = { ...this.store, cas: watched(cas, ['file'], step), receipts: watched(receipts, ['put'], step), pins: watched(pins, ['put'], step) }
    const kind = pureTask(step)
    const ports: Bench['ports'] = {
      cas, history, durations, locks,
      results: watched(results, ['put'], step),
      kinds: new Map([[kind.name, kind]]),
      files: files(statMemo),
      temp: (name) => this.store.temp(name),
      clock: systemClock,
      random: systemRandom,
    }
    return { store, ports, jobs: 2, memory: Number.POSITIVE_INFINITY, [Symbol.asyncDispose]: () => Promise.resolve() }
  }
}

/** The same object, with a step before each call of these methods. */
function watched<T extends object>(target: T, methods: readonly string[], step: () => void): T {
  return new Proxy(target, {
    get(object, name) {
      const value: unknown = Reflect.get(object, name, object)
      if (typeof value !== 'function') return value
      return (...given: unknown[]): unknown => {
        if (methods.includes(String(name))) step()
        return Reflect.apply(value, object, given)
      }
    },
  })
}

async function silently<T>(printed: string[], act: () => Promise<T>): Promise<T> {
  const { stdout, stderr } = process
  const before = { stdout: stdout.write, stderr: stderr.write }
  stdout.write = (chunk: string | Uint8Array): boolean => printed.push(String(chunk)) > 0
  stderr.write = (): boolean => true
  try {
    return await act()
  } finally {
    Object.assign(stdout, { write: before.stdout })
    Object.assign(stderr, { write: before.stderr })
  }
}
