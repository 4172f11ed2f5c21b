import { spawnSync } from 'node:child_process'
import { found } from '../action.ts'
import type { Found } from '../engine.ts'

/** The version of an installed program: the first number with dots that it prints, else the last word (Debian's bazel says `no_version`). */
export function versionOf(program: string, flag = '--version'): Found {
  const path = program.includes('/') ? program : found(program)
  if (path === undefined) return { absent: `${program} is not installed` }
  const { stdout, status } = spawnSync(path, [flag], { encoding: 'utf8', timeout: 60_000 })
  const version = /\d+(\.\d+)+/.exec(stdout)?.[0] ?? stdout.trim().split(/\s+/).at(-1)
  return status === 0 && version !== undefined ? { version } : { absent: `${program} ${flag} fails` }
}
