import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Checkout } from './checkout.ts'
import type { Engine, Place } from './engine.ts'
import type { Graph } from './graph.ts'
import { sizeOf, type Launched } from './launch.ts'
import type { Start } from './launcher.ts'

export interface Means {
  /** Where folders are made. */
  readonly folder: string
  readonly jobs: number
  /** Milliseconds that one run may take. */
  readonly cap: number
  readonly start: Start
}

export interface Built extends Launched {
  /** Actions that were started. */
  readonly ran: number
  /** Actions that were started in this checkout, since it was new. */
  readonly inAll: number
}

/** One engine on one graph. Each checkout is a new folder: creating files where many were deleted is up to 25 times slower on ext4. */
export class Session implements AsyncDisposable {
  readonly engine: Engine
  readonly graph: Graph
  readonly means: Means
  #places = 0
  /** The counter when the current checkout was new. */
  #begin = 0
  #place: Place | undefined
  #checkout: Checkout | undefined
  #watched = false

  constructor(engine: Engine, graph: Graph, means: Means) {
    this.engine = engine
    this.graph = graph
    this.means = means
  }

  get checkout(): Checkout {
    if (this.#checkout === undefined) throw new Error(`${this.engine.name} has no checkout yet`)
    return this.#checkout
  }

  /** A checkout where nothing was ever built, and empty caches. */
  async fresh(): Promise<void> {
    const home = this.#folder('home')
    await this.#enter(this.#folder('work'), home, (work) => new Checkout(work, this.graph, this.engine.layout))
  }

  /** The same sources in another folder; caches stay. */
  async move(): Promise<void> {
    const { checkout } = this
    await this.#enter(this.#folder('work'), this.#here().home, (work) => checkout.copy(work))
  }

  /** The actions that were ever started. */
  get started(): number {
    return this.#place === undefined ? 0 : sizeOf(this.#place.counter)
  }

  /** One build. It answers for the actions since there were so many: a resident process begins before it is asked. With `killAfter`, it is killed when so many more were started. */
  async build({ since, killAfter }: { readonly since?: number; readonly killAfter?: number } = {}): Promise<Built> {
    const place = this.#here()
    const before = since ?? this.started
    const { start, cap } = this.means
    const launched = await start({ ...this.engine.build(place), cap, ...(killAfter === undefined ? {} : { killAt: { file: place.counter, bytes: before + killAfter } }) })
    // What a killed engine had started may be about to end.
    if (launched.end === 'killed') await sleep(100)
    const after = this.started
    return { ...launched, ran: after - before, inAll: after - this.#begin }
  }

  /** What would be built. */
  async plan(): Promise<Built> {
    const place = this.#here()
    const { start, cap } = this.means
    return { ...(await start({ ...(this.engine.plan ?? this.engine.build)(place), cap })), ran: 0, inAll: this.started - this.#begin }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#leave()
    rmSync(this.#root(), { recursive: true, force: true, maxRetries: 5 })
  }

  async #enter(work: string, home: string, make: (work: string) => Checkout): Promise<void> {
    await this.#leave()
    this.#checkout = make(work)
    this.#checkout.write()
    this.#place = { work, home, counter: join(this.#root(), 'count'), jobs: this.means.jobs }
    this.#begin = sizeOf(this.#place.counter)
    this.engine.describe(this.graph, this.#place)
    if (this.engine.resident === undefined) return
    await this.engine.resident.start(this.#place)
    this.#watched = true
  }

  async #leave(): Promise<void> {
    if (this.#watched) await this.engine.resident?.stop(this.#here())
    this.#watched = false
    if (this.#place !== undefined) this.engine.leave?.(this.#place)
  }

  #here(): Place {
    if (this.#place === undefined) throw new Error(`${this.engine.name} has no place yet`)
    return this.#place
  }

  #folder(name: string): string {
    const folder = join(this.#root(), `${name}-${this.#places++}`)
    mkdirSync(folder, { recursive: true })
    return folder
  }

  #root(): string {
    return join(this.means.folder, `${this.graph.shape}-${this.graph.needs.length}`, this.engine.name.replace(/[^a-z0-9]+/g, '-'))
  }
}
