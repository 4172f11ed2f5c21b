import type { AbsPath } from '../base/ids.ts'
import type { Arguments } from './arguments.ts'
import { program } from './version.ts'

/** Everything of a command line that decides what `nacre plan` says, but for the workspace's files and the store. What it says is in the order of the words. */
export function planRequest(order: { readonly workspace: AbsPath; readonly arch: string; readonly from: Arguments; /** Tasks find their tools on it. */ readonly path: string }): string {
  const { from } = order
  const flags = ['all', 'json'].filter((name) => from.values.has(name))
  return JSON.stringify([program(), 'plan', order.workspace, order.arch, from.words, flags, order.path])
}
