import { normalize } from 'node:path/posix'
import type { CompiledPackage } from './compile.ts'
import { evaluate } from './condition.ts'
import type { Step } from './schema/step.ts'

/** One script of a compiled pipeline, in the order in which they run. */
export interface Script {
  /** For the log: the step's name, or its pipeline, after those of the steps above it. */
  readonly name: string
  /** Text for /bin/sh, as written in the recipe or the pipeline's file. */
  readonly script: string
  /** Relative to the workspace unless it is absolute, empty for the workspace itself; made if missing. */
  readonly directory: string
  /** The step's own variables over those of the steps above it. */
  readonly environment: Readonly<Record<string, string>>
  /** `output`: it only moves files between the folders of two packages. */
  readonly scope: 'build' | 'output'
  /** The pipelines that it stands in, outermost first. */
  readonly uses: readonly string[]
}

export interface FailedAssertion {
  readonly step: string
  readonly required: number
  readonly ran: number
}

export interface Scripts {
  readonly scripts: readonly Script[]
  /** `required-steps` that the conditions do not meet; known without running anything. */
  readonly failed: readonly FailedAssertion[]
}

/** What a compiled pipeline runs: steps whose condition is false are left out with all below them, and a step's own script comes before those of its children. */
export function scriptsOf(pipeline: readonly Step[]): Scripts {
  const walk = new Walk()
  for (const step of pipeline) walk.step(step, { names: [], environment: {}, scope: 'build', uses: [] })
  return walk
}

interface Above {
  readonly names: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly scope: 'build' | 'output'
  readonly uses: readonly string[]
}

class Walk implements Scripts {
  readonly scripts: Script[] = []
  readonly failed: FailedAssertion[] = []

  /** Whether the step runs. */
  step(step: Step, above: Above): boolean {
    if (!holds(step)) return false
    const here: Above = {
      names: [...above.names, step.name === '' ? step.uses : step.name].filter((name) => name !== ''),
      environment: { ...above.environment, ...step.environment },
      scope: step.scope === 'output' ? 'output' : above.scope,
      uses: step.uses === '' ? above.uses : [...above.uses, step.uses],
    }
    const { environment, scope, uses } = here
    const name = here.names.join(' / ')
    if (step.runs.trim() !== '') this.scripts.push({ name, script: step.runs, directory: directoryOf(step), environment, scope, uses })
    const ran = step.pipeline.filter((child) => this.step(child, here)).length
    const required = step.assertions.requiredSteps
    if (required > 0 && ran !== required) this.failed.push({ step: name, required, ran })
    return true
  }
}

function directoryOf(step: Step): string {
  const path = normalize(step.workingDirectory)
  return path === '.' ? '' : path.replace(/\/$/, '')
}

/** The steps of a pipeline that run, at any depth, those above before those below. */
export function runningSteps(pipeline: readonly Step[]): readonly Step[] {
  return pipeline.filter(holds).flatMap((step) => [step, ...runningSteps(step.pipeline)])
}

function holds(step: Step): boolean {
  const condition = evaluate(step.if)
  return condition.kind === 'value' && condition.value
}

/** The pipelines of a compiled recipe that build something: the main one, and those of subpackages that there are. */
export function buildPipelines(compiled: CompiledPackage): readonly (readonly Step[])[] {
  const { recipe, conditions } = compiled
  const subpackages = recipe.subpackages.filter((_, index) => {
    const condition = conditions[index]
    return condition?.kind === 'ok' && condition.value
  })
  return [recipe.pipeline, ...subpackages.map((one) => one.pipeline)]
}
