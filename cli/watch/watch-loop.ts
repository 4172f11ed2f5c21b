import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { AbsPath } from '../../base/ids.ts'
import type { Told } from '../../engine/watch/folder-watch.ts'
import { exitCodes } from '../exit.ts'
import type { Program } from './program.ts'
import { counts } from './sweep.ts'
import type { WatchView } from './view.ts'
import type { Found, Order, WatchedBuilds } from './watched-builds.ts'

export interface LoopParts {
  readonly workspace: AbsPath
  /** What this process itself builds. */
  readonly order: Order
  readonly builds: WatchedBuilds
  readonly program: Program
  readonly view: WatchView
  /** Milliseconds without a change after which a build begins: whoever writes one file mostly writes more. */
  readonly debounce: number
  readonly signal: AbortSignal
  /** A build of all that changed, if that can be told from what is in memory: gives the exit code. */
  part(found: Extract<Found, { kind: 'changed' }>): Promise<number | undefined>
  /** An ordinary build: gives the exit code. */
  whole(signal: AbortSignal): Promise<number>
}

/** Builds, and builds again when a leaf of the last build changes; when that failed, when anything in the workspace does. */
export class WatchLoop {
  readonly #parts: LoopParts
  #timer: NodeJS.Timeout | undefined
  #wake: (() => void) | undefined
  #due = false
  /** Clients that became ordinary builds and have not ended. */
  #others = 0
  #failed = false
  /** Something was told of since the last build began. */
  #told = false
  #building: Promise<unknown> | undefined

  constructor(parts: LoopParts) {
    this.#parts = parts
  }

  /** The exit code, when the signal aborts or there is nothing left to watch. */
  async run(): Promise<number> {
    const { signal, builds, view, workspace, program } = this.#parts
    const stop = (): void => this.#wake?.()
    signal.addEventListener('abort', stop)
    builds.onChange((told) => this.#changed(told))
    await this.#build({ kind: 'unknown' })
    while (!signal.aborted) {
      await this.#nextTime()
      if (signal.aborted) break
      if (!existsSync(join(workspace, 'nacre.yaml'))) {
        view({ kind: 'gone', workspace })
        return exitCodes.done
      }
      if (!program.unchanged) {
        view({ kind: 'replaced' })
        return exitCodes.done
      }
      await this.#lookAndBuild()
    }
    clearTimeout(this.#timer)
    signal.removeEventListener('abort', stop)
    return exitCodes.interrupted
  }

  /** The build that runs in this moment. */
  get building(): Promise<unknown> | undefined {
    return this.#building
  }

  /** Runs a build when no other one runs. */
  async exclusively<T>(build: () => Promise<T>): Promise<T> {
    while (this.#building !== undefined) await this.#building
    const running = build()
    this.#building = running.then(() => undefined, () => undefined)
    try {
      return await running
    } finally {
      this.#building = undefined
    }
  }

  /** Looks once more, when nothing has changed for a while: somebody else has built. */
  lookSoon(): void {
    this.#soon()
  }

  /** Somebody else builds, and until that has ended this process does not: it would do the same work. */
  async leaveTo(ended: Promise<void>): Promise<void> {
    this.#others++
    await ended
    this.#others--
    this.#soon()
  }

  #changed(told: Told | undefined): void {
    const { builds, order, workspace } = this.#parts
    const matters = this.#failed ? told?.kind !== 'changes' || [...told.paths, ...told.lost].some((path) => counts(path, workspace)) : builds.suspicious(order)
    const gone = told?.kind === 'changes' && told.lost.has(workspace)
    if (!matters && !gone) return
    this.#told = true
    this.#soon()
  }

  #soon(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#due = true
      this.#wake?.()
    }, this.#parts.debounce)
  }

  async #nextTime(): Promise<void> {
    while (!this.#due && !this.#parts.signal.aborted) {
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
    this.#due = false
  }

  async #lookAndBuild(): Promise<void> {
    const { builds, order, view } = this.#parts
    if (this.#others > 0) return
    const found = builds.ask(order)
    if (found.kind === 'same') {
      this.#failed = false
      return
    }
    view({ kind: 'changed', paths: found.kind === 'changed' ? found.paths : [] })
    await this.#build(found)
  }

  async #build(found: Found): Promise<void> {
    const { builds, order, view, signal } = this.#parts
    this.#told = false
    const code = await this.exclusively(async () => (found.kind === 'changed' ? await this.#parts.part(found) : undefined) ?? (await this.#parts.whole(signal)))
    if (signal.aborted) return
    this.#failed = code !== exitCodes.done
    if (this.#failed) {
      builds.coverWorkspace()
      view({ kind: 'waiting', code })
      return
    }
    const left = builds.ask(order)
    if (left.kind === 'same') view({ kind: 'watching', ...builds.size(order) })
    // It changed while it was built. What no event told of would be found again and again.
    else if (this.#told) this.#soon()
  }
}
