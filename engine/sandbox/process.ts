// A program of the host, in a process group of its own: for fetching, git and the like, which run outside of the sandbox.
import { spawn } from 'node:child_process'
import type { AbsPath } from '../../base/ids.ts'
import { errno } from '../../base/result.ts'
import { killGroup } from './kill.ts'

export interface ProcessSpec {
  readonly argv: readonly [string, ...string[]]
  readonly directory: AbsPath
  /** The whole environment. PATH in it finds the program. */
  readonly environment: Readonly<Record<string, string>>
  /** Bytes for its stdin, which is empty otherwise. */
  readonly input?: Uint8Array
  /** What it prints; the order between the two streams is not kept. */
  output(chunk: Uint8Array, stream: 'stdout' | 'stderr'): void
  readonly signal: AbortSignal
  /** Wall-clock seconds. */
  readonly seconds?: number
  /** Bytes that it may print in all; a program that prints more is ended. */
  readonly outputLimit?: number
}

export type ProcessExit =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'signalled'; readonly signal: string }
  | { readonly kind: 'timeout'; readonly seconds: number }
  | { readonly kind: 'aborted' }
  | { readonly kind: 'too-much-output'; readonly bytes: number }
  /** It could not be started: `ENOENT` when there is no such program. */
  | { readonly kind: 'not-started'; readonly code: string }

/** Resolves when the program is gone and its output is read. What is left of its process group is killed, however it ended. */
export function runProcess(spec: ProcessSpec): Promise<ProcessExit> {
  if (spec.signal.aborted) return Promise.resolve({ kind: 'aborted' })
  const [program, ...rest] = spec.argv
  const child = spawn(program, rest, { cwd: spec.directory, env: { ...spec.environment }, stdio: ['pipe', 'pipe', 'pipe'], detached: true })
  let cause: ProcessExit | undefined
  const end = (why: ProcessExit): void => {
    cause ??= why
    killAll(child.pid)
  }
  const abort = (): void => end({ kind: 'aborted' })
  spec.signal.addEventListener('abort', abort, { once: true })
  const { seconds, outputLimit } = spec
  const timer = seconds === undefined ? undefined : setTimeout(() => end({ kind: 'timeout', seconds }), seconds * 1000)
  let printed = 0
  for (const [stream, from] of [['stdout', child.stdout], ['stderr', child.stderr]] as const) {
    from?.on('data', (chunk: Buffer) => {
      if (cause?.kind === 'too-much-output') return
      printed += chunk.length
      if (outputLimit !== undefined && printed > outputLimit) end({ kind: 'too-much-output', bytes: outputLimit })
      else spec.output(chunk, stream)
    })
  }
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(spec.input)
  return new Promise((resolve) => {
    const settle = (exit: ProcessExit): void => {
      clearTimeout(timer)
      spec.signal.removeEventListener('abort', abort)
      resolve(cause ?? exit)
    }
    child.once('error', (error) => settle({ kind: 'not-started', code: errno(error) ?? error.message }))
    child.once('exit', () => killAll(child.pid))
    child.once('close', (code, signal) => settle(signal === null ? { kind: 'exited', code: code ?? 1 } : { kind: 'signalled', signal }))
  })
}

function killAll(pid: number | undefined): void {
  if (pid !== undefined) killGroup(pid)
}
