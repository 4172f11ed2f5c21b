// The sandbox of plain Linux namespaces: util-linux's `unshare`, `mount` and `setpriv`, driven by one shell script.
import { sharedLinks } from './links.ts'
import type { Sandbox, SandboxSpec } from './sandbox.ts'
import { gateScript, hostShell, namespacesScript } from './script.ts'
import { insidePath, prepareStage, writeFixedMounts } from './stage.ts'
import { supervise } from './supervise.ts'

export const namespacesSandbox: Sandbox = {
  name: 'namespaces',
  run(spec, signal) {
    const stage = prepareStage(spec, sharedLinks())
    writeFixedMounts(stage)
    return supervise({ script: namespacesScript, stage, rest: commandLine(spec), started: (control) => /^started$/m.test(control) }, spec, signal)
  },
}

/** What namespacesScript takes after the arguments that the scripts share. */
export function commandLine(spec: SandboxSpec): readonly string[] {
  const environment = Object.entries(spec.environment).map(([name, value]) => `${name}=${value}`)
  return [...environment, hostShell, '-c', gateScript, 'sh', insidePath(spec.directory), ...spec.argv]
}
