import { connect, createServer, type Server, type Socket } from 'node:net'
import type { Layout } from './layout.ts'
import { bound, lockAddress, realStore } from './lock.ts'

/** Milliseconds that a newcomer waits for the answer of whoever was there first: it may be deep in its work. */
const patience = 2000

/**
 * Tells a process whether it has the store to itself, and so needs no lock that others could see. The first to come listens on an abstract unix
 * socket (unix(7)), which the kernel gives to one process. Everybody who comes later connects to it, and goes on when it has answered: then
 * the first knows that it is not alone, and what it was doing is locked. When the first goes, one of those who stayed takes its place.
 * Who was once in company never takes himself to be alone again.
 */
export class Company {
  readonly #layout: Layout
  readonly #onArrival: () => Promise<void>
  #joined: Promise<void> | undefined
  #server: Server | undefined
  #first: Socket | undefined
  #alone = false
  #closed = false

  /** `onArrival` makes visible to others what is locked here; it is called before anybody goes on, once. */
  constructor(layout: Layout, onArrival: () => Promise<void>) {
    this.#layout = layout
    this.#onArrival = onArrival
  }

  /** Nobody else has come so far. */
  get alone(): boolean {
    return this.#alone
  }

  /** Resolves when it is known whether somebody else is there. */
  join(): Promise<void> {
    return (this.#joined ??= this.#come(true))
  }

  close(): void {
    this.#closed = true
    this.#alone = false
    this.#first?.destroy()
    this.#server?.close()
  }

  async #come(first: boolean): Promise<void> {
    const address = lockAddress(realStore(this.#layout), 'company')
    while (!this.#closed) {
      const server = createServer((newcomer) => this.#welcome(newcomer))
      if (await bound(server, address)) {
        server.unref()
        this.#server = server
        this.#alone = first
        return
      }
      if (await this.#connect(address)) return
    }
  }

  /** The connection stays open: its end says that the first has gone, whose place must be taken. */
  #connect(address: string): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(address)
      socket.unref()
      const timer = setTimeout(() => resolve(true), patience)
      socket.once('data', () => resolve(true))
      socket.once('error', () => undefined)
      socket.once('close', () => {
        clearTimeout(timer)
        resolve(false)
        if (this.#first === socket) this.#rejoin()
      })
      this.#first = socket
    })
  }

  #rejoin(): void {
    this.#first = undefined
    this.#come(false).catch(() => undefined)
  }

  #welcome(newcomer: Socket): void {
    newcomer.on('error', () => undefined)
    newcomer.unref()
    newcomer.resume()
    const before = this.#alone
    this.#alone = false
    void (before ? this.#onArrival() : Promise.resolve()).then(() => newcomer.write('\n'))
  }
}
