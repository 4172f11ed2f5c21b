import type { Diagnostic } from '../../base/diagnostic.ts'
import type { Span } from '../../base/source.ts'
import { badChecksum, CHECKSUMS, missingInput, unknownInput, variableCycle } from './complaints.ts'
import type { Step } from './schema/step.ts'
import { where } from './schema/type.ts'
import { layered, referencesIn, type Variables } from './substitute.ts'
import { substituted } from './variables.ts'

export interface InputScope {
  /** The pipeline that the step uses; undefined when its steps stand in it. */
  readonly uses: string | undefined
  /** The step as it was before its pipeline was put in: it knows where its inputs are given. */
  readonly given: Step
  readonly variables: Variables
  readonly diagnostics: Diagnostic[]
}

export interface Inputs {
  /** `inputs.NAME` by value. */
  readonly variables: Variables
  /** The `with` of the printed form: what differs from the default's own text, nothing at all when the step gives nothing. */
  readonly printed: Readonly<Record<string, string>>
}

/** Checks a step's `with` against the inputs of its pipeline and resolves both: the scope above is asked first, then the other inputs. */
export function inputsOf(step: Step, scope: InputScope): Inputs {
  const raw = rawValues(step, scope)
  const resolved = resolve(raw, step, scope)
  const given = Object.keys(step.with).length > 0
  const printed = [...resolved].filter(([name, value]) => given && (step.inputs[name]?.default ?? '') !== value)
  return { variables: new Map([...resolved].map(([name, value]) => [`inputs.${name}`, value])), printed: Object.fromEntries(printed) }
}

function rawValues(step: Step, scope: InputScope): ReadonlyMap<string, string> {
  const { uses, diagnostics } = scope
  const place = (name: string): Span | undefined => placeOf(scope, step, name)
  const raw = new Map<string, string>()
  for (const [name, value] of Object.entries(step.with)) {
    if (uses !== undefined && !Object.hasOwn(step.inputs, name)) diagnostics.push(unknownInput(place(name), name, uses, Object.keys(step.inputs)))
    raw.set(name, value)
  }
  for (const [name, input] of Object.entries(step.inputs)) {
    const value = raw.get(name) ?? ''
    raw.set(name, value === '' ? input.default : value)
    if (input.required && raw.get(name) === '') diagnostics.push(missingInput(where(scope.given, 'uses'), name, uses ?? step.uses))
  }
  for (const [name, length] of Object.entries(CHECKSUMS)) {
    const value = raw.get(name) ?? ''
    if (value !== '' && !(value.length === length && /^[0-9a-fA-F]*$/.test(value))) diagnostics.push(badChecksum(place(name), name, value))
  }
  return raw
}

function resolve(raw: ReadonlyMap<string, string>, step: Step, scope: InputScope): ReadonlyMap<string, string> {
  const done = new Map<string, string>()
  const visit = (name: string, above: readonly string[]): void => {
    const value = raw.get(name)
    if (value === undefined || done.has(name)) return
    if (!value.includes('${{')) {
      done.set(name, value)
      return
    }
    if (above.includes(name)) {
      scope.diagnostics.push(variableCycle(placeOf(scope, step, name), [...above.slice(above.indexOf(name)), name].map((one) => `inputs.${one}`)))
      done.set(name, '')
      return
    }
    const needed = referencesIn(value).filter((one) => one.startsWith('inputs.') && !scope.variables.has(one)).map((one) => one.slice('inputs.'.length))
    for (const one of needed) visit(one, [...above, name])
    const siblings = needed.flatMap((one) => (done.has(one) ? [[`inputs.${one}`, done.get(one) ?? ''] as const] : []))
    const variables = siblings.length === 0 ? scope.variables : layered(new Map(siblings), scope.variables)
    if (!done.has(name)) done.set(name, substituted(value, variables, { diagnostics: scope.diagnostics, where: placeOf(scope, step, name) }))
  }
  for (const name of raw.keys()) visit(name, [])
  return done
}

/** Where a value was given, or else where the pipeline declares it. */
function placeOf(scope: InputScope, step: Step, name: string): Span | undefined {
  return Object.hasOwn(scope.given.with, name) ? where(scope.given, 'with', name) : where(Object.hasOwn(scope.given.inputs, name) ? scope.given : step, 'inputs', name)
}
