// The sandboxed part that building, splitting and testing share: a root from package trees, a workspace, steps, and what they print.
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { AbsPath, Digest } from '../../base/ids.ts'
import { Fault } from '../../base/result.ts'
import { spaceHint } from '../../cache/machine-fault.ts'
import type { Roots } from '../../cache/roots.ts'
import type { StepFolders } from '../../cache/step-folders.ts'
import { freeSpace } from '../../cache/space.ts'
import type { Outcome, RunContext } from '../../engine/action.ts'
import { writeEnterScript } from '../../engine/sandbox/enter.ts'
import type { JobserverLease } from '../../engine/sandbox/jobserver.ts'
import type { Mount, Sandbox, SandboxExit, SandboxSpec } from '../../engine/sandbox/sandbox.ts'
import type { Step } from '../plan/planned.ts'
import { plainFolder } from './plain-folder.ts'

/** What of the machine is behind a sandboxed action. None of it may show in an output: `verify --rebuild` changes all of it. */
export interface WorkshopPorts {
  readonly sandbox: Sandbox
  readonly roots: Roots
  readonly hostname: string
  /** Where builds keep what each of their steps left; left out when they don't. */
  readonly steps?: StepFolders
  /** A share of the machine's job tokens for the makes inside. */
  jobs(signal: AbortSignal): Promise<JobserverLease>
}

export interface Work {
  /** Package trees that together are the root, lowest first. */
  readonly layers: readonly Digest[]
  readonly steps: readonly Step[]
  readonly environment: Readonly<Record<string, string>>
  readonly mounts: readonly Mount[]
  /** Host folder that is /home/build inside. */
  readonly workspace: AbsPath
  readonly seconds?: number
  readonly memory?: number
  /** Folders over the layers: what earlier steps wrote to the root, lowest first. */
  readonly over?: readonly AbsPath[]
  /** Folder of the scratch folder for what the sandbox needs; the scratch folder itself when left out. */
  readonly part?: string
  /** Servers under test may be asked on the sandbox's own loopback; a build gets not even that. */
  readonly loopback?: boolean
}

/** Where the workspace is inside; melange's place, since recipes name it. */
export const workspaceInside = '/home/build'

/** Runs the steps one after the other in one sandbox; undefined means that all ended well. */
export async function runSteps(context: RunContext, ports: WorkshopPorts, work: Work): Promise<Outcome | undefined> {
  if (work.steps.length === 0) return undefined
  const place = work.part === undefined ? context.scratch : plainFolder(context.scratch, work.part)
  const steps = plainFolder(place, 'steps')
  const lowers: AbsPath[] = []
  for (const layer of work.layers) lowers.push(await ports.roots.folder(layer))
  await using jobs = await ports.jobs(context.signal)
  writeSteps(steps, work.steps, jobs.prelude)
  const spec: SandboxSpec = {
    lowers: [...lowers, ...(work.over ?? [])],
    upper: plainFolder(place, 'upper'),
    work: plainFolder(place, 'work'),
    mounts: [{ source: work.workspace, target: workspaceInside, writable: true }, { source: steps, target: stepsInside, writable: true }, ...work.mounts, ...jobs.mounts],
    argv: ['/bin/sh', `${stepsInside}/run`],
    directory: workspaceInside,
    environment: { ...baseEnvironment, ...work.environment, ...jobs.environment },
    hostname: ports.hostname,
    ...(work.loopback === true ? { network: 'loopback' as const } : {}),
    limits: { ...(work.seconds === undefined ? {} : { seconds: work.seconds }), ...(work.memory === undefined ? {} : { memory: work.memory }) },
    output: (chunk) => context.log(chunk),
  }
  const exit = await ports.sandbox.run(spec, context.signal)
  if (exit.kind === 'exited' && exit.code === 0) return undefined
  return failed({ context, exit, spec, steps, names: work.steps.map((step) => step.name) })
}

const stepsInside = '/var/cache/nacre/steps'

/** Nothing from the machine: a build that reads a variable reads these or the recipe's. */
const baseEnvironment: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: workspaceInside,
  LANG: 'C.UTF-8',
  LC_ALL: 'C',
  TZ: 'UTC',
  TERM: 'dumb',
}

/** Each step is a file of its own, so a shell reads it whole before it runs, and no quoting comes between the recipe and the shell. */
function writeSteps(folder: AbsPath, steps: readonly Step[], prelude: string): void {
  const lines = ['umask 022', 'ulimit -c 0 2>/dev/null', prelude]
  steps.forEach((step, index) => {
    const exports = Object.entries(step.environment).map(([name, value]) => `export ${name}=${quote(value)}\n`)
    const place = quote(resolve(workspaceInside, step.directory))
    writeFileSync(join(folder, String(index)), `${exports.join('')}[ -d ${place} ] || mkdir -p ${place}\ncd ${place}\n${step.script}\nexit 0\n`)
    lines.push(`echo ${index} > ${stepsInside}/at`, `/bin/sh -e ${stepsInside}/${index} </dev/null || exit $?`)
  })
  writeFileSync(join(folder, 'run'), `${lines.join('\n')}\n`)
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

interface Failed {
  readonly context: RunContext
  readonly exit: SandboxExit
  readonly spec: SandboxSpec
  readonly steps: AbsPath
  readonly names: readonly string[]
}

function failed({ context, exit, spec, steps, names }: Failed): Outcome {
  if (exit.kind === 'aborted') {
    context.signal.throwIfAborted()
    return { kind: 'failed', failure: { kind: 'signal', signal: 'SIGTERM' } }
  }
  if (exit.kind === 'unavailable') {
    return { kind: 'failed', failure: { kind: 'refused', diagnostics: [{ code: 'sandbox/unavailable', severity: 'error', message: `The sandbox can't start: ${exit.reason}`, hint: exit.hint }] } }
  }
  const step = names[currentStep(steps)]
  // Not kept: what filled the disk would stop every further build.
  if (freeSpace(context.scratch).bytes < fullBelow) throw new Fault('machine', `The disk of the store ran full in "${context.action.label}"`, { hint: spaceHint })
  context.keep()
  const enter = writeEnterScript(spec, context.scratch)
  const where = { ...(step === undefined ? {} : { step }), kept: context.scratch, enter }
  switch (exit.kind) {
    case 'exited':
      return { kind: 'failed', failure: { kind: 'exit', code: exit.code, ...where } }
    case 'signalled':
      return { kind: 'failed', failure: { kind: 'signal', signal: exit.signal, ...where } }
    case 'timeout':
      return { kind: 'failed', failure: { kind: 'timeout', seconds: exit.seconds, ...where } }
  }
}

/** Bytes; a disk with so little left has failed whoever wrote to it last. */
const fullBelow = 1 << 20

function currentStep(steps: AbsPath): number {
  try {
    return Number(readFileSync(join(steps, 'at'), 'utf8').trim())
  } catch {
    return 0
  }
}
