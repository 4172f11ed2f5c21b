import { readFileSync, readlinkSync } from 'node:fs'
import type { Environment } from '../../base/ports.ts'

/** Who asks, as the kernel knows it: so the client sends nothing but its process id, and nothing has to be quoted on the way. */
export interface Requester {
  readonly pid: number
  /** The program that it runs, as it was called. */
  readonly script: string
  readonly argv: readonly string[]
  readonly cwd: string
  readonly environment: Environment
  /** As /proc has it, in octal. */
  readonly umask: string
  /** Where its errors go: a terminal's device, or whatever else. */
  readonly stderr: string
}

/** `count`: words of its command line that are arguments, the last ones. Undefined for a process of another user, or none (proc(5)). */
export function requesterOf(pid: number, count: number): Requester | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1')
    if (field(status, 'Uid')?.split('\t')[1] !== String(process.geteuid?.())) return undefined
    const words = strings(`/proc/${pid}/cmdline`)
    return {
      pid,
      script: words[words.length - count - 1] ?? '',
      argv: words.slice(words.length - count),
      cwd: readlinkSync(`/proc/${pid}/cwd`),
      environment: Object.fromEntries(strings(`/proc/${pid}/environ`).map((text) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)])),
      umask: field(status, 'Umask') ?? '',
      stderr: readlinkSync(`/proc/${pid}/fd/2`),
    }
  } catch {
    // It is gone, or not to be looked at: there is nobody to answer.
    return undefined
  }
}

/** Of this process, in the same form. */
export function umask(): string {
  return field(readFileSync('/proc/self/status', 'latin1'), 'Umask') ?? ''
}

/** Texts that are each ended by NUL. */
function strings(path: string): string[] {
  return readFileSync(path, 'utf8').split('\0').slice(0, -1)
}

function field(status: string, name: string): string | undefined {
  return new RegExp(`^${name}:\\t(.*)$`, 'm').exec(status)?.[1]
}
