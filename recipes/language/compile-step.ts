import type { Diagnostic } from '../../base/diagnostic.ts'
import { badUses, pipelineCycle, unknownPipeline } from './complaints.ts'
import { inputsOf } from './inputs.ts'
import type { PipelineLibrary } from './pipelines.ts'
import type { Step } from './schema/step.ts'
import { origin, where } from './schema/type.ts'
import type { Span } from '../../base/source.ts'
import { layered, type Variables } from './substitute.ts'
import { substituted } from './variables.ts'

export interface StepScope {
  readonly library: PipelineLibrary
  readonly diagnostics: Diagnostic[]
  /** All that may stand in a script here, inputs of the pipelines above included. */
  readonly variables: Variables
  readonly directory: string
  /** Pipelines that are being compiled, outermost first. */
  readonly above: readonly string[]
}

/** The compile pass on a step and those below: its pipeline put in, its inputs resolved, every variable replaced (facts/recipes.md Appendix B). */
export function compileStep(step: Step, outer: StepScope): Step {
  const diagnostics: Diagnostic[] = []
  const scope = { ...outer, diagnostics }
  const loaded = loadUses(step, scope)
  const compiled = loaded === undefined ? step : compileLoaded(step, loaded, scope)
  outer.diagnostics.push(...(loaded?.uses === undefined ? diagnostics : diagnostics.map((one) => usedBy(step, one))))
  return compiled
}

function compileLoaded(given: Step, { step, uses, above }: Loaded, scope: StepScope): Step {
  const { diagnostics } = scope
  const inputs = inputsOf(step, { uses, given, variables: scope.variables, diagnostics })
  const variables = layered(scope.variables, inputs.variables)
  const place = (key: string, item?: number): Span | undefined => where(hasKey(step, key) ? step : given, key, item)
  const text = (value: string, key: string, quoted = false): string => (value.includes('${{') ? substituted(value, variables, { diagnostics, where: place(key), quoted }) : value)
  const { [origin]: written } = given
  const workingDirectory = text(step.workingDirectory === '' ? scope.directory : step.workingDirectory, 'working-directory')
  return {
    ...step,
    // From here on the step's place is where it is used, no longer its pipeline's file.
    ...(written === undefined ? {} : { [origin]: written }),
    workingDirectory,
    runs: text(step.runs, 'runs'),
    if: text(step.if, 'if', true),
    needs: { ...step.needs, packages: step.needs.packages.map((one) => text(one, 'needs')) },
    with: inputs.printed,
    inputs: {},
    pipeline: step.pipeline.map((child) => compileStep(child, { ...scope, variables, directory: workingDirectory, above })),
  }
}

function hasKey(step: Step, key: string): boolean {
  return step[origin]?.entries.some((entry) => entry.key === key) === true
}

/** A mistake inside a pipeline's file also shows the step that uses it. */
function usedBy(step: Step, diagnostic: Diagnostic): Diagnostic {
  const place = where(step, 'uses')
  if (place === undefined || diagnostic.where?.source === place.source) return diagnostic
  return { ...diagnostic, related: [...(diagnostic.related ?? []), { where: place, label: 'used here' }] }
}

interface Loaded {
  readonly step: Step
  /** The pipeline that was loaded; undefined for a step that has all in it. */
  readonly uses: string | undefined
  readonly above: readonly string[]
}

/** Undefined when there is no such pipeline, which is complained of. */
function loadUses(step: Step, scope: StepScope): Loaded | undefined {
  const { uses } = step
  if (uses === '' || step.pipeline.length > 0) return { step, uses: undefined, above: scope.above }
  const place = where(step, 'uses')
  const { diagnostics, library } = scope
  if (uses.startsWith('/') || uses.includes('..')) diagnostics.push(badUses(place, uses))
  else if (scope.above.includes(uses)) diagnostics.push(pipelineCycle(place, [...scope.above.slice(scope.above.indexOf(uses)), uses]))
  else {
    const pipeline = library.find(uses)
    if (pipeline === undefined) diagnostics.push(unknownPipeline(place, uses, library.names()))
    else if (pipeline.diagnostics.length > 0) diagnostics.push(...pipeline.diagnostics)
    else return { step: joined(step, pipeline.step), uses, above: [...scope.above, uses] }
  }
  return undefined
}

/** The file's keys win over the step's, but for `name` and `with`; environments join, the file's entries first. */
function joined(step: Step, file: Step): Step {
  const first = (own: string, other: string): string => (own === '' ? other : own)
  return {
    ...file,
    name: step.name,
    uses: first(file.uses, step.uses),
    with: step.with,
    runs: first(file.runs, step.runs),
    if: first(file.if, step.if),
    label: first(file.label, step.label),
    workingDirectory: first(file.workingDirectory, step.workingDirectory),
    environment: { ...step.environment, ...file.environment },
    needs: file.needs.packages.length > 0 ? file.needs : step.needs,
    assertions: file.assertions.requiredSteps > 0 ? file.assertions : step.assertions,
    inputs: { ...step.inputs, ...file.inputs },
    scope: first(file.scope, step.scope),
  }
}
