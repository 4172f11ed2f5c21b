import { hash } from 'node:crypto'
import type { AbsPath } from '../base/ids.ts'
import type { Arguments } from './arguments.ts'
import { program } from './version.ts'

/** Everything of a command line that decides what a build is asked for. Two requests that are equal have equal outcomes. */
export function receiptRequest(order: { readonly workspace: AbsPath; readonly arch: string; readonly from: Arguments; /** Tasks find their tools on it. */ readonly path: string }): string {
  const { from } = order
  const flags = ['all'].filter((name) => from.values.has(name))
  return JSON.stringify([program(), order.workspace, order.arch, [...from.words].sort(), flags, order.path])
}

/** The program comes first in a request, and is not part of the name: what another one left is written over. */
export function receiptName(request: string): string {
  return hash('sha256', request.slice(request.indexOf(',') + 1))
}
