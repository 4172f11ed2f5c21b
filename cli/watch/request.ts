import { resolve } from 'node:path'
import type { AbsPath } from '../../base/ids.ts'
import { type Arguments, flag, has, parseArguments } from '../arguments.ts'
import { findWorkspace, machineArch, storePlace } from '../machine/places.ts'
import { receiptRequest } from '../receipt-request.ts'
import type { Program } from './program.ts'
import type { Requester } from './requester.ts'

/** What a client asks for, where this process may answer. */
export interface ClientRequest {
  readonly from: Arguments
  /** As a receipt has it. */
  readonly request: string
  readonly arch: string
  /** Whether this process would make the same files as the client. */
  readonly alike: boolean
}

export interface Here {
  readonly workspace: AbsPath
  readonly store: AbsPath
  readonly program: Program
  /** Of this process, as /proc has it. */
  readonly umask: string
}

/** Undefined for what only an ordinary build can answer: another workspace, store or program, or a build that must run whatever is known. */
export function clientRequest(asker: Requester, here: Here): ClientRequest | undefined {
  const parsed = parseArguments(asker.argv)
  if (parsed.kind !== 'run' || parsed.arguments.command.name !== 'build' || !here.program.isThatOf(asker)) return undefined
  const from = parsed.arguments
  if (has(from, 'force') || has(from, 'trace')) return undefined
  const workspace = findWorkspace(resolve(asker.cwd, flag(from, 'workspace') ?? '.'))
  const path = asker.environment['PATH'] ?? ''
  if (workspace !== here.workspace || storeOf(asker, from) !== here.store || path === '') return undefined
  const arch = flag(from, 'arch') ?? machineArch()
  // What it names is this process's store, whatever folder its name begins in.
  const values = new Map([...from.values, ['store', [here.store]]])
  return { from: { ...from, values }, arch, request: receiptRequest({ workspace, arch, from, path }), alike: asker.umask === here.umask }
}

/** Places that aren't absolute are the client's. */
function storeOf({ environment, cwd }: Requester, from: Arguments): AbsPath {
  const given = flag(from, 'store') ?? environment['NACRE_STORE']
  return given === undefined || given === '' ? storePlace(undefined, environment) : storePlace(resolve(cwd, given), environment)
}
