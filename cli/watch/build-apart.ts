import { spawn } from 'node:child_process'
import { exitCodes } from '../exit.ts'

/**
 * Runs an ordinary `nacre build` in a process of its own, with the terminal or the pipes of this one: what a whole build needs in memory goes
 * with it. `argv`: what follows `build`. Aborting interrupts it once, and it ends as after Ctrl-C.
 */
export function buildApart(argv: readonly string[], signal: AbortSignal): Promise<number> {
  const program = process.argv[1]
  if (program === undefined) throw new TypeError('this process runs no program that could build')
  // A group of its own: else a Ctrl-C at the terminal reaches it twice, and the second one ends it in the middle.
  const child = spawn(process.execPath, [...process.execArgv, program, 'build', ...argv], { stdio: ['ignore', 'inherit', 'inherit'], detached: true })
  const stop = (): void => void child.kill('SIGINT')
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      signal.removeEventListener('abort', stop)
      resolve(code ?? exitCodes.interrupted)
    })
  })
}
