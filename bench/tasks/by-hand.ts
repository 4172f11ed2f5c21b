import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { absPath } from '../../base/ids.ts'
import { detectSandbox } from '../../engine/sandbox/detect.ts'
import type { SandboxSpec } from '../../engine/sandbox/sandbox.ts'
import type { Task } from './tasks.ts'

/** A script in the same sandbox, on a root that was unpacked by hand: no recipe, no graph, no store, nothing packed. */
export const byHand: Task = async ({ root, folder, script }) => {
  const detected = await detectSandbox()
  if (detected.kind !== 'found') throw new Error(detected.reason)
  const at = (name: string) => absPath(join(String(folder), name))
  rmSync(String(folder), { recursive: true, force: true })
  for (const name of ['upper', 'work', 'home']) mkdirSync(at(name), { recursive: true })
  const spec: SandboxSpec = {
    lowers: [absPath(String(root))],
    upper: at('upper'),
    work: at('work'),
    mounts: [{ source: at('home'), target: '/home/build', writable: true }],
    argv: ['/bin/sh', '-e', '-c', String(script)],
    directory: '/home/build',
    environment: { PATH: '/usr/bin:/bin', HOME: '/home/build', LANG: 'C.UTF-8' },
    hostname: 'nacre',
    limits: {},
    output: () => undefined,
  }
  return async () => {
    const exit = await detected.sandbox.run(spec, new AbortController().signal)
    if (exit.kind !== 'exited' || exit.code !== 0) throw new Error(JSON.stringify(exit))
  }
}
