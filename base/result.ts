import type { Diagnostic } from './diagnostic.ts'

/** What a user can mend: all complaints at once, or the value. */
export type Checked<T> = { readonly kind: 'ok'; readonly value: T } | { readonly kind: 'complaints'; readonly diagnostics: readonly Diagnostic[] }

export function ok<T>(value: T): Checked<T> {
  return { kind: 'ok', value }
}

export function complaints(diagnostics: readonly Diagnostic[]): Checked<never> {
  return { kind: 'complaints', diagnostics }
}

/** What a fault says of itself: `machine` (disk, sandbox, permission; exit code 3) or `internal` (a defect of nacre). */
export type FaultKind = 'machine' | 'internal'

/** The impossible, or a machine that is gone. Thrown, and caught only in cli/main.ts. */
export class Fault extends Error {
  readonly kind: FaultKind
  readonly hint: string | undefined

  constructor(kind: FaultKind, message: string, options: { readonly cause?: unknown; readonly hint?: string } = {}) {
    super(message, { cause: options.cause })
    this.name = 'Fault'
    this.kind = kind
    this.hint = options.hint
  }
}

/** Ends an exhaustive switch: the compiler proves that no variant is left. */
export function unreachable(value: never): never {
  throw new Fault('internal', `unexpected variant ${JSON.stringify(value)}`)
}

/** The `code` of a system error (`ENOENT`), or undefined for anything else. */
export function errno(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
