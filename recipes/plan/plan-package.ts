import { statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { absPath, type AbsPath } from '../../base/ids.ts'
import type { Diagnostic } from '../../base/diagnostic.ts'
import { type Checked, complaints, ok } from '../../base/result.ts'
import type { LeafRecorder } from '../../engine/leaves.ts'
import type { CompiledPackage } from '../language/compile.ts'
import type { PackageRecipe, Subpackage, Test as ParsedTest } from '../language/schema/package.ts'
import type { Step as ParsedStep } from '../language/schema/step.ts'
import { scriptsOf } from '../language/script.ts'
import { type RecipeSource, sourcesOf } from '../language/sources.ts'
import type { HardeningException, PlannedPackage, PlannedRecipe, Scripts, Source, Step, Test } from './planned.ts'

/** 1 January 1980: the first moment that every archive format can tell. A recipe sets another by SOURCE_DATE_EPOCH in its environment. */
const defaultEpoch = 315_532_800

/** From a compiled recipe to what the graph is made of: conditions evaluated, steps flat, sources collected. `shown` is how messages call its file. */
export function planPackage(compiled: CompiledPackage, shown: string): Checked<PlannedRecipe> {
  const { recipe } = compiled
  const diagnostics: Diagnostic[] = []
  const sources = sourcesOf(compiled)
  if (sources.kind === 'complaints') return sources
  const subpackages = recipe.subpackages.filter((_, i) => {
    const condition = compiled.conditions[i]
    if (condition?.kind === 'complaints') diagnostics.push(...condition.diagnostics)
    return condition?.kind === 'ok' && condition.value
  })
  const variables = recipe.environment.environment
  const seconds = Math.ceil(recipe.package.timeout / 1000)
  const planned: PlannedRecipe = {
    kind: 'package',
    path: shown,
    origin: recipe.package.name,
    version: recipe.package.version,
    epoch: recipe.package.epoch,
    arch: compiled.arch,
    bootstrap: recipe.package.bootstrap,
    sourceDateEpoch: Number(variables['SOURCE_DATE_EPOCH'] ?? defaultEpoch),
    world: recipe.environment.contents.packages,
    environment: withoutDefaults(variables),
    sources: sources.value.map(sourceOf),
    packages: [mainPackage(recipe), ...subpackages.map((one) => subPackage(recipe, one))],
    resources: resourcesOf(recipe.package.resources),
    ...(seconds > 0 ? { timeout: seconds } : {}),
    hardening: recipe.hardening.exceptions.map((one): HardeningException => ({ paths: one.paths, checks: one.checks, reason: one.reason })),
    ...(recipe.reproducible === undefined ? {} : { irreproducible: recipe.reproducible.except }),
  }
  return diagnostics.length > 0 ? complaints(diagnostics) : ok(planned)
}

/** What the sandbox sets itself; melange's language caches would lie outside of the workspace. */
function withoutDefaults(variables: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const own = Object.entries(variables).filter(([name, value]) => !(name === 'HOME' || value.startsWith('/var/cache/melange') || name === 'SOURCE_DATE_EPOCH'))
  return Object.fromEntries(own)
}

/** With the folder beside its file. That there is none is a leaf of the build: one may be put there later. What is in one, its action reads. */
export function withFolder(recipe: PlannedRecipe, file: AbsPath, leaves: LeafRecorder): PlannedRecipe {
  const folder = besideRecipe(file)
  const stat = statSync(folder, { throwIfNoEntry: false })
  if (stat === undefined) leaves.absent(folder)
  return stat?.isDirectory() === true ? { ...recipe, folder } : recipe
}

/** The folder that a recipe in this file would have. */
export function besideRecipe(file: AbsPath): AbsPath {
  return absPath(join(dirname(file), basename(file).replace(/\.ya?ml$/, '')))
}

function mainPackage(recipe: PackageRecipe): PlannedPackage {
  return { ...common(recipe, recipe.package), steps: flatten(recipe.pipeline), scope: 'build', ...testOf(recipe.test) }
}

function subPackage(recipe: PackageRecipe, one: Subpackage): PlannedPackage {
  const moves = one.pipeline.length > 0 && one.pipeline.every((step) => step.scope === 'output')
  return { ...common(recipe, one), steps: flatten(one.pipeline), scope: moves ? 'output' : 'build', ...testOf(one.test) }
}

type Described = Pick<Subpackage, 'name' | 'description' | 'url' | 'commit' | 'dependencies' | 'options' | 'scriptlets'>

function common(recipe: PackageRecipe, one: Described): Omit<PlannedPackage, 'steps' | 'scope' | 'test'> {
  const { dependencies, options } = one
  return {
    name: one.name,
    description: one.description === '' ? recipe.package.description : one.description,
    url: one.url === '' ? recipe.package.url : one.url,
    license: licenseOf(recipe),
    commit: one.commit === '' ? recipe.package.commit : one.commit,
    depends: dependencies.runtime,
    provides: dependencies.provides,
    replaces: dependencies.replaces,
    ...priority('providerPriority', dependencies.providerPriority),
    ...priority('replacesPriority', dependencies.replacesPriority),
    triggers: one.scriptlets.trigger.paths,
    scripts: scriptletsOf(one),
    options: { noProvides: options.noProvides, noDepends: options.noDepends, noCommands: options.noCommands, noVersionedShlibDeps: options.noVersionedShlibDeps },
  }
}

function licenseOf(recipe: PackageRecipe): string {
  return recipe.package.copyright.map((one) => one.license).filter((license) => license !== '').join(' AND ')
}

function priority<K extends string>(key: K, text: string): { readonly [P in K]?: number } | Record<never, never> {
  return text === '' ? {} : { [key]: Number(text) }
}

function scriptletsOf({ scriptlets }: Described): Scripts {
  const all: Record<string, string> = {
    'pre-install': scriptlets.preInstall,
    'post-install': scriptlets.postInstall,
    'pre-deinstall': scriptlets.preDeinstall,
    'post-deinstall': scriptlets.postDeinstall,
    'pre-upgrade': scriptlets.preUpgrade,
    'post-upgrade': scriptlets.postUpgrade,
    trigger: scriptlets.trigger.script,
  }
  return Object.fromEntries(Object.entries(all).filter(([, text]) => text !== ''))
}

function testOf(test: ParsedTest | undefined): { readonly test: Test } | Record<never, never> {
  if (test === undefined) return {}
  const steps = flatten(test.pipeline)
  return steps.length === 0 ? {} : { test: { world: test.environment.contents.packages, environment: withoutDefaults(test.environment.environment), steps } }
}

function flatten(steps: readonly ParsedStep[]): readonly Step[] {
  return scriptsOf(steps).scripts.map(({ name, script, directory, environment }) => ({ name: name === '' ? 'runs' : name, script, directory, environment }))
}

function sourceOf(source: RecipeSource): Source {
  switch (source.kind) {
    case 'file': {
      const uri = source.uris[0] ?? ''
      const hash = source.sha256 === '' ? ({ algorithm: 'sha512', hex: source.sha512 } as const) : ({ algorithm: 'sha256', hex: source.sha256 } as const)
      return { kind: 'file', hash, uris: source.uris, label: uri.slice(uri.lastIndexOf('/') + 1) }
    }
    case 'git': {
      const { repository, commit, tag, branch, submodules } = source
      const refs = [tag === '' ? '' : `refs/tags/${tag}`, branch === '' ? '' : `refs/heads/${branch}`].filter((ref) => ref !== '')
      return { kind: 'git', repository, commit, refs, submodules, label: `${repository.slice(repository.lastIndexOf('/') + 1)} ${[tag, branch, commit.slice(0, 12)].find((word) => word !== '') ?? ''}` }
    }
    case 'debs':
      return { kind: 'debs', debs: source.debs, links: source.links, label: 'bootstrap' }
  }
}

const units: Readonly<Record<string, number>> = { '': 1, K: 1e3, M: 1e6, G: 1e9, T: 1e12, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 }

const noResources: PlannedRecipe['resources'] = {}

/** Cores as a number, memory as bytes (`2Gi`). */
export function resourcesOf(resources: { readonly cpu: string; readonly memory: string }): PlannedRecipe['resources'] {
  if (resources.cpu === '' && resources.memory === '') return noResources
  const [, amount = '', unit = ''] = /^([0-9.]+)([KMGT]i?)?$/.exec(resources.memory) ?? []
  const memory = Number(amount) * (units[unit] ?? 1)
  return { ...(Number(resources.cpu) > 0 ? { cpu: Number(resources.cpu) } : {}), ...(memory > 0 ? { memory: Math.round(memory) } : {}) }
}
