import { existsSync, mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import type { Database, RootDatabase } from 'lmdb'
import { digestText } from '../base/digest.ts'
import { digestHash } from '../base/ids.ts'
import { Fault } from '../base/result.ts'
import type { Layout } from './layout.ts'
import { machineFault } from './machine-fault.ts'

/** One table: names to texts or bytes. Reads are synchronous and see what is committed; writes of one tick share a transaction. */
export interface Table<V extends string | Uint8Array> {
  get(key: string): V | undefined
  /** Lets the next read see what other processes have committed until now; otherwise one tick sees one snapshot. */
  refresh(): void
  /** Resolves when the write is committed, which a killed process no longer undoes. */
  put(key: string, value: V): Promise<void>
  /** Like `put`, for what may as well be lost: nobody waits, and a failure is forgotten. */
  remember(key: string, value: V): void
  remove(key: string): Promise<void>
  /** All entries, in the byte order of their keys. A key longer than `longestKey` bytes comes back as its hash. */
  entries(): Iterable<readonly [key: string, value: V]>
}

/** LMDB takes keys of up to 1978 bytes; longer ones are replaced by their hash. */
export const longestKey = 1500

/** The LMDB environment of a store. Its native part takes 21-60 ms to load, so nothing is loaded before the first table is used. */
export class IndexDb {
  readonly #layout: Layout
  #root: RootDatabase | undefined
  readonly #tables: { refresh(): void }[] = []

  constructor(layout: Layout) {
    this.#layout = layout
  }

  get loaded(): boolean {
    return this.#root !== undefined
  }

  texts(name: string): Table<string> {
    return this.#listed(new LmdbTable<string>(() => this.#open<string>(name, 'string')))
  }

  bytes(name: string): Table<Uint8Array> {
    return this.#listed(new LmdbTable<Uint8Array>(() => this.#open<Uint8Array>(name, 'binary')))
  }

  /** Makes the index and all of its tables, where they are not there. */
  settle(): void {
    for (const table of this.#tables) table.refresh()
  }

  /** Whether there is an index already: asking one that there isn't would make it. */
  get exists(): boolean {
    return this.loaded || existsSync(this.#layout.index)
  }

  /** Reads and writes of any table that nobody comes between, in this process or another. They are done when it returns. */
  transaction<T>(act: () => T): T {
    try {
      this.#root ??= load(this.#layout)
      return this.#root.transactionSync(act)
    } catch (error) {
      throw machineFault(error, "write to the store's index")
    }
  }

  async close(): Promise<void> {
    const root = this.#root
    if (root === undefined) return
    this.#root = undefined
    await root.flushed
    await root.close()
  }

  #listed<T extends { refresh(): void }>(table: T): T {
    this.#tables.push(table)
    return table
  }

  #open<V>(name: string, encoding: 'string' | 'binary'): Database<V, Uint8Array> {
    try {
      this.#root ??= load(this.#layout)
      return this.#root.openDB<V, Uint8Array>({ name, encoding, keyEncoding: 'binary' })
    } catch (error) {
      throw brokenIndex(error, this.#layout)
    }
  }
}

class LmdbTable<V extends string | Uint8Array> implements Table<V> {
  readonly #open: () => Database<V, Uint8Array>
  #opened: Database<V, Uint8Array> | undefined

  constructor(open: () => Database<V, Uint8Array>) {
    this.#open = open
  }

  get(key: string): V | undefined {
    return this.#database().get(keyBytes(key))
  }

  refresh(): void {
    this.#database().resetReadTxn()
  }

  async put(key: string, value: V): Promise<void> {
    try {
      await this.#database().put(keyBytes(key), value)
    } catch (error) {
      throw machineFault(error, "write to the store's index")
    }
  }

  remember(key: string, value: V): void {
    this.put(key, value).catch(() => undefined)
  }

  async remove(key: string): Promise<void> {
    try {
      await this.#database().remove(keyBytes(key))
    } catch (error) {
      throw machineFault(error, "write to the store's index")
    }
  }

  *entries(): Iterable<readonly [string, V]> {
    for (const { key, value } of this.#database().getRange({ snapshot: false })) yield [Buffer.from(key).toString(), value]
  }

  #database(): Database<V, Uint8Array> {
    return (this.#opened ??= this.#open())
  }
}

function load(layout: Layout): RootDatabase {
  mkdirSync(dirname(layout.index), { recursive: true })
  const lmdb = createRequire(import.meta.url)('lmdb') as typeof import('lmdb')
  return lmdb.open({ path: layout.index, noSubdir: true, maxDbs: 32 })
}

function keyBytes(key: string): Buffer {
  const bytes = Buffer.from(key)
  return bytes.byteLength <= longestKey ? bytes : Buffer.from(digestHash(digestText(key)))
}

function brokenIndex(error: unknown, layout: Layout): Fault {
  const reason = error instanceof Error ? error.message : String(error)
  const hint = `If the disk is fine, remove "${dirname(layout.index)}": only results are lost, and rebuilt when they are needed`
  return new Fault('machine', `Can't open the store's index "${layout.index}": ${reason}`, { cause: error, hint })
}
