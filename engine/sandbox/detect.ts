// Which sandbox this machine can run, found by running one.
import { accessSync, constants, mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { absPath } from '../../base/ids.ts'
import { bubblewrapSandbox } from './bubblewrap.ts'
import { namespacesSandbox } from './namespaces.ts'
import { removeTree } from './remove.ts'
import type { Sandbox } from './sandbox.ts'
import { toolPath } from './script.ts'

export type Detected =
  | { readonly kind: 'found'; readonly sandbox: Sandbox }
  | { readonly kind: 'unavailable'; readonly reason: string; readonly hint: string }

/** One line of `nacre doctor`. */
export interface Check {
  readonly name: string
  readonly result: { readonly kind: 'ok'; readonly detail: string } | { readonly kind: 'missing'; readonly reason: string; readonly hint: string }
  /** Whether nacre can't build without it. */
  readonly required: boolean
}

const found = new Map<string, Promise<Detected>>()

/** The preferred sandbox, else bubblewrap, else plain namespaces. Tried once in a process: about 30 ms. */
export function detectSandbox(preferred?: Sandbox['name']): Promise<Detected> {
  const key = preferred ?? 'any'
  const known = found.get(key)
  if (known !== undefined) return known
  const answer = preferred === undefined ? tryInTurn() : trySandbox(preferred === 'bubblewrap' ? bubblewrapSandbox : namespacesSandbox)
  found.set(key, answer)
  return answer
}

/** What the sandbox needs of the machine. */
export async function checks(): Promise<readonly Check[]> {
  const [bubblewrap, namespaces] = [await detectSandbox('bubblewrap'), await detectSandbox('namespaces')]
  const any = bubblewrap.kind === 'found' || namespaces.kind === 'found'
  return [sandboxCheck('namespaces', namespaces, !any), sandboxCheck('bubblewrap', bubblewrap, false)]
}

function sandboxCheck(name: string, detected: Detected, required: boolean): Check {
  if (detected.kind === 'found') return { name: `sandbox ${name}`, result: { kind: 'ok', detail: 'starts, with an overlay as its root' }, required }
  return { name: `sandbox ${name}`, result: { kind: 'missing', reason: detected.reason, hint: detected.hint }, required }
}

async function tryInTurn(): Promise<Detected> {
  const first = await detectSandbox('bubblewrap')
  return first.kind === 'found' ? first : detectSandbox('namespaces')
}

/** Starts a command that does not exist in an empty root: the sandbox works if it gets as far as missing it. */
async function trySandbox(sandbox: Sandbox): Promise<Detected> {
  if (sandbox.name === 'bubblewrap' && !onToolPath('bwrap')) {
    return { kind: 'unavailable', reason: 'bubblewrap is not installed', hint: 'Install bubblewrap, or use plain namespaces' }
  }
  const folder = mkdtempSync(join(tmpdir(), 'nacre-sandbox-'))
  try {
    const at = (name: string) => {
      mkdirSync(join(folder, name))
      return absPath(join(folder, name))
    }
    const exit = await sandbox.run({
      lowers: [at('lower')],
      upper: at('upper'),
      work: at('work'),
      mounts: [],
      argv: ['/nothing'],
      directory: '/',
      environment: {},
      hostname: 'nacre',
      limits: { seconds: 20 },
      output: () => undefined,
    }, new AbortController().signal)
    if (exit.kind === 'unavailable') return exit
    if (exit.kind === 'exited' && exit.code === 127) return { kind: 'found', sandbox }
    return { kind: 'unavailable', reason: `A first sandbox ended unexpectedly (${exit.kind})`, hint: 'Run nacre doctor on an idle machine' }
  } finally {
    await removeTree(absPath(folder))
  }
}

function onToolPath(program: string): boolean {
  return toolPath.split(':').some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
