import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import type { Clock } from '../base/ports.ts'
import type { Layout } from './layout.ts'

/**
 * Milliseconds after which the kernel has written a file back by itself: Linux does so after 30 s (vm.dirty_expire_centisecs), laptop
 * settings after up to 10 minutes.
 */
const settle = 15 * 60 * 1000

/** Half-open range of file change times, in milliseconds since the epoch. */
type Doubt = readonly [from: number, to: number]

interface Mark {
  readonly boot: string
  /** Everything that was stored before this time is on the disk, as far as no doubt covers it. */
  readonly clean: number
  readonly doubts: readonly Doubt[]
}

/**
 * Durability without an fsync per blob. A killed process loses nothing, since the page cache outlives it; only a machine that stops does.
 * So the mark holds the boot in which it was made and the time before which everything is on the disk. When the next start finds another
 * boot, what was stored since then is in doubt: it is hashed once before it is believed. Believing refreshes its change time,
 * which takes it out of doubt.
 */
export class CleanMark {
  readonly #layout: Layout
  readonly #clock: Clock
  readonly #boot: string
  #mark: Mark | undefined

  constructor(layout: Layout, options: { readonly clock: Clock; readonly boot: string }) {
    this.#layout = layout
    this.#clock = options.clock
    this.#boot = options.boot
  }

  /** Whether a file whose inode last changed at `ctime` (ms) must be hashed before it is believed. */
  doubts(ctime: number): boolean {
    for (const [from, to] of this.begin().doubts) if (ctime >= from && ctime < to) return true
    return false
  }

  /** Makes the mark of this boot. Comes before the first write: a store with blobs and no mark is one that lost it. */
  begin(): Mark {
    return (this.#mark ??= this.#start())
  }

  /** Moves the clean time on as far as the kernel surely has written. Called at the end of a session. */
  advance(): void {
    if (this.#mark === undefined) return
    const mark = this.#read()
    const clean = this.#clock.now() - settle
    if (mark === undefined || mark.boot !== this.#boot || clean <= mark.clean) return
    this.#write({ ...mark, clean })
  }

  #start(): Mark {
    const before = this.#read()
    if (before?.boot === this.#boot) return before
    const now = this.#clock.now()
    // No readable mark in a store that has blobs means that the crash took the mark too: then all of them are in doubt.
    const from = before?.clean ?? (existsSync(this.#layout.cas) ? 0 : now)
    const doubts = merged([...(before?.doubts ?? []), [from, now]])
    return this.#write({ boot: this.#boot, clean: now, doubts })
  }

  #read(): Mark | undefined {
    try {
      return parseMark(readFileSync(this.#layout.mark, 'utf8'))
    } catch {
      return undefined
    }
  }

  #write(mark: Mark): Mark {
    mkdirSync(this.#layout.base, { recursive: true })
    const temporary = `${this.#layout.mark}.${process.pid}`
    const file = openSync(temporary, 'w')
    try {
      writeSync(file, JSON.stringify(mark))
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(temporary, this.#layout.mark)
    return mark
  }
}

/** At most 64 ranges, oldest first: a store that saw more crashes than that doubts a little too much. */
function merged(doubts: readonly Doubt[]): readonly Doubt[] {
  const some = doubts.filter(([from, to]) => from < to)
  const [first, second] = some
  if (some.length <= 64 || first === undefined || second === undefined) return some
  return merged([[first[0], second[1]], ...some.slice(2)])
}

function parseMark(text: string): Mark | undefined {
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null || !('boot' in value) || !('clean' in value) || !('doubts' in value)) return undefined
  const { boot, clean, doubts } = value
  if (typeof boot !== 'string' || typeof clean !== 'number' || !Array.isArray(doubts)) return undefined
  const ranges: Doubt[] = []
  for (const range of doubts) {
    if (!Array.isArray(range) || typeof range[0] !== 'number' || typeof range[1] !== 'number') return undefined
    ranges.push([range[0], range[1]])
  }
  return { boot, clean, doubts: ranges }
}
