import type { AddedLeaf, Amendment } from './amendment.ts'
import { suspects } from './leaf-scan.ts'
import type { TableLeaf } from './leaf-table.ts'
import { leafName, type LeafStat, sameContent, sameStat, statLeaf } from './leaves.ts'
import { isYoung, type OpenReceipt } from './receipt.ts'

/** A leaf of which the stat changed and the content did not, as it is now. */
export interface Touched {
  readonly leaf: number
  readonly now: TableLeaf
}

/** What a look at all leaves found, by their numbers. */
export interface Verdict {
  /** Leaves of which the content is another, or can't be told any more. */
  readonly changed: readonly number[]
  readonly touched: readonly Touched[]
}

/** The leaves of a receipt with what later builds amended. Those that were added are numbered after the receipt's own. */
export class KnownLeaves {
  readonly receipt: OpenReceipt
  readonly #added: AddedLeaf[] = []

  constructor(receipt: OpenReceipt) {
    this.receipt = receipt
  }

  /** Takes over what an amendment of this receipt says; a later one holds all that an earlier one said. */
  amend({ leaves, added, dropped }: Pick<Amendment, 'leaves' | 'added' | 'dropped'>): void {
    const { table } = this.receipt
    for (const [i, leaf] of leaves) table.set(i, leaf)
    for (const i of dropped) table.drop(i)
    this.#added.splice(0, this.#added.length, ...added)
  }

  get added(): readonly AddedLeaf[] {
    return this.#added
  }

  at(i: number): TableLeaf {
    return this.#added[i - this.receipt.table.count]?.leaf ?? this.receipt.table.at(i)
  }

  /** The number of a leaf by its name, as of `leafName`. */
  find(name: string): number | undefined {
    const at = this.#added.findIndex(({ leaf }) => leafName(leaf) === name)
    return at === -1 ? this.receipt.table.find(name) : this.receipt.table.count + at
  }

  /** Looks at every leaf. `since`: milliseconds since the epoch, before the first look; `threads` may look at the same time. */
  look(since: number, threads: number): Verdict {
    const { table } = this.receipt
    const added = this.#added.flatMap(({ leaf }, i) => (leaf.young || !sameStat(leaf.stat, statNow(leaf)) ? [table.count + i] : []))
    return this.lookAt([...suspects(table, threads), ...added], since)
  }

  /** Reads these again, whatever their stat says. */
  lookAt(leaves: Iterable<number>, since: number): Verdict {
    const changed: number[] = []
    const touched: Touched[] = []
    for (const leaf of leaves) {
      const before = this.at(leaf)
      // Older than the reading: a change in between shows the next time.
      const stat = statNow(before)
      if (sameContent(before)) touched.push({ leaf, now: { ...before, stat, young: isYoung(stat, since) } })
      else changed.push(leaf)
    }
    return { changed, touched }
  }
}

/** A path that can't be looked at any more is judged by its content, which can't be read either. */
function statNow({ kind, path }: TableLeaf): LeafStat {
  try {
    return statLeaf(kind, path)
  } catch {
    return { size: -1n, mtimeNs: 0n, ctimeNs: 0n, ino: 0n, mode: 0n }
  }
}
