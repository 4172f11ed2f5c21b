// Where a process that watches a workspace can be asked: `.nacre/watch` in it, one line that bin/nacre reads: version of this form, port on
// the loopback interface, process id, its start time, and the token without which nothing is answered. Only its owner can read it.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AbsPath } from '../../base/ids.ts'
import { startTime } from '../../cache/session.ts'
import { recordFolder } from '../../recipes/workspace/record-folder.ts'
import { readRecord, writeRecord } from '../commands/put-back-record.ts'

export interface Port {
  readonly port: number
  readonly pid: number
  /** Of the process, in clock ticks since boot: a process id alone may be another's by now. */
  readonly start: string
  readonly token: string
}

const version = '1'

export function portFile(workspace: AbsPath): string {
  return join(workspace, recordFolder, 'watch')
}

/** Visible whole or not at all, and never readable by others, not for a moment. */
export function writePort(workspace: AbsPath, { port, pid, start, token }: Port): void {
  // The other files of the folder are there before the first build as well: else it would change the listing that its recipe globs read.
  writeRecord(workspace, readRecord(workspace))
  const temporary = `${portFile(workspace)}.${pid}`
  rmSync(temporary, { force: true })
  writeFileSync(temporary, `${version} ${port} ${pid} ${start} ${token}\n`, { mode: 0o600, flag: 'wx' })
  renameSync(temporary, portFile(workspace))
}

/** Of a process that lives; undefined when nobody watches. */
export function readPort(workspace: AbsPath): Port | undefined {
  let text: string
  try {
    text = readFileSync(portFile(workspace), 'latin1')
  } catch {
    return undefined
  }
  const [form, port, pid, start, token] = text.trim().split(' ')
  if (form !== version || start === undefined || token === undefined) return undefined
  return startTime(Number(pid)) === start ? { port: Number(port), pid: Number(pid), start, token } : undefined
}

/** Empties the file unless another process has written it since. It stays, so that the folder's listing, which recipe globs read, is the same. */
export function clearPort(workspace: AbsPath, own: Port): void {
  if (readPort(workspace)?.token === own.token) writeFileSync(portFile(workspace), '')
}
