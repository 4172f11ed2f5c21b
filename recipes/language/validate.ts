import type { Diagnostic } from '../../base/diagnostic.ts'
import type { Span } from '../../base/source.ts'
import { badCapability, badName, badPriority, capabilityReason, duplicateName, emptyVersion, halfCpe, usesAndRuns, withWithoutUses } from './complaints.ts'
import { PACKAGE_NAME, type Dependencies, type PackageRecipe } from './schema/package.ts'
import type { Step } from './schema/step.ts'
import { where } from './schema/type.ts'

/** What must hold of a recipe whose parse-time variables are replaced. Steps of tests are not looked at, as in melange. */
export function validate(recipe: PackageRecipe): readonly Diagnostic[] {
  return [
    ...names(recipe),
    ...(recipe.package.version === '' ? [emptyVersion(where(recipe.package, 'version'))] : []),
    ...[recipe.package, ...recipe.subpackages].flatMap((one) => priorities(one.dependencies)),
    ...cpe(recipe),
    ...capabilities(recipe),
    ...[recipe, ...recipe.subpackages].flatMap((one) => steps(one.pipeline)),
  ]
}

const packageName = new RegExp(PACKAGE_NAME)

function names(recipe: PackageRecipe): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = []
  const seen = new Map<string, Span | undefined>()
  for (const one of [recipe.package, ...recipe.subpackages]) {
    const place = where(one, 'name')
    if (!packageName.test(one.name)) diagnostics.push(badName(place, one.name, PACKAGE_NAME))
    if (seen.has(one.name)) diagnostics.push(duplicateName(place, one.name, seen.get(one.name)))
    seen.set(one.name, place)
  }
  return diagnostics
}

function priorities(dependencies: Dependencies): readonly Diagnostic[] {
  const bad = (text: string, key: string): readonly Diagnostic[] => (text === '' || /^[-+]?\d+$/.test(text) ? [] : [badPriority(where(dependencies, key), text)])
  return [...bad(dependencies.providerPriority, 'provider-priority'), ...bad(dependencies.replacesPriority, 'replaces-priority')]
}

function cpe(recipe: PackageRecipe): readonly Diagnostic[] {
  const { vendor, product } = recipe.package.cpe
  if ((vendor === '') === (product === '')) return []
  return [halfCpe(where(recipe.package, 'cpe'), vendor === '' ? 'vendor' : 'product')]
}

const FILE_CAPABILITIES = ['cap_ipc_lock', 'cap_net_admin', 'cap_net_bind_service', 'cap_net_raw', 'cap_sys_admin']

function capabilities(recipe: PackageRecipe): readonly Diagnostic[] {
  return recipe.package.setcap.flatMap((one) => [
    ...Object.keys(one.add)
      .flatMap((key) => key.split(','))
      .filter((capability) => !FILE_CAPABILITIES.includes(capability))
      .map((capability) => badCapability(where(one, 'add'), capability, FILE_CAPABILITIES)),
    ...(one.reason === '' ? [capabilityReason(where(one))] : []),
  ])
}

function steps(pipeline: readonly Step[]): readonly Diagnostic[] {
  return pipeline.flatMap((step) => [
    ...(step.uses !== '' && step.runs !== '' ? [usesAndRuns(where(step, 'runs'), step.uses)] : []),
    ...(step.uses === '' && Object.keys(step.with).length > 0 ? [withWithoutUses(where(step, 'with'))] : []),
    ...steps(step.pipeline),
  ])
}
