import type { AbsPath } from '../base/ids.ts'
import type { Receipts } from '../cache/receipts.ts'
import type { BuildRecord } from '../engine/record.ts'
import { decodeRecord, encodeRecord } from '../engine/record-codec.ts'

/** Keeps the record of a workspace's last build in which something ran, in place of the one before it. */
export function keepLastBuild(receipts: Receipts, workspace: AbsPath, record: BuildRecord | undefined): void {
  if (record !== undefined) receipts.put(nameFor(workspace), encodeRecord(record))
}

/** Undefined when nothing was built yet, or another version of nacre did it. */
export function lastBuild(receipts: Receipts, workspace: AbsPath): BuildRecord | undefined {
  const bytes = receipts.get(nameFor(workspace))
  return bytes === undefined ? undefined : decodeRecord(bytes)
}

/** Beside the receipts, which are named by hashes of requests. */
function nameFor(workspace: AbsPath): string {
  return `last build of ${workspace}`
}
