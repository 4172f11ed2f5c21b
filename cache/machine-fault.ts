import { errno, Fault } from '../base/result.ts'

/** A system error of the store's own files as a fault that says what was being done and what would help. */
export function machineFault(error: unknown, doing: string): Fault {
  if (error instanceof Fault) return error
  const code = errno(error) ?? indexCode(error)
  const reason = error instanceof Error ? error.message : String(error)
  const hint = code === undefined ? undefined : hints[code]
  return new Fault('machine', `Can't ${doing}: ${reason}`, hint === undefined ? { cause: error } : { cause: error, hint })
}

/** LMDB gives the number of an error as its code: 28 is ENOSPC, 122 EDQUOT, 5 EIO (errno(3)). */
function indexCode(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 28 ? 'ENOSPC' : code === 122 ? 'EDQUOT' : code === 5 ? 'EIO' : undefined
}

export const spaceHint = 'Free some space, or shrink the store with "nacre cache gc --max-size"'

const hints: Readonly<Record<string, string>> = {
  ENOSPC: spaceHint,
  EDQUOT: spaceHint,
  EACCES: 'Give this user read and write permission on the store, or choose another one with --store',
  EPERM: 'Give this user ownership of the store, or choose another one with --store',
  EROFS: 'Choose a store on a writable file system with --store',
  EMFILE: 'Raise the limit of open files with "ulimit -n"',
  EIO: 'Check the disk: it failed to read or write',
}
