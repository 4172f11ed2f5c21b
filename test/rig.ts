import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export const top = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '')

/** A workspace and a store of its own, and the real program to run in it. */
export class Rig implements AsyncDisposable {
  readonly folder: string
  readonly workspace: string
  readonly store: string

  constructor(files: Readonly<Record<string, string>> = {}) {
    this.folder = realpathSync(mkdtempSync(join(tmpdir(), 'nacre-rig-')))
    this.workspace = join(this.folder, 'workspace')
    this.store = join(this.folder, 'store')
    mkdirSync(this.workspace)
    this.write(files)
  }

  write(files: Readonly<Record<string, string>>): void {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.workspace, path)), { recursive: true })
      writeFileSync(join(this.workspace, path), text)
    }
  }

  copy(from: string): void {
    cpSync(from, this.workspace, { recursive: true, verbatimSymlinks: true })
  }

  /** Runs `nacre` with a store of the rig's own and an environment that says nothing of the machine's user. */
  nacre(argv: readonly string[], options: { readonly cwd?: string; readonly environment?: Readonly<Record<string, string>>; readonly signal?: AbortSignal } = {}): Promise<Ran> {
    const child = spawn(process.execPath, [join(top, 'bin', 'nacre.cjs'), ...argv], {
      cwd: options.cwd ?? this.workspace,
      env: { PATH: process.env['PATH'] ?? '', HOME: this.folder, NACRE_STORE: this.store, NO_COLOR: '1', ...options.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(options.signal === undefined ? {} : { signal: options.signal, killSignal: 'SIGINT' as const }),
    })
    return new Promise((resolve, reject) => {
      let stdout = ''
      let stderr = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
      child.on('error', (error) => (error.name === 'AbortError' ? undefined : reject(error)))
      child.on('close', (code) => resolve({ code, stdout, stderr }))
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    rmSync(this.folder, { recursive: true, force: true })
    return Promise.resolve()
  }
}
