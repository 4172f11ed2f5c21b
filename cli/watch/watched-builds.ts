import { statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import type { AbsPath } from '../../base/ids.ts'
import type { Clock } from '../../base/ports.ts'
import type { Layout } from '../../cache/layout.ts'
import { receiptPath, type Receipts } from '../../cache/receipts.ts'
import { breakage, generationOf, storeStamp } from '../../cache/stamp.ts'
import type { Amendment } from '../../engine/amendment.ts'
import type { Delta } from '../../engine/delta.ts'
import { KnownLeaves, type Touched } from '../../engine/known-leaves.ts'
import type { FolderWatch, Told } from '../../engine/watch/folder-watch.ts'
import { WatchedLeaves } from '../../engine/watch/watched-leaves.ts'
import { openDelta } from '../delta-build.ts'
import { isWhole, openAmendment, openReceipt, type PreviousBuild, settleTouched } from '../previous-build.ts'
import { receiptName } from '../receipt-request.ts'
import { coverEverything } from './sweep.ts'

export type Found =
  | { readonly kind: 'same'; readonly outcome: string }
  | {
      readonly kind: 'changed'
      /** Of the leaves that changed; none when an output is lost. */
      readonly paths: readonly string[]
      readonly previous: PreviousBuild
      /** Undefined when there is no snapshot of the previous build. */
      readonly delta: Delta | undefined
    }
  /** Nothing was ever built for this request, or nothing that ended well. */
  | { readonly kind: 'unknown' }

/** What is asked for, as of receipt-request.ts. */
export interface Order {
  readonly request: string
  readonly arch: string
}

export interface WatchedBuildsParts {
  readonly workspace: AbsPath
  readonly layout: Layout
  readonly receipts: Receipts
  /** Undefined on a machine where nothing can be watched. */
  readonly folders: FolderWatch | undefined
  readonly clock: Clock
}

interface Held {
  readonly name: string
  readonly leaves: WatchedLeaves
  amendment: Amendment | undefined
  /** Of the amendment's file, when this process wrote it. */
  own: string
  /** The same of the receipt's own. */
  ownReceipt: string
  /** Leaves of which the stat is another than the receipt's, by number; what a build leaves tells of them. */
  readonly touched: Map<number, Touched>
  /** Opened when it is wanted first. */
  delta: ReturnType<typeof openDelta>
  /** Of the store when every output was in it; undefined when it may have lost one since. */
  stock: string | undefined
  /** Of the store when this was taken into memory: another one says that single blobs were taken out since. */
  readonly breakage: string
  last: number
}

/** Requests whose leaves are held in memory at most; the one that was asked for least recently goes. */
const mostHeld = 8

/** What finished builds read, by request, with what has changed since. Asking costs what changed, whatever the size of the build. */
export class WatchedBuilds implements Disposable {
  readonly #parts: WatchedBuildsParts
  readonly #held = new Map<string, Held>()
  /** Counts questions, for who was asked for least recently. */
  #turn = 0

  constructor(parts: WatchedBuildsParts) {
    this.#parts = parts
    this.#coverStore()
  }

  /** Everything that was written before the call is in the answer. */
  ask({ request, arch }: Order): Found {
    const { clock, folders, workspace, layout, receipts } = this.#parts
    const since = clock.now()
    this.#notice()
    const name = receiptName(request)
    // Where nothing is watched, another build may have left a newer receipt.
    if (folders === undefined) this.#drop(name)
    const held = this.#held.get(name) ?? this.#hold(name, request)
    if (held === undefined) return { kind: 'unknown' }
    held.last = ++this.#turn
    const { known } = held.leaves
    const { changed, touched } = held.leaves.look(since)
    for (const each of this.#settled(held, touched)) held.touched.set(each.leaf, each)
    for (const { leaf, now } of touched) if (leaf < known.receipt.table.count) known.receipt.table.set(leaf, now)
    const stock = this.#stock()
    const whole = stock === held.stock || (breakage(generationOf(layout)) === held.breakage && isWhole(layout, known.receipt, held.amendment))
    held.stock = whole && folders !== undefined ? stock : undefined
    if (whole && changed.length === 0) return { kind: 'same', outcome: known.receipt.head.outcome }
    held.delta ??= openDelta({ known, amendment: held.amendment, receipts, name })
    const previous = { workspace, arch, layout, receipts, name, known, amendment: held.amendment, whole, stamp: '', verdict: { changed, touched: [...held.touched.values()] } }
    return { kind: 'changed', paths: changed.map((leaf) => known.at(leaf).path), previous, delta: held.delta?.delta }
  }

  /** Takes over what a build of this process has just amended, in place of reading it. */
  amended({ name }: PreviousBuild, amendment: Amendment): void {
    const held = this.#held.get(name)
    if (held === undefined || held.leaves.known.receipt.head.id !== amendment.receipt) return
    held.own = this.#file(name, 'amendment')
    this.#takeAmendment(held, amendment)
  }

  /** Whether anything happened that may matter to the request. */
  suspicious({ request }: Order): boolean {
    return this.#held.get(receiptName(request))?.leaves.suspicious !== false
  }

  /** Calls back when something happened, with what was told; nothing needs to ask the kernel meanwhile. */
  onChange(wake: (told: Told) => void): void {
    this.#parts.folders?.onChange(() => {
      const told = this.#notice()
      if (told !== undefined) wake(told)
    })
    this.#notice()
  }

  coverWorkspace(): void {
    if (this.#parts.folders !== undefined) coverEverything(this.#parts.folders, this.#parts.workspace)
  }

  /** Numbers to tell the user. */
  size({ request }: Order): WatchedLeaves['size'] {
    return this.#held.get(receiptName(request))?.leaves.size ?? { leaves: 0, folders: 0, unsure: 0 }
  }

  [Symbol.dispose](): void {
    this.#dropAll()
  }

  #notice(): Told | undefined {
    const told = this.#parts.folders?.drain()
    if (told === undefined) return undefined
    this.#noticeStore(told)
    for (const { leaves } of this.#held.values()) leaves.tell(told)
    return told
  }

  #noticeStore(told: Told): void {
    const { layout } = this.#parts
    const inStore = (path: string): boolean => path.startsWith(`${layout.cas}/`)
    if (told.kind === 'overflow' || told.lost.has(layout.receipts)) this.#dropAll()
    if (told.kind === 'overflow' || [...told.lost].some((folder) => inStore(folder) || folder === layout.receipts)) this.#coverStore()
    if (told.kind === 'overflow') return
    if ([...told.paths, ...told.lost].some(inStore)) for (const held of this.#held.values()) held.stock = undefined
    for (const held of [...this.#held.values()]) {
      const part = (name: Parameters<typeof receiptPath>[2]): boolean => told.paths.has(receiptPath(layout, held.name, name))
      // Another build has left a newer receipt, or amended it.
      if ((part('receipt') && held.ownReceipt !== this.#file(held.name, 'receipt')) || part('graph') || part('rows')) this.#drop(held.name)
      else if (part('amendment') && held.own !== this.#file(held.name, 'amendment')) this.#amend(held)
    }
  }

  #amend(held: Held): void {
    const { known } = held.leaves
    const amendment = openAmendment(this.#parts.receipts, held.name, known.receipt.head.id)
    if (amendment === undefined) return this.#drop(held.name)
    this.#takeAmendment(held, amendment)
  }

  #takeAmendment(held: Held, amendment: Amendment): void {
    const { known } = held.leaves
    held.leaves.amend(amendment, () => (held.delta === undefined ? known.amend(amendment) : held.delta.delta.amend(amendment)))
    held.amendment = amendment
    held.touched.clear()
  }

  /** Those of which the receipt does not tell by now. Where nothing is watched, nothing is kept. */
  #settled(held: Held, touched: readonly Touched[]): readonly Touched[] {
    const { receipts, folders } = this.#parts
    const left = folders === undefined ? touched : settleTouched({ receipts, name: held.name, known: held.leaves.known, amendment: held.amendment }, touched)
    if (left.length < touched.length) held.ownReceipt = this.#file(held.name, 'receipt')
    return left
  }

  /** Another one for every writing. */
  #file(name: string, part: 'receipt' | 'amendment'): string {
    const stat = statSync(receiptPath(this.#parts.layout, name, part), { bigint: true, throwIfNoEntry: false })
    return stat === undefined ? '' : `${stat.ino} ${stat.mtimeNs} ${stat.ctimeNs}`
  }

  #drop(name: string): void {
    this.#held.get(name)?.delta?.[Symbol.dispose]()
    this.#held.delete(name)
  }

  #dropAll(): void {
    for (const name of [...this.#held.keys()]) this.#drop(name)
  }

  #hold(name: string, request: string): Held | undefined {
    const { receipts, folders } = this.#parts
    const receipt = openReceipt(receipts, name)
    if (receipt === undefined || receipt.head.request !== request) return undefined
    const known = new KnownLeaves(receipt)
    const amendment = openAmendment(receipts, name, receipt.head.id)
    if (amendment !== undefined) known.amend(amendment)
    const oldest = [...this.#held.values()].sort((a, b) => a.last - b.last)[0]
    if (this.#held.size >= mostHeld && oldest !== undefined) this.#drop(oldest.name)
    const held: Held = { name, leaves: new WatchedLeaves(known, { folders, threads: availableParallelism() }), amendment, touched: new Map(), delta: undefined, own: '', ownReceipt: '', stock: undefined, breakage: breakage(generationOf(this.#parts.layout)), last: 0 }
    // As it was before the files of the store were looked at: what is lost from here on is told of, or raises the generation.
    const stock = this.#stock()
    if (storeStamp(this.#parts.layout) === (amendment?.stamp ?? receipt.head.stamp)) held.stock = stock
    this.#held.set(name, held)
    return held
  }

  /** Another one tells that content may have gone that was no file: rows of the index, or what gc took. Files that go are told of. */
  #stock(): string {
    const { layout } = this.#parts
    return `${statSync(layout.index, { throwIfNoEntry: false })?.ino ?? ''} ${generationOf(layout)}`
  }

  #coverStore(): void {
    const { folders, layout } = this.#parts
    if (folders === undefined) return
    folders.cover(layout.receipts)
    for (let i = 0; i < 256; i++) folders.cover(`${layout.cas}/${i.toString(16).padStart(2, '0')}`, 'losses')
  }
}
