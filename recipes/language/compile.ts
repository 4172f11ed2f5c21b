import type { Diagnostic } from '../../base/diagnostic.ts'
import { byBytes } from '../../base/bytes.ts'
import { complaints, ok, type Checked } from '../../base/result.ts'
import { compileStep, type StepScope } from './compile-step.ts'
import { badCondition, wrongArchitecture } from './complaints.ts'
import { evaluate } from './condition.ts'
import { applyOptions, kept, withBuildUser, withPackages } from './environment.ts'
import { expand, type ExpandOptions } from './expand.ts'
import type { PipelineLibrary } from './pipelines.ts'
import type { ParsedPackage } from './recipe.ts'
import { encode } from './schema/encode.ts'
import { packageRecipe, type PackageRecipe, type Subpackage, type Test } from './schema/package.ts'
import type { Step } from './schema/step.ts'
import { where } from './schema/type.ts'
import { layered, type Variables } from './substitute.ts'
import { outputVariables, platformVariables } from './targets.ts'
import { compileVariables, substituted } from './variables.ts'

export interface CompileOptions extends ExpandOptions {
  /** apk's name: x86_64, aarch64. */
  readonly arch: string
  readonly library: PipelineLibrary
  /** Names of build options to turn on. */
  readonly buildOptions?: readonly string[]
}

/** Stage three: nothing is left to replace but what runs in the shell. */
export interface CompiledPackage {
  readonly kind: 'compiled'
  readonly arch: string
  /** In melange's shape: pipelines put in, needs joined to the environments, `data` used up. */
  readonly recipe: PackageRecipe
  /** For each subpackage, whether its `if` holds; melange prints the condition and decides when it builds. */
  readonly conditions: readonly Checked<boolean>[]
}

/** Compiles a package recipe for one architecture. All complaints of all passes come together, each once. */
export function compileRecipe(parsed: ParsedPackage, options: CompileOptions): Checked<CompiledPackage> {
  const diagnostics: Diagnostic[] = []
  const { recipe } = expand(parsed, options, diagnostics)
  const { targetArchitecture } = recipe.package
  if (!isFor(recipe, options.arch)) return complaints([wrongArchitecture(where(recipe.package, 'target-architecture'), options.arch, targetArchitecture)])
  const compiled = new Compiler(applyOptions(recipe, options.buildOptions ?? [], diagnostics), options, diagnostics).compile()
  return diagnostics.length > 0 ? complaints(eachOnce(diagnostics)) : ok(compiled)
}

/** Whether a recipe is built for an architecture; only apk's names count. */
export function isFor(recipe: PackageRecipe, arch: string): boolean {
  const { targetArchitecture } = recipe.package
  return targetArchitecture.length === 0 || targetArchitecture.includes('all') || targetArchitecture.includes(arch)
}

/** The compiled recipe as `melange compile` prints it, but for scripts, which stay as written. */
export function compiledJson(compiled: CompiledPackage, options: { readonly indent?: number } = {}): string {
  return encode(packageRecipe, compiled.recipe, options)
}

class Compiler {
  readonly #recipe: PackageRecipe
  readonly #options: CompileOptions
  readonly #diagnostics: Diagnostic[]
  readonly #variables: Variables

  constructor(recipe: PackageRecipe, options: CompileOptions, diagnostics: Diagnostic[]) {
    this.#recipe = recipe
    this.#options = options
    this.#diagnostics = diagnostics
    this.#variables = layered(layered(compileVariables(recipe, diagnostics), platformVariables(recipe, options.arch)), this.#optionVariables())
  }

  compile(): CompiledPackage {
    const recipe = this.#recipe
    const main = this.#steps(recipe.pipeline, this.#scope(undefined))
    const subpackages = recipe.subpackages.map((one) => this.#subpackage(one))
    const needs = [main, ...subpackages.map((one) => one.pipeline)].map((steps) => this.#gather(steps))
    const [mainSteps, ...subpackageSteps] = needs.map((one) => one.steps)
    return {
      kind: 'compiled',
      arch: this.#options.arch,
      recipe: {
        ...recipe,
        pipeline: mainSteps ?? [],
        subpackages: subpackages.map((one, index) => ({ ...one, pipeline: subpackageSteps[index] ?? [] })),
        environment: withPackages(recipe.environment, [...recipe.environment.contents.packages, ...needs.flatMap((one) => one.packages)]),
        test: recipe.test && this.#test(recipe.test, recipe.package.name, this.#scope(undefined)),
      },
      conditions: recipe.subpackages.map((one) => this.#condition(one)),
    }
  }

  #optionVariables(): Variables {
    const enabled = this.#options.buildOptions ?? []
    return new Map([...Object.keys(this.#recipe.options), ...enabled].map((name) => [`options.${name}.enabled`, String(enabled.includes(name))]))
  }

  #scope(subpackage: string | undefined): StepScope {
    const variables = layered(this.#variables, outputVariables(this.#recipe.package.name, subpackage))
    return { library: this.#options.library, diagnostics: this.#diagnostics, variables, directory: '', above: [] }
  }

  #steps(steps: readonly Step[], scope: StepScope): readonly Step[] {
    return steps.map((step) => compileStep(step, scope))
  }

  #subpackage(one: Subpackage): Subpackage {
    const scope = this.#scope(one.name)
    return { ...one, setcap: [], pipeline: this.#steps(one.pipeline, scope), test: one.test && this.#test(one.test, one.name, scope) }
  }

  /** A test's environment gets the package itself, sorted and each once; a build user only if there is something to run. */
  #test(test: Test, name: string, scope: StepScope): Test {
    const { steps, packages } = this.#gather(this.#steps(test.pipeline, scope))
    const own = kept(test.environment)
    const all = [...new Set([...own.contents.packages, name, ...packages])].sort(byBytes)
    return { ...test, pipeline: steps, environment: withPackages(steps.length > 0 ? withBuildUser(own) : own, all) }
  }

  /** Takes the needs out of steps whose condition holds; those of steps below are copied and stay. */
  #gather(steps: readonly Step[]): { readonly steps: readonly Step[]; readonly packages: readonly string[] } {
    const packages = steps.map((step) => this.#needs(step))
    return {
      steps: steps.map((step, index) => (packages[index] === undefined ? step : { ...step, needs: { ...step.needs, packages: [] } })),
      packages: packages.flatMap((one) => one ?? []),
    }
  }

  /** Undefined for a step that does not run, or whose condition was complained of; the conditions below it are not looked at. */
  #needs(step: Step): readonly string[] | undefined {
    if (step.if.includes('${{')) return undefined
    const condition = evaluate(step.if)
    if (condition.kind === 'bad') this.#diagnostics.push(badCondition(where(step, 'if'), step.if, condition.at, condition.reason))
    if (condition.kind === 'bad' || !condition.value) return undefined
    return [...step.needs.packages, ...step.pipeline.flatMap((child) => this.#needs(child) ?? [])]
  }

  #condition(one: Subpackage): Checked<boolean> {
    const place = where(one, 'if')
    const text = substituted(one.if, this.#scope(one.name).variables, { diagnostics: this.#diagnostics, where: place, quoted: true })
    const condition = evaluate(text)
    return condition.kind === 'value' ? ok(condition.value) : complaints([badCondition(place, text, condition.at, condition.reason)])
  }
}

function eachOnce(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const seen = new Set<string>()
  return diagnostics.filter(({ code, message, where: place }) => {
    const key = `${code}\0${message}\0${place?.source.path}\0${place?.start}`
    return !seen.has(key) && seen.add(key)
  })
}
