// Why a machine refuses sandboxes, and what permits them: read from the kernel's own switches.
import { readFileSync } from 'node:fs'

interface Switch {
  readonly path: string
  readonly refuses: (value: string) => boolean
  readonly hint: string
}

const switches: readonly Switch[] = [
  { path: '/proc/sys/user/max_user_namespaces', refuses: (value) => value === '0', hint: 'Permit user namespaces: sysctl -w user.max_user_namespaces=10000' },
  { path: '/proc/sys/kernel/unprivileged_userns_clone', refuses: (value) => value === '0', hint: 'Permit user namespaces: sysctl -w kernel.unprivileged_userns_clone=1' },
  {
    path: '/proc/sys/kernel/apparmor_restrict_unprivileged_userns',
    refuses: (value) => value === '1',
    hint: 'Permit user namespaces: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0',
  },
]

/** One hint for a reason that a tool gave. */
export function unavailableHint(reason: string, read: (path: string) => string | undefined = readSwitch): string {
  const program = /spawn (\S+) ENOENT|: (\S+): (?:command )?not found/.exec(reason)
  if (program !== null) return `Install ${packageOf(program[1] ?? program[2] ?? '')}`
  if (reason.includes('symbolic link')) return 'Mount it at the path that the link leads to'
  const refused = switches.find((one) => one.refuses(read(one.path) ?? ''))
  if (refused !== undefined) return refused.hint
  if (/unknown filesystem type|No such device/.test(reason)) return 'Load the overlay module: modprobe overlay'
  if (/overlay/.test(reason)) return 'Overlays in user namespaces need Linux 5.11 or newer, and a store on ext4, xfs, btrfs or tmpfs'
  return 'In a container, permit nested namespaces: docker run --security-opt seccomp=unconfined --security-opt systempaths=unconfined'
}

function packageOf(program: string): string {
  if (program === 'bwrap') return 'bubblewrap'
  if (program === 'hostname') return 'hostname'
  if (program === 'ip') return 'iproute2'
  return ['env', 'mkfifo', 'chroot', 'mkdir'].includes(program) ? 'coreutils 8.31 or newer' : `util-linux (it has ${program})`
}

function readSwitch(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return undefined
  }
}
