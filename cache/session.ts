import { readFileSync, readlinkSync } from 'node:fs'

// A session is one process that uses the store. Its name tells any later process whether it still lives, so nothing has to be kept open
// or locked: `<boot>-<pid namespace>-<pid>-<start time>`, of which the last two name a process for good within one boot.

export interface Session {
  readonly name: string
  /** Identity of this boot of the machine: what the page cache held is lost when it changes. */
  readonly boot: string
}

export type Liveness = 'alive' | 'dead' | 'unknown'

export function currentSession(): Session {
  const { boot, space } = place()
  return { name: `${boot}-${space}-${process.pid}-${startTime(process.pid) ?? '0'}`, boot }
}

/** Unknown for a process in another pid namespace (a container that shares the store): then only age can tell. */
export function livenessOf(name: string): Liveness {
  const parts = /^([0-9a-f]+)-([0-9]+)-([0-9]+)-([0-9]+)$/.exec(name)
  if (parts === null) return 'unknown'
  const here = place()
  if (parts[1] !== here.boot) return 'dead'
  if (parts[2] !== here.space) return 'unknown'
  return startTime(Number(parts[3])) === parts[4] ? 'alive' : 'dead'
}

function place(): { readonly boot: string; readonly space: string } {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').replaceAll('-', '').trim()
  return { boot: boot.slice(0, 16), space: /[0-9]+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0' }
}

/** Clock ticks since boot at which the process started: field 22 of /proc/PID/stat (proc_pid_stat(5)). Undefined when there is none, or only its corpse. */
export function startTime(pid: number): string | undefined {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return undefined
  }
  // The second field is the program's name in parentheses, and may itself hold blanks and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
}
