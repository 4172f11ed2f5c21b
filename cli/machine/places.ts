import { existsSync, realpathSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { absPath, type AbsPath } from '../../base/ids.ts'
import type { Environment } from '../../base/ports.ts'

/** The folder of the nearest nacre.yaml from `from` upward. */
export function findWorkspace(from: string): AbsPath | undefined {
  for (let at = resolve(from); ; at = dirname(at)) {
    if (existsSync(join(at, 'nacre.yaml'))) return absPath(realpathSync(at))
    if (at === dirname(at)) return undefined
  }
}

/** --store, else NACRE_STORE, else the user's cache folder. */
export function storePlace(given: string | undefined, environment: Environment): AbsPath {
  const named = given ?? environment['NACRE_STORE']
  if (named !== undefined && named !== '') return absPath(resolve(named))
  const cache = environment['XDG_CACHE_HOME'] ?? join(environment['HOME'] ?? '/', '.cache')
  return absPath(join(resolve(cache), 'nacre'))
}

/** apk's name of this machine's architecture. */
export function machineArch(arch: string = process.arch): string {
  return arch === 'arm64' ? 'aarch64' : 'x86_64'
}
