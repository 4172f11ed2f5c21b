// Runs one of the fixed scripts in fresh namespaces, and tells how its command ended. Shared by both sandboxes.
import { spawn, type ChildProcess } from 'node:child_process'
import { constants as fileConstants, closeSync, openSync } from 'node:fs'
import { Socket } from 'node:net'
import { constants as systemConstants } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { unavailableHint } from './hint.ts'
import type { SandboxExit, SandboxSpec } from './sandbox.ts'
import { hostShell, toolPath } from './script.ts'
import type { Stage } from './stage.ts'

/** A fixed script, the stage that it works in, and what follows the arguments that both scripts share. */
export interface Supervision {
  readonly script: string
  readonly stage: Stage
  readonly rest: readonly string[]
}

export interface Supervised extends Supervision {
  /** Reads from the control lines whether the command itself was started. */
  readonly started: (control: string) => boolean
  /** Exit code when it was not started but the sandbox was made, from what was printed: a missing program is no missing sandbox. */
  readonly notStarted?: (control: string, printed: string) => number | undefined
}

const namespaces = ['--user', '--map-root-user', '--mount', '--pid', '--net', '--ipc', '--uts', '--cgroup']

/** Capabilities of uid 0 inside: what builds and servers use on files and processes of their own. None to mount, to trace init, or to configure. */
export const capabilities = ['chown', 'dac_override', 'fowner', 'fsetid', 'kill', 'net_bind_service', 'setfcap', 'setgid', 'setpcap', 'setuid', 'sys_chroot'] as const

/** The scripts' own environment. */
export const toolEnvironment = { PATH: toolPath, CAPABILITIES: ['-all', ...capabilities.map((name) => `+${name}`)].join(',') } as const

/** The command that makes a sandbox. It runs in the stage's folder, with 3 and 4 open (script.ts). */
export function supervisedCommand(what: Supervision, spec: SandboxSpec): readonly [string, ...string[]] {
  return ['unshare', ...namespaces, hostShell, '-c', what.script, 'sandbox', ...commonArguments(what.stage, spec), ...what.rest]
}

/** Resolves when the supervising shell is gone, and it goes after init, and init after every other process. */
export async function supervise(what: Supervised, spec: SandboxSpec, signal: AbortSignal): Promise<SandboxExit> {
  if (signal.aborted) return { kind: 'aborted' }
  const captured = spec.stdio !== 'inherit'
  const own = captured ? 'ignore' : 'inherit'
  const [program, ...rest] = supervisedCommand(what, spec)
  const child = spawn(program, rest, {
    cwd: what.stage.path,
    env: { ...toolEnvironment, USER_MAP: userMap(spec) },
    stdio: [own, own, own, 'pipe', 'pipe'],
    detached: captured,
  })
  const ending = endings(child, spec.limits.seconds, signal)
  const heard = await listen(child, captured ? what.stage : undefined, spec)
  const ended = await ending
  if (ended.kind !== 'left') return ended
  if (what.started(heard.control)) return exitOf(ended.code)
  const code = what.notStarted?.(heard.control, heard.printed)
  return code === undefined ? unavailable(ended.error ?? heard.control, heard.printed) : { kind: 'exited', code }
}

function commonArguments(stage: Stage, spec: SandboxSpec): readonly string[] {
  const memory = spec.limits.memory === undefined ? '' : String(Math.ceil(spec.limits.memory / 1024))
  const mounts = stage.mounts.flatMap((mount) => [mount.options, mount.source, mount.target, mount.shape])
  return [stage.lowers, spec.hostname, spec.network ?? 'none', memory, spec.stdio ?? 'captured', String(stage.mounts.length), ...mounts]
}

/** Two numbers, so that the script may split it into words. */
function userMap({ user }: SandboxSpec): string {
  return user === undefined || user.uid === 0 ? '' : `--map-user=${Math.trunc(user.uid)} --map-group=${Math.trunc(user.gid)}`
}

type Ending =
  | { readonly kind: 'left'; readonly code: number; readonly error?: string }
  | { readonly kind: 'timeout'; readonly seconds: number }
  | { readonly kind: 'aborted' }

/** Closing the lifetime pipe ends init, and so the whole process tree; the same happens by itself when nacre dies. */
function endings(child: ChildProcess, seconds: number | undefined, signal: AbortSignal): Promise<Ending> {
  let cause: Ending | undefined
  const end = (why: Ending): void => {
    cause ??= why
    stream(child, 4)?.destroy()
  }
  const abort = (): void => end({ kind: 'aborted' })
  signal.addEventListener('abort', abort, { once: true })
  const timer = seconds === undefined ? undefined : setTimeout(() => end({ kind: 'timeout', seconds }), seconds * 1000)
  stream(child, 4)?.on('error', () => undefined)
  return new Promise((resolve) => {
    const leave = (ended: Ending): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      stream(child, 4)?.destroy()
      resolve(cause ?? ended)
    }
    child.once('error', (error) => leave({ kind: 'left', code: 1, error: error.message }))
    child.once('exit', (code, name) => leave({ kind: 'left', code: code ?? 128 + (name === null ? 0 : systemConstants.signals[name]) }))
  })
}

interface Heard {
  readonly control: string
  /** The first of what was printed, for the messages of a sandbox that could not be made. */
  readonly printed: string
}

/** What the script and init say before the command may begin. */
const greetings = ['fifo', 'init'] as const

/** Opens the output when the fifo is there, and lets the script go on when init is, too. Done when everyone inside is gone. */
function listen(child: ChildProcess, stage: Stage | undefined, spec: SandboxSpec): Promise<Heard> {
  const control = stream(child, 3)
  if (control === undefined) return Promise.resolve({ control: '', printed: '' })
  let heard = ''
  let printed = ''
  let reading: Promise<void> | undefined
  control.setEncoding('utf8')
  control.on('data', (text: string) => {
    heard += text
    if (reading !== undefined || !greetings.every((word) => heard.split('\n').includes(word))) return
    reading = stage === undefined ? Promise.resolve() : readFifo(join(stage.path, 'out'), child, (chunk) => {
      if (printed.length < 4096) printed += chunk.toString()
      spec.output(chunk)
    })
    control.write('\n')
  })
  stream(child, 4)?.write('init\n')
  return new Promise((resolve) => {
    control.on('error', () => undefined)
    control.once('close', () => void Promise.resolve(reading).then(() => resolve({ control: heard.replace(/^(fifo|init)\n/gm, ''), printed })))
  })
}

/** A fifo is read like a socket; opening it without blocking needs no writer. One more writer at the end makes sure that it ends. */
function readFifo(path: string, child: ChildProcess, output: (chunk: Buffer) => void): Promise<void> {
  const socket = new Socket({ fd: openSync(path, fileConstants.O_RDONLY | fileConstants.O_NONBLOCK), readable: true, writable: false })
  const close = (): void => closeSync(openSync(path, fileConstants.O_RDWR | fileConstants.O_NONBLOCK))
  if (child.exitCode === null && child.signalCode === null) child.once('exit', close)
  else close()
  return new Promise((resolve) => {
    socket.on('data', output)
    socket.on('error', () => undefined)
    socket.once('close', () => resolve())
  })
}

/** Shells and bubblewrap alike report a signal as 128 and its number; a command that exits with such a code says the same of a child of its own. */
function exitOf(code: number): SandboxExit {
  const name = Object.entries(systemConstants.signals).find(([, number]) => number === code - 128)?.[0]
  return name === undefined ? { kind: 'exited', code } : { kind: 'signalled', signal: name }
}

function unavailable(control: string, printed: string): SandboxExit {
  const text = (control.trim() || printed.trim()).split('\n')
  const reason = text.slice(-3).join('; ') || 'The sandbox ended before its command began'
  return { kind: 'unavailable', reason, hint: unavailableHint(reason) }
}

function stream(child: ChildProcess, fd: 3 | 4): Duplex | undefined {
  const found = child.stdio[fd]
  return found instanceof Socket ? found : undefined
}
