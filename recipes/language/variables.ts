import type { Diagnostic } from '../../base/diagnostic.ts'
import type { Span } from '../../base/source.ts'
import { badReference, badRegex, unknownVariable, variableCycle } from './complaints.ts'
import type { PackageRecipe } from './schema/package.ts'
import { where } from './schema/type.ts'
import { referencesIn, substitute, type Variables } from './substitute.ts'
import { compileRe2, transform } from './transform.ts'

/** What the parse pass replaces: the package's own words and `vars.*` as written, and what the transforms make of them. */
export function parseVariables(recipe: PackageRecipe, diagnostics: Diagnostic[]): Variables {
  const values = new Map([...packageVariables(recipe), ['package.description', recipe.package.description]])
  for (const [name, value] of Object.entries(recipe.vars)) values.set(`vars.${name}`, value)
  applyTransforms(recipe, values, diagnostics)
  return values
}

/** What the compile pass knows wherever it works: `package.*` and `vars.*`, the latter resolved. */
export function compileVariables(recipe: PackageRecipe, diagnostics: Diagnostic[]): Variables {
  const values = new Map([...packageVariables(recipe), ...resolvedVars(recipe, diagnostics)])
  applyTransforms(recipe, values, diagnostics)
  return values
}

function packageVariables(recipe: PackageRecipe): readonly (readonly [string, string])[] {
  const { name, version, epoch } = recipe.package
  return [
    ['package.name', name],
    ['package.version', version],
    ['package.epoch', epoch],
    ['package.full-version', `${version}-r${epoch}`],
  ]
}

/**
 * `vars` may stand for each other, in any order (melange takes them in random order, so some of its runs fail);
 * nothing else is known in them, and a circle is a mistake.
 */
function resolvedVars(recipe: PackageRecipe, diagnostics: Diagnostic[]): ReadonlyMap<string, string> {
  const done = new Map<string, string>()
  const resolve = (name: string, above: readonly string[]): void => {
    const value = recipe.vars[name]
    if (value === undefined || done.has(`vars.${name}`)) return
    if (above.includes(name)) {
      diagnostics.push(variableCycle(where(recipe, 'vars', name), [...above.slice(above.indexOf(name)), name]))
      done.set(`vars.${name}`, '')
      return
    }
    for (const reference of referencesIn(value)) if (reference.startsWith('vars.')) resolve(reference.slice('vars.'.length), [...above, name])
    if (!done.has(`vars.${name}`)) done.set(`vars.${name}`, substituted(value, done, { diagnostics, where: where(recipe, 'vars', name) }))
  }
  for (const name of Object.keys(recipe.vars)) resolve(name, [])
  return done
}

function applyTransforms(recipe: PackageRecipe, values: Map<string, string>, diagnostics: Diagnostic[]): void {
  for (const rule of recipe.varTransforms) {
    const from = substituted(rule.from, values, { diagnostics, where: where(rule, 'from') })
    const compiled = compileRe2(rule.match)
    if (compiled.kind === 'bad') diagnostics.push(badRegex(where(rule, 'match'), rule.match, compiled.reason))
    values.set(`vars.${rule.to}`, compiled.kind === 'bad' ? from : transform(from, compiled.expression, rule.replace))
  }
}

export interface Report {
  readonly diagnostics: Diagnostic[]
  readonly where: Span | undefined
  /** Text of an `if`, where values are put in with quotes. */
  readonly quoted?: boolean
}

/** The compile pass on one text, with what is wrong reported. */
export function substituted(text: string, variables: Variables, report: Report): string {
  const result = substitute(text, variables, { quoted: report.quoted === true })
  for (const problem of result.problems) {
    report.diagnostics.push(
      problem.kind === 'bad' ? badReference(report.where, problem.text) : unknownVariable(at(report.where, problem.name), problem.name, [...variables.keys()]),
    )
  }
  return result.text
}

/** The reference itself where the text stands in the file as it is, else the whole text. */
function at(span: Span | undefined, name: string): Span | undefined {
  if (span === undefined) return undefined
  const written = span.source.text.slice(span.start, span.end)
  const found = new RegExp(`\\$\\{\\{\\s*${name.replaceAll('.', '\\.')}\\s*\\}\\}`).exec(written)
  return found === null ? span : { source: span.source, start: span.start + found.index, end: span.start + found.index + found[0].length }
}
