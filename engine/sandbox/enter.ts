// The way back into a failed action's sandbox: a shell script in its kept folder that makes the sandbox again, with a shell in it.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { absPath, type AbsPath } from '../../base/ids.ts'
import { tokensInside } from './jobserver.ts'
import { Links } from './links.ts'
import { commandLine } from './namespaces.ts'
import type { SandboxSpec } from './sandbox.ts'
import { namespacesScript } from './script.ts'
import { prepareStage, writeFixedMounts } from './stage.ts'
import { supervisedCommand, toolEnvironment } from './supervise.ts'

/**
 * Writes `enter` into `folder`, which must hold the sandbox's upper and whatever else its failure left; returns the script's path.
 * `enter` opens /bin/sh on the caller's terminal, `enter COMMAND…` runs that instead. It has no limits and no jobserver. It works as long
 * as the folder, the lowers and the sources of the mounts are where they were.
 */
export function writeEnterScript(spec: SandboxSpec, folder: AbsPath): AbsPath {
  const path = absPath(join(folder, 'enter'))
  writeFileSync(path, enterText(spec, folder), { mode: 0o755 })
  return path
}

function enterText(spec: SandboxSpec, folder: AbsPath): string {
  const work = absPath(join(folder, 'enter-work'))
  rmSync(work, { recursive: true, force: true })
  const links = join(folder, 'enter-links')
  rmSync(links, { recursive: true, force: true })
  for (const made of [work, links]) mkdirSync(made)
  const again = withoutJobserver(spec, work)
  const stage = prepareStage(again, new Links(links))
  writeFixedMounts(stage)
  const settings = Object.entries(toolEnvironment).map(([name, value]) => `${name}=${value}`)
  const command = supervisedCommand({ script: namespacesScript, stage, rest: commandLine(again) }, again)
  return `#!/bin/sh
# Opens a shell in the sandbox of a failed action, or runs the command that it is given. What was written there is still there.
set -eu
cd ${quote(stage.path)}
# overlayfs refuses a work folder that it used without syncing, and the fifos are made anew.
rm -rf work out ready go control lifetime
mkdir work
mkfifo control lifetime
exec 3<>control 4<>lifetime
[ $# -gt 0 ] || set -- /bin/sh
exec env -i ${[...settings, ...command].map(quote).join(' ')} "$@"
`
}

/** The fifo of tokens is gone when someone enters. */
function withoutJobserver(spec: SandboxSpec, work: AbsPath): SandboxSpec {
  const environment = Object.entries(spec.environment).filter(([name, value]) => name !== 'MAKEFLAGS' || !value.includes('--jobserver'))
  return {
    ...spec,
    work,
    mounts: spec.mounts.filter((mount) => mount.target !== tokensInside),
    environment: Object.fromEntries(environment),
    argv: [],
    limits: {},
    stdio: 'inherit',
  }
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
