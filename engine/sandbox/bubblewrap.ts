// The sandbox of bubblewrap. Version 0.8 (Debian 12) has no --overlay, so the overlay is mounted by an outer namespace, and bwrap starts in it.
import { realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sharedLinks } from './links.ts'
import { namespacesSandbox } from './namespaces.ts'
import type { Sandbox, SandboxSpec } from './sandbox.ts'
import { bubblewrapScript } from './script.ts'
import { guardedProc, insidePath, prepareStage, type Stage } from './stage.ts'
import { capabilities, supervise } from './supervise.ts'

export const bubblewrapSandbox: Sandbox = {
  name: 'bubblewrap',
  run(spec, signal) {
    // bwrap's own process dies of a Ctrl-C that was meant for the command, and takes it along: on a terminal plain namespaces do better.
    if (spec.stdio === 'inherit') return namespacesSandbox.run(spec, signal)
    const stage = prepareStage(spec, sharedLinks())
    writeFileSync(join(stage.path, 'arguments'), bubblewrapArguments(stage, spec).map((argument) => `${argument}\0`).join(''))
    return supervise({ script: bubblewrapScript, stage, rest: spec.argv, started: hasExited, notStarted: missingProgram }, spec, signal)
  },
}

/** Network, ipc, uts and cgroup namespaces are the outer ones; user too: what bwrap keeps of its capabilities can't mount anything. */
function bubblewrapArguments(stage: Stage, spec: SandboxSpec): readonly string[] {
  return [
    ...['--bind', join(stage.path, 'root'), '/', '--proc', '/proc', '--dev', '/dev', '--perms', '1777', '--tmpfs', '/tmp'],
    ...guardedProc().flatMap((path) => ['--ro-bind', path, path]),
    ...spec.mounts.flatMap((mount) => [mount.writable ? '--bind' : '--ro-bind', realpathSync(mount.source), insidePath(mount.target)]),
    ...['--unshare-pid', '--die-with-parent', '--json-status-fd', '3', '--cap-drop', 'ALL'],
    ...userArguments(spec),
    ...['--chdir', insidePath(spec.directory), '--clearenv'],
    ...Object.entries(spec.environment).flatMap(([name, value]) => ['--setenv', name, value]),
  ]
}

/** Another user than 0 has a namespace of its own below, and no capability. */
function userArguments({ user }: SandboxSpec): readonly string[] {
  if (user !== undefined && user.uid !== 0) return ['--unshare-user', '--uid', String(user.uid), '--gid', String(user.gid)]
  return capabilities.flatMap((name) => ['--cap-add', `CAP_${name.toUpperCase()}`])
}

/** bwrap reports an exit code just when the command was executed (bwrap(1), --json-status-fd). */
function hasExited(control: string): boolean {
  return control.includes('"exit-code"')
}

/** The code of a shell that finds no program, when bwrap got as far as executing it. */
function missingProgram(control: string, printed: string): number | undefined {
  return control.includes('"child-pid"') && printed.startsWith('bwrap: execvp ') ? 127 : undefined
}
