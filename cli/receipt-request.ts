import { hash } from 'node:crypto'
import type { AbsPath } from '../base/ids.ts'
import type { Arguments } from './arguments.ts'
import { version } from './version.ts'

/** Everything of a command line that decides what a build is asked for. Two requests that are equal have equal outcomes. */
export function receiptRequest(order: { readonly workspace: AbsPath; readonly arch: string; readonly from: Arguments; /** Tasks find their tools on it. */ readonly path: string }): string {
  const { from } = order
  const flags = ['all'].filter((name) => from.values.has(name))
  return JSON.stringify([version(), order.workspace, order.arch, [...from.words].sort(), flags, order.path])
}

export function receiptName(request: string): string {
  return hash('sha256', request)
}
