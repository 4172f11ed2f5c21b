import { closeSync, lstatSync, mkdirSync, openSync, readdirSync, readFileSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { type Digest, parseDigest } from '../base/ids.ts'
import type { Clock, Random } from '../base/ports.ts'
import type { Layout } from './layout.ts'
import { machineFault } from './machine-fault.ts'
import { livenessOf, type Session } from './session.ts'

/** Milliseconds after its last write that a lease counts when nobody can tell whether its process lives. */
const patience = 24 * 3600 * 1000

export interface LeasePorts {
  readonly session: Session
  readonly clock: Clock
  readonly random: Random
}

/**
 * What this process uses, told to gc: a file `leases/<session>.<random>` whose first line is the time of its start in milliseconds, and
 * each other line a digest that must stay, with all that it reaches. It counts as long as the process lives. Gc also spares every blob
 * that was written or used since the oldest lease began, so only what is merely known to be there has to be held.
 * Law: what was held before it was looked for, and was found, stays.
 */
export class Lease {
  readonly #layout: Layout
  readonly #ports: LeasePorts
  readonly #held = new Set<Digest>()
  #file: { readonly path: string; readonly descriptor: number } | undefined

  constructor(layout: Layout, ports: LeasePorts) {
    this.#layout = layout
    this.#ports = ports
  }

  /** From now on, what this process writes or uses is spared. */
  begin(): void {
    this.#file ??= this.#open()
  }

  /** Keeps blobs, trees with all that is in them, and keys of results with all that they name. Hold first, then look whether they are there. */
  hold(digests: Iterable<Digest>): void {
    this.begin()
    const fresh: string[] = []
    for (const digest of digests) {
      if (this.#held.has(digest)) continue
      this.#held.add(digest)
      fresh.push(`${digest}\n`)
    }
    if (fresh.length > 0) this.#append(fresh.join(''))
  }

  /** Lets go of everything. The next use begins a new lease: a process that lives long does so between builds. */
  end(): void {
    const file = this.#file
    if (file === undefined) return
    this.#file = undefined
    this.#held.clear()
    closeSync(file.descriptor)
    discard(file.path)
  }

  #append(text: string): void {
    try {
      if (this.#file !== undefined) writeSync(this.#file.descriptor, text)
    } catch (error) {
      throw machineFault(error, 'hold content of the store')
    }
  }

  #open(): { readonly path: string; readonly descriptor: number } {
    const path = join(this.#layout.leases, `${this.#ports.session.name}.${this.#ports.random.name(6)}`)
    try {
      mkdirSync(this.#layout.leases, { recursive: true })
      const descriptor = openSync(path, 'wx')
      writeSync(descriptor, `${Math.floor(this.#ports.clock.now())}\n`)
      return { path, descriptor }
    } catch (error) {
      throw machineFault(error, 'hold content of the store')
    }
  }
}

/** All leases that count, read again and again while gc works: each look gives only what is new. */
export class LeaseReader {
  readonly #layout: Layout
  readonly #clock: Clock
  readonly #read = new Map<string, number>()
  /** Start of the oldest lease that was seen, in milliseconds since the epoch; Infinity when there was none. */
  oldest = Number.POSITIVE_INFINITY

  constructor(layout: Layout, clock: Clock) {
    this.#layout = layout
    this.#clock = clock
  }

  /** Digests that were held since the last look. Leases of processes that ended are removed. */
  fresh(): Digest[] {
    const digests: Digest[] = []
    for (const name of this.#names()) {
      const path = join(this.#layout.leases, name)
      if (!this.#counts(name, path)) discard(path)
      else digests.push(...this.#tail(path))
    }
    return digests
  }

  #names(): string[] {
    try {
      return readdirSync(this.#layout.leases)
    } catch {
      return []
    }
  }

  #counts(name: string, path: string): boolean {
    const liveness = livenessOf(name.replace(/\.[a-z0-9]+$/, ''))
    if (liveness !== 'unknown') return liveness === 'alive'
    const stat = lstatSync(path, { throwIfNoEntry: false })
    return stat !== undefined && this.#clock.now() - stat.mtimeMs < patience
  }

  #tail(path: string): Digest[] {
    let text: string
    try {
      text = readFileSync(path, 'latin1')
    } catch {
      // It ended just now.
      return []
    }
    const from = this.#read.get(path) ?? 0
    // A lease that is being begun has no first line yet: its process uses the store from now on.
    const end = text.lastIndexOf('\n') + 1
    const start = end === 0 ? this.#clock.now() : Number.parseInt(text, 10)
    if (start < this.oldest) this.oldest = start
    this.#read.set(path, Math.max(from, end))
    return text
      .slice(from, end)
      .split('\n')
      .map(parseDigest)
      .filter((digest) => digest !== undefined)
  }
}

function discard(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // Another gc was faster.
  }
}
