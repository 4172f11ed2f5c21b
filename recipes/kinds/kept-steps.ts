// `--keep-steps`: what a build has made is kept after each of its steps, so that one that failed, or was changed, begins anew where it differs.
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { canonical } from '../../base/canonical.ts'
import { digestText } from '../../base/digest.ts'
import { absPath, type AbsPath, type Digest } from '../../base/ids.ts'
import { removeTree } from '../../cache/remove.ts'
import type { StepFolders } from '../../cache/step-folders.ts'
import type { Outcome, RunContext } from '../../engine/action.ts'
import { runProcess } from '../../engine/sandbox/process.ts'
import { toolPath } from '../../engine/sandbox/script.ts'
import type { Step } from '../plan/planned.ts'
import { plainFolder } from './plain-folder.ts'
import { runSteps, type Work, type WorkshopPorts } from './workshop.ts'

/** Raise it when the same steps may leave another folder than before. */
const version = 1

export interface KeptStepsOrder {
  readonly context: RunContext
  readonly ports: WorkshopPorts
  readonly folders: StepFolders
  readonly steps: readonly Step[]
  /** The host folder that is the workspace inside. */
  readonly home: AbsPath
}

/**
 * The steps of one build, each in a sandbox of its own. Between two of them are kept: a copy of the workspace with all times, a copy of /tmp,
 * and what was written to the root, which lies under the root of the next step. So a build that goes on sees what one that never stopped sees.
 */
export class KeptSteps {
  readonly #order: KeptStepsOrder
  /** Of what leads up to the end of each step. */
  readonly #ids: readonly Digest[]
  /** What the steps before wrote to the root, lowest first. */
  readonly #written: AbsPath[] = []
  readonly #tmp: AbsPath
  #done = 0
  #keeping = true

  constructor(order: KeptStepsOrder) {
    this.#order = order
    this.#ids = order.steps.map((_, i) => prefixDigest(order.context, order.steps.slice(0, i + 1)))
    this.#tmp = absPath(join(order.context.scratch, 'tmp'))
    mkdirSync(this.#tmp)
    chmodSync(this.#tmp, 0o1777)
  }

  /** Fills the empty workspace with what the longest known beginning of the steps left. Returns how many steps need not run. */
  async restore(): Promise<number> {
    const { folders, steps, context } = this.#order
    const found: AbsPath[] = []
    for (const id of this.#ids.slice(0, -1)) {
      const folder = folders.find(id)
      if (folder === undefined) break
      found.push(folder)
    }
    const last = found.at(-1)
    if (last === undefined) return 0
    if (!(await this.#copy(join(last, 'workspace'), this.#order.home)) || !(await this.#copy(join(last, 'tmp'), this.#tmp))) return this.#clear()
    this.#written.push(...found.map((folder) => absPath(join(folder, 'root'))))
    this.#done = found.length
    for (const step of steps.slice(0, this.#done)) context.log(`step "${step.name}" is as it was\n`)
    return this.#done
  }

  /** Runs the steps that were not restored; undefined means that all ended well. */
  async run(work: Omit<Work, 'steps'>): Promise<Outcome | undefined> {
    const { context, ports, steps } = this.#order
    for (let i = this.#done; i < steps.length; i++) {
      const part = `step-${i}`
      const failure = await runSteps(context, ports, {
        ...work,
        steps: steps.slice(i, i + 1),
        mounts: [...work.mounts, { source: this.#tmp, target: '/tmp', writable: true }],
        over: this.#written,
        part,
      })
      if (failure !== undefined) return failure
      if (i < steps.length - 1) await this.#keep(i, absPath(join(context.scratch, part, 'upper')))
    }
    return undefined
  }

  /** Half a copy is worse than none. */
  #clear(): number {
    const { home, context } = this.#order
    context.signal.throwIfAborted()
    for (const folder of [home, this.#tmp]) for (const name of readdirSync(folder)) removeTree(join(folder, name))
    return 0
  }

  /** A workspace that can't be copied, for files that even their owner may not read say, is not kept, nor is any later one; the build goes on. */
  async #keep(step: number, upper: AbsPath): Promise<void> {
    const { folders, home, context, steps } = this.#order
    const id = this.#ids[step]
    const kept =
      !this.#keeping || id === undefined
        ? undefined
        : await folders.keep(id, async (folder) => {
            if (!(await this.#copy(home, plainFolder(folder, 'workspace'))) || !(await this.#copy(this.#tmp, plainFolder(folder, 'tmp')))) return false
            renameSync(upper, join(folder, 'root'))
            return true
          })
    context.signal.throwIfAborted()
    this.#written.push(kept === undefined ? upper : absPath(join(kept, 'root')))
    if (kept !== undefined || !this.#keeping) return
    this.#keeping = false
    context.log(`what step "${steps[step]?.name ?? ''}" left can't be copied, so it is not kept\n`)
  }

  /** cp keeps times to the nanosecond, links between files, and modes; Node's own copy does not. */
  async #copy(from: string, to: string): Promise<boolean> {
    if (!existsSync(from)) return false
    const exit = await runProcess({
      argv: ['cp', '-a', '--reflink=auto', `${from}/.`, to],
      directory: this.#order.context.scratch,
      environment: { PATH: toolPath },
      signal: this.#order.context.signal,
      output: () => undefined,
    })
    return exit.kind === 'exited' && exit.code === 0
  }
}

/** Everything that may influence what the steps leave: the whole action but for the steps that come later. */
function prefixDigest({ action, inputs }: RunContext, steps: readonly Step[]): Digest {
  const seen = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, { ...input }]))
  return digestText(canonical({ version, spec: { ...action.spec, steps: steps.map((step) => ({ ...step })) }, inputs: seen }))
}
