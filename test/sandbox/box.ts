// A tiny root for sandboxes under test: the host's static busybox.
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { absPath, type AbsPath } from '../../base/ids.ts'
import { detectSandbox } from '../../engine/sandbox/detect.ts'
import { removeTree } from '../../engine/sandbox/remove.ts'
import type { Sandbox, SandboxExit, SandboxSpec } from '../../engine/sandbox/sandbox.ts'

const busybox = ['/bin/busybox', '/usr/bin/busybox', '/bin/busybox.static', '/usr/bin/busybox-static'].find(isStatic)

export interface Subject {
  readonly name: Sandbox['name']
  readonly sandbox: Sandbox | undefined
  /** Why it can't be tried here; part of the name of the skipped tests. */
  readonly why: string
}

/** Both sandboxes, or the reason why one of them can't be tried here. */
export const subjects: readonly Subject[] = await Promise.all(
  (['namespaces', 'bubblewrap'] as const).map(async (name) => {
    const found = await detectSandbox(name)
    if (found.kind === 'unavailable') return { name, sandbox: undefined, why: ` (skipped: ${found.reason})` }
    return busybox === undefined ? { name, sandbox: undefined, why: ' (skipped: no static busybox)' } : { name, sandbox: found.sandbox, why: '' }
  }),
)

export interface Told {
  readonly exit: SandboxExit
  readonly text: string
}

/** A folder with a root, removed when its scope ends. */
export class Box implements AsyncDisposable {
  readonly folder: AbsPath
  readonly lower: AbsPath
  upper: AbsPath
  #runs = 0

  constructor(prefix = 'nacre-box-') {
    this.folder = absPath(realpathSync(mkdtempSync(join(tmpdir(), prefix))))
    this.lower = this.make('lower')
    this.upper = this.lower
    mkdirSync(join(this.lower, 'bin'))
    mkdirSync(join(this.lower, 'etc'))
    writeFileSync(join(this.lower, 'etc/inside'), 'lower\n', { mode: 0o644 })
    copyFileSync(busybox ?? '', join(this.lower, 'bin/busybox'))
    for (const applet of applets()) symlinkSync('busybox', join(this.lower, 'bin', applet))
  }

  make(name: string): AbsPath {
    mkdirSync(join(this.folder, name), { recursive: true })
    return absPath(join(this.folder, name))
  }

  /** A spec over fresh upper and work folders. */
  spec(argv: readonly string[], more: Partial<SandboxSpec> = {}): SandboxSpec {
    this.#runs++
    this.upper = this.make(`${this.#runs}/upper`)
    return {
      lowers: [this.lower],
      upper: this.upper,
      work: this.make(`${this.#runs}/work`),
      mounts: [],
      argv,
      directory: '/',
      environment: { PATH: '/bin' },
      hostname: 'nacre',
      limits: { seconds: 30 },
      output: () => undefined,
      ...more,
    }
  }

  async run(sandbox: Sandbox | undefined, argv: readonly string[], more: Partial<SandboxSpec> & { readonly signal?: AbortSignal } = {}): Promise<Told> {
    if (sandbox === undefined) throw new Error('no sandbox')
    const { signal, ...rest } = more
    let text = ''
    const output = (chunk: Uint8Array): void => {
      text += Buffer.from(chunk).toString()
      rest.output?.(chunk)
    }
    const exit = await sandbox.run(this.spec(argv, { ...rest, output }), signal ?? new AbortController().signal)
    return { exit, text }
  }

  /** Runs a shell script; its words after the first are $1, $2… */
  sh(sandbox: Sandbox | undefined, script: string, more: Partial<SandboxSpec> & { readonly signal?: AbortSignal } = {}): Promise<Told> {
    return this.run(sandbox, ['sh', '-c', script], more)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return removeTree(this.folder)
  }
}

export const done: SandboxExit = { kind: 'exited', code: 0 }

function applets(): readonly string[] {
  return busybox === undefined ? [] : execFileSync(busybox, ['--list'], { encoding: 'utf8' }).split('\n').filter((name) => name !== '' && name !== 'busybox')
}

function isStatic(path: string): boolean {
  if (!existsSync(path)) return false
  try {
    return /not a dynamic|statically/.test(execFileSync('/bin/sh', ['-c', 'ldd "$1" 2>&1 || :', 'sh', path], { encoding: 'utf8' }))
  } catch {
    return false
  }
}
