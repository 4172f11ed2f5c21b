import { execFileSync } from 'node:child_process'

/** Whether a program is on the path: tests that need another project's tool skip by its name where it is not. */
export function has(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

export function run(program: string, args: readonly string[], options: { readonly input?: string; readonly cwd?: string } = {}): string {
  return execFileSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['pipe', 'pipe', 'pipe'], ...options })
}
