import { mkdirSync, realpathSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { digestText } from '../base/digest.ts'
import { digestHash } from '../base/ids.ts'
import { errno } from '../base/result.ts'
import type { Layout } from './layout.ts'
import { machineFault } from './machine-fault.ts'

/** Milliseconds between two looks at a lock whose holder has no room for another waiter. */
const patience = 50

/**
 * Locks between all processes that use a store. Holding one is listening on an abstract unix socket (unix(7)): the kernel
 * gives the name to one process and takes it back when that process ends, however it ends. Waiting is being connected to
 * the holder: the connection breaks when it lets go or dies. The names belong to a network namespace, so locks don't reach beyond it.
 */
export class Locks {
  readonly #layout: Layout
  #store: string | undefined

  constructor(layout: Layout) {
    this.#layout = layout
  }

  /** Waits for the lock. Rejects with the signal's reason when it aborts first. Not reentrant: a holder who asks again waits for itself. */
  async acquire(name: string, signal: AbortSignal): Promise<AsyncDisposable> {
    for (;;) {
      signal.throwIfAborted()
      const held = await this.tryAcquire(name)
      if (held !== undefined) {
        if (!signal.aborted) return held
        await held[Symbol.asyncDispose]()
        continue
      }
      await released(this.#address(name), signal)
    }
  }

  /** The lock, or undefined when somebody holds it. */
  async tryAcquire(name: string): Promise<AsyncDisposable | undefined> {
    const waiters = new Set<Socket>()
    const server = createServer((waiter) => {
      waiters.add(waiter)
      waiter.on('error', () => undefined)
      waiter.on('close', () => waiters.delete(waiter))
      waiter.unref()
    })
    if (!(await bound(server, this.#address(name)))) return undefined
    server.unref()
    return {
      [Symbol.asyncDispose]: () =>
        new Promise<void>((resolve) => {
          server.close(() => resolve())
          for (const waiter of waiters) waiter.destroy()
        }),
    }
  }

  /** The store's real path is in the name, so two ways to one store are one lock, and two stores never are. */
  #address(name: string): string {
    this.#store ??= realStore(this.#layout)
    return lockAddress(this.#store, name)
  }
}

/** An abstract name: it begins with a zero byte, and no file bears it. */
export function lockAddress(store: string, name: string): string {
  return `\0nacre-${digestHash(digestText(`${store}\0${name}`))}`
}

export function realStore(layout: Layout): string {
  try {
    mkdirSync(layout.base, { recursive: true })
    return realpathSync(layout.base)
  } catch (error) {
    throw machineFault(error, `open the store "${layout.base}"`)
  }
}

export function bound(server: Server, address: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => (errno(error) === 'EADDRINUSE' ? resolve(false) : reject(machineFault(error, 'take a lock of the store'))))
    server.listen(address, () => resolve(true))
  })
}

/** Resolves when the holder lets go, dies or can't be asked; whoever waits then tries again. */
function released(address: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(address)
    let delay: NodeJS.Timeout | undefined
    const done = () => {
      clearTimeout(delay)
      signal.removeEventListener('abort', done)
      socket.destroy()
      resolve()
    }
    socket.on('error', (error) => {
      // Gone already: try again at once. Anything else, such as a full queue of waiters, takes a moment to change.
      if (errno(error) === 'ECONNREFUSED' || errno(error) === 'ECONNRESET') done()
      else delay ??= setTimeout(done, patience)
    })
    socket.on('close', () => {
      if (delay === undefined) done()
    })
    // Data never comes, but its end does only when somebody reads.
    socket.resume()
    signal.addEventListener('abort', done)
  })
}
