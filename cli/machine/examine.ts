import { execFile } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { AbsPath } from '../../base/ids.ts'
import { errno } from '../../base/result.ts'
import { layoutOf } from '../../cache/layout.ts'
import { freeSpace } from '../../cache/space.ts'
import { type Check, checks as sandboxChecks } from '../../engine/sandbox/detect.ts'
import { size } from '../render/words.ts'
import { aptMirrors } from './apt-mirrors.ts'

/** What a build needs of this machine, each with what was found or what to do. */
export async function examine(store: AbsPath): Promise<readonly Check[]> {
  return [nodeVersion(process.versions.node), ...(await sandboxChecks()), storeFolder(store), packageSources(), await git()]
}

const oldestNode = [20, 19] as const

export function nodeVersion(version: string): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const fits = major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])
  const result = fits ? okay(version) : missing(`this is ${version}`, `install Node ${oldestNode.join('.')} or later`)
  return { name: 'node', required: true, result }
}

/** Below this, a build of the catalogue's toolchain does not fit. */
const leastFree = 5e9

export function storeFolder(store: AbsPath): Check {
  const { base } = layoutOf(store)
  const probe = join(base, `probe-${process.pid}`)
  try {
    mkdirSync(base, { recursive: true })
    writeFileSync(probe, '')
    rmSync(probe)
  } catch (error) {
    return { name: 'store', required: true, result: missing(`"${store}" can't be written: ${errno(error) ?? String(error)}`, 'name another folder with --store or NACRE_STORE') }
  }
  const { bytes } = freeSpace(base)
  if (bytes < leastFree) return { name: 'store', required: false, result: missing(`"${store}" has ${size(bytes)} left, and a toolchain with its sources takes ${size(leastFree)}`, 'free some with nacre cache gc, or name another folder with --store') }
  return { name: 'store', required: true, result: okay(`${store}, ${size(bytes)} free`) }
}

function packageSources(): Check {
  const mirrors = aptMirrors()
  const result = mirrors.length > 0 ? okay(`${mirrors.length} for mirror://debian`) : missing('this machine has no Debian package sources', 'set mirrors: {debian: https://…} in nacre.yaml to a mirror of Debian')
  return { name: 'package sources', required: false, result }
}

async function git(): Promise<Check> {
  try {
    const { stdout } = await promisify(execFile)('git', ['--version'])
    return { name: 'git', required: false, result: okay(stdout.trim().replace(/^git version /, '')) }
  } catch {
    return { name: 'git', required: false, result: missing('git is not installed', 'install git to build recipes that use git-checkout') }
  }
}

function okay(detail: string): Check['result'] {
  return { kind: 'ok', detail }
}

function missing(reason: string, hint: string): Check['result'] {
  return { kind: 'missing', reason, hint }
}
