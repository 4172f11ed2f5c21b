import { interrupts } from './interrupt.ts'
import type { Sink } from './render/sink.ts'
import { type Style, styleOf } from './render/style.ts'

/** Where the words of a command go, and what stops it: this process's own streams and signals, or those of a client of `nacre watch`. */
export interface Terminal {
  readonly stdout: Sink
  readonly stderr: Sink
  /** Of what goes to stderr. */
  readonly style: Style
  interrupts(): Disposable & { readonly signal: AbortSignal }
}

export function ownTerminal(): Terminal {
  return { stdout: process.stdout, stderr: process.stderr, style: styleOf(process.stderr, process.env), interrupts }
}
