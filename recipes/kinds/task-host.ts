import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { absPath, type AbsPath } from '../../base/ids.ts'
import { Fault } from '../../base/result.ts'
import type { Outcome, RunContext } from '../../engine/action.ts'
import type { ProcessExit } from '../../engine/sandbox/process.ts'
import { quote } from '../../engine/sandbox/shell-job.ts'
import type { Room } from '../../engine/sandbox/shells.ts'
import { isSystemTool, systemFolders } from '../plan/task-tools.ts'

export interface HostRun {
  readonly script: string
  readonly environment: Readonly<Record<string, string>>
  readonly seconds?: number
}

/** Runs a script on the host's own programs; undefined means that it ended well. What is left of its process group is killed. */
export async function runOnHost(context: RunContext, room: Room, order: HostRun): Promise<Outcome | undefined> {
  const programs = wrapTools(context)
  const path = [...(programs === undefined ? [] : [programs]), ...systemFolders].join(':')
  const environment = { PATH: path, HOME: room.home, TMPDIR: room.tmp, ...order.environment }
  const exit = await room.run({
    script: order.script,
    directory: room.work,
    environment,
    output: (chunk) => context.log(chunk),
    signal: context.signal,
    ...(order.seconds === undefined ? {} : { seconds: order.seconds }),
  })
  return exit.kind === 'exited' && exit.code === 0 ? undefined : failed(context, exit, { room, order, path })
}

/**
 * A folder with the declared tools that the system's own folders don't lead to. A tool's real folder would bring its neighbours along,
 * and a link would hide from some programs where they are installed, so each is a script that starts the tool at its place.
 */
function wrapTools(context: RunContext): AbsPath | undefined {
  const tools = context.action.aside?.['tools'] as Readonly<Record<string, string>> | undefined
  const own = Object.entries(tools ?? {}).filter(([name, path]) => !isSystemTool(name, path))
  if (own.length === 0) return undefined
  const folder = absPath(join(context.scratch, 'bin'))
  mkdirSync(folder)
  for (const [name, path] of own) {
    writeFileSync(join(folder, name), `#!/bin/sh\nexec ${quote(path)} "$@"\n`)
    chmodSync(join(folder, name), 0o755)
  }
  return folder
}

interface Place {
  readonly room: Room
  readonly order: HostRun
  readonly path: string
}

function failed(context: RunContext, exit: ProcessExit, place: Place): Outcome {
  if (exit.kind === 'aborted') {
    context.signal.throwIfAborted()
    return { kind: 'failed', failure: { kind: 'signal', signal: 'SIGKILL' } }
  }
  // The folder is made when it is asked for, and only then can be kept.
  place.room.keep(context.scratch)
  context.keep()
  const where = { kept: context.scratch, enter: writeEnter(context, place) }
  switch (exit.kind) {
    case 'exited':
      return { kind: 'failed', failure: { kind: 'exit', code: exit.code, ...where } }
    case 'signalled':
      return { kind: 'failed', failure: { kind: 'signal', signal: exit.signal, ...where } }
    case 'timeout':
      return { kind: 'failed', failure: { kind: 'timeout', seconds: exit.seconds, ...where } }
    case 'too-much-output':
    case 'not-started':
      throw new Fault('machine', `/bin/sh can't be run for ${context.action.label}: ${exit.kind === 'not-started' ? exit.code : 'it printed too much'}`)
  }
}

/** A way back into the folder, with the environment that the script had, and the script beside it. */
function writeEnter(context: RunContext, { order, path: programs }: Place): AbsPath {
  const inside = (name: string): AbsPath => absPath(join(context.scratch, name))
  const environment = { PATH: programs, HOME: inside('home'), TMPDIR: inside('tmp'), ...order.environment }
  const settings = Object.entries(environment).map(([name, value]) => quote(`${name}=${value}`))
  const text = `#!/bin/sh
# Opens a shell in the folder of a failed task, with its environment, or runs the command that it is given.
cd ${quote(inside('folder'))} || exit
[ $# -gt 0 ] || set -- /bin/sh
exec env -i ${settings.join(' ')} "$@"
`
  writeFileSync(inside('run'), `${order.script}\n`)
  writeFileSync(inside('enter'), text, { mode: 0o755 })
  return inside('enter')
}
