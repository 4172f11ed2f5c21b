import type { Diagnostic } from '../../base/diagnostic.ts'
import type { SourceFile } from '../../base/source.ts'
import { buildEnvironment } from './environment.ts'
import { applyRanges } from './range.ts'
import { parseFirst, type ParsedPackage } from './recipe.ts'
import { packageRecipe, subpackage as subpackageType, type PackageRecipe, type Resources } from './schema/package.ts'
import type { Step } from './schema/step.ts'
import { textMap } from './schema/type.ts'
import { changeTexts } from './schema/walk.ts'
import { replaceExact, type Variables } from './substitute.ts'
import { validate } from './validate.ts'
import { compileVariables, parseVariables, substituted } from './variables.ts'

export interface ExpandOptions {
  /** Commit of the recipe's repository, for packages that name none. */
  readonly commit?: string
  /** Files of environment variables; the first wins, and the recipe wins over all. */
  readonly environmentFiles?: readonly SourceFile[]
  /** A YAML map of variables, which win over the recipe's. */
  readonly varsFile?: SourceFile
  /** Over the recipe's own. */
  readonly resources?: Partial<Pick<Resources, 'cpu' | 'cpumodel' | 'memory' | 'disk'>>
  /** Milliseconds, over the recipe's own. */
  readonly timeout?: number
}

/** Stage two: variables, transforms and ranges applied; what is left to replace depends on the architecture or on inputs. */
export interface ExpandedPackage {
  readonly kind: 'expanded'
  readonly source: SourceFile
  readonly recipe: PackageRecipe
}

/** The parse pass of melange, in its order (facts/recipes.md 1.6 and Appendix B). Complaints are added to `diagnostics`, and the pass goes on. */
export function expand(parsed: ParsedPackage, options: ExpandOptions, diagnostics: Diagnostic[]): ExpandedPackage {
  const whole = withVarsFile(parsed.recipe, options.varsFile, diagnostics)
  const variables = parseVariables(whole, diagnostics)
  const subpackages = applyRanges(whole, variables, diagnostics).map((one) => replaced(subpackageType, one.subpackage, one.variables))
  const exact = replaced(packageRecipe, { ...whole, subpackages: [], data: [] }, variables)
  const commit = exact.package.commit === '' ? (options.commit ?? '') : exact.package.commit
  const named = { ...exact, package: { ...exact.package, commit }, subpackages: subpackages.map((one) => ({ ...one, commit: one.commit === '' ? commit : one.commit })) }
  const strict = strictly(named, diagnostics)
  const recipe = withFlags(inherited({ ...strict, environment: buildEnvironment(strict.environment, options.environmentFiles ?? [], diagnostics) }), options)
  diagnostics.push(...validate(recipe))
  return { kind: 'expanded', source: parsed.source, recipe }
}

function withVarsFile(recipe: PackageRecipe, file: SourceFile | undefined, diagnostics: Diagnostic[]): PackageRecipe {
  if (file === undefined) return recipe
  const vars = parseFirst(file, textMap)
  if (vars.kind === 'ok') return { ...recipe, vars: { ...recipe.vars, ...vars.value } }
  diagnostics.push(...vars.diagnostics)
  return recipe
}

function replaced<T extends object>(type: Parameters<typeof changeTexts<T>>[0], value: T, variables: Variables): T {
  return changeTexts(type, value, (text) => replaceExact(text, variables))
}

/** Dependencies and packages of environments: spaces are allowed, an unknown variable is a mistake. A subpackage's priorities are left out, as in melange. */
function strictly(recipe: PackageRecipe, diagnostics: Diagnostic[]): PackageRecipe {
  const variables = compileVariables(recipe, diagnostics)
  const main = changeTexts(packageRecipe, { ...recipe, subpackages: [] }, (text, { field, where }) =>
    field.variables === 'strict' ? substituted(text, variables, { diagnostics, where: where() }) : text,
  )
  const subpackages = recipe.subpackages.map((one) =>
    changeTexts(subpackageType, one, (text, { key, field, where }) =>
      field.variables === 'strict' && !key.endsWith('-priority') ? substituted(text, variables, { diagnostics, where: where() }) : text,
    ),
  )
  return { ...main, subpackages }
}

/** Steps hand their directory and environment down, except in tests, where only the directory goes (when they are compiled). */
function inherited(recipe: PackageRecipe): PackageRecipe {
  const subpackages = recipe.subpackages.map((one) => ({ ...one, pipeline: one.pipeline.map(handedDown) }))
  return { ...recipe, pipeline: recipe.pipeline.map(handedDown), subpackages }
}

function handedDown(step: Step): Step {
  const pipeline = step.pipeline.map((child) =>
    handedDown({
      ...child,
      workingDirectory: child.workingDirectory === '' ? step.workingDirectory : child.workingDirectory,
      environment: { ...step.environment, ...child.environment },
    }),
  )
  return { ...step, pipeline }
}

function withFlags(recipe: PackageRecipe, options: ExpandOptions): PackageRecipe {
  const resources = { ...recipe.package.resources, ...options.resources }
  return { ...recipe, package: { ...recipe.package, resources, timeout: options.timeout ?? recipe.package.timeout } }
}
