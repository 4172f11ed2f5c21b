import { Company } from './company.ts'
import type { Layout } from './layout.ts'
import { Locks } from './lock.ts'

/** What this process has locked. */
interface Held {
  /** The lock that other processes see; made when somebody else is there. */
  seen: Promise<AsyncDisposable | undefined> | undefined
  readonly released: Promise<void>
  readonly release: () => void
}

/**
 * Locks on work that is better done once, and that may be done twice: equal actions in two processes. As long as a process is alone with the
 * store, a lock is an entry of a map (2 microseconds where a socket takes 100); when a second process comes, what is held becomes visible to it
 * before it goes on. Between processes that come and go in the same moment, and beside one that is stopped, two may hold one lock; where that
 * would break something, `Locks` is right.
 */
export class WorkLocks {
  readonly #sockets: Locks
  readonly #company: Company
  readonly #held = new Map<string, Held>()

  constructor(layout: Layout) {
    this.#sockets = new Locks(layout)
    this.#company = new Company(layout, () => this.#show())
  }

  /** Waits for the lock. Rejects with the signal's reason when it aborts first. Not reentrant: a holder who asks again waits for itself. */
  async acquire(name: string, signal: AbortSignal): Promise<AsyncDisposable> {
    await this.#company.join()
    for (;;) {
      signal.throwIfAborted()
      const other = this.#held.get(name)
      if (other === undefined) break
      await untilAborted(other.released, signal)
    }
    const held = this.#hold(name)
    if (this.#company.alone) return this.#lock(name, held)
    const seen = this.#sockets.acquire(name, signal)
    held.seen = seen
    try {
      await seen
      return this.#lock(name, held)
    } catch (error) {
      this.#forget(name, held)
      throw error
    }
  }

  /** The lock, or undefined when somebody holds it. */
  async tryAcquire(name: string): Promise<AsyncDisposable | undefined> {
    await this.#company.join()
    if (this.#held.has(name)) return undefined
    const held = this.#hold(name)
    if (this.#company.alone) return this.#lock(name, held)
    held.seen = this.#sockets.tryAcquire(name)
    try {
      if ((await held.seen) !== undefined) return this.#lock(name, held)
    } catch (error) {
      this.#forget(name, held)
      throw error
    }
    this.#forget(name, held)
    return undefined
  }

  /** Makes room for another process to be the first. What is held stays held. */
  close(): void {
    this.#company.close()
  }

  #hold(name: string): Held {
    let release = (): void => undefined
    const released = new Promise<void>((resolve) => (release = resolve))
    const held: Held = { seen: undefined, released, release }
    this.#held.set(name, held)
    return held
  }

  #lock(name: string, held: Held): AsyncDisposable {
    return {
      [Symbol.asyncDispose]: async () => {
        // The other side of a lock that is about to be shown has to see it go.
        await (await held.seen)?.[Symbol.asyncDispose]()
        this.#forget(name, held)
      },
    }
  }

  #forget(name: string, held: Held): void {
    if (this.#held.get(name) === held) this.#held.delete(name)
    held.release()
  }

  async #show(): Promise<void> {
    for (const [name, held] of this.#held) held.seen ??= this.#sockets.tryAcquire(name)
    await Promise.allSettled([...this.#held.values()].map(({ seen }) => seen))
  }
}

/** Ends early, and says nothing, when the signal comes: whoever waits looks at it. */
function untilAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
    void promise.then(resolve)
  })
}
