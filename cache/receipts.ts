import { mkdirSync } from 'node:fs'
import { digestText } from '../base/digest.ts'
import { type AbsPath, absPath, digestHash } from '../base/ids.ts'
import type { Layout } from './layout.ts'
import { machineFault } from './machine-fault.ts'
import type { Scratch } from './scratch.ts'
import { openSealed, type SealedFile, writeSealed } from './sealed-file.ts'

/** What a finished build leaves, each a file of its own: a no-op reads the receipt alone. A plan leaves what it said as `text`. */
export type ReceiptPart = 'receipt' | 'graph' | 'rows' | 'amendment' | 'text'

/** Receipts of finished builds by name. Plain files: a build that finds nothing to do reads one or two of them and loads no index. */
export class Receipts {
  readonly #layout: Layout
  readonly #scratch: Scratch
  readonly #boot: string

  constructor(layout: Layout, options: { readonly scratch: Scratch; readonly boot: string }) {
    this.#layout = layout
    this.#scratch = options.scratch
    this.#boot = options.boot
  }

  /** Dispose of what is opened. */
  open(name: string, part: ReceiptPart): SealedFile | undefined {
    return openSealed(this.#path(name, part), this.#boot)
  }

  /** The whole of a part, in shared memory that begins at a multiple of 8. */
  get(name: string, part: ReceiptPart = 'receipt'): Uint8Array | undefined {
    using file = this.open(name, part)
    const bytes = file?.read(0, file.length)
    return bytes?.byteLength === file?.length ? bytes : undefined
  }

  put(name: string, content: Uint8Array | Iterable<Uint8Array>, part: ReceiptPart = 'receipt'): void {
    const parts = content instanceof Uint8Array ? [content] : content
    try {
      mkdirSync(this.#layout.receipts, { recursive: true })
      writeSealed(this.#path(name, part), this.#scratch.path('receipt'), { parts, boot: this.#boot })
    } catch (error) {
      throw machineFault(error, 'write a receipt')
    }
  }

  #path(name: string, part: ReceiptPart): AbsPath {
    return receiptPath(this.#layout, name, part)
  }
}

/** The file of a receipt, or of what belongs to it: its path and more. */
export function receiptPath(layout: Layout, name: string, part: ReceiptPart = 'receipt'): AbsPath {
  return absPath(`${layout.receipts}/${digestHash(digestText(name))}${part === 'receipt' ? '' : `.${part}`}`)
}
