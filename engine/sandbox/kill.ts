import { readdirSync, readFileSync } from 'node:fs'
import { errno } from '../../base/result.ts'

/**
 * Kills what is in a process group; false when nothing is. The group outlives its leader while it has members, so its number can't be
 * another's as long as this finds one.
 */
export function killGroup(pid: number): boolean {
  return kill(-pid)
}

/** Kills what is in a process group; false when nothing of it lives. Corpses that init has not taken away yet (it may take a second) are nobody. */
export function clearGroup(pid: number): boolean {
  return killGroup(pid) && readdirSync('/proc').some((name) => /^\d+$/.test(name) && livesIn(name, pid))
}

/** By /proc/PID/stat (proc_pid_stat(5)): after the name in parentheses come state, parent and group. */
function livesIn(name: string, group: number): boolean {
  try {
    const stat = readFileSync(`/proc/${name}/stat`, 'latin1')
    const [state, , own] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return Number(own) === group && state !== 'Z' && state !== 'X'
  } catch {
    return false
  }
}

/** A number below zero is that of a group. False when there is no such process; one that may not be killed (setuid) is there. */
export function kill(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (errno(error) === 'ESRCH') return false
    if (errno(error) === 'EPERM') return true
    throw error
  }
}
