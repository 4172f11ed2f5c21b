import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { absPath, type AbsPath } from '../../base/ids.ts'

/** Makes a folder of mode 0755 under any umask and any set-group-id parent: its mode reaches outputs. An existing one gets that mode. */
export function plainFolder(parent: AbsPath, ...parts: readonly string[]): AbsPath {
  const path = absPath(join(parent, ...parts))
  mkdirSync(path, { recursive: true })
  chmodSync(path, 0o755)
  return path
}
