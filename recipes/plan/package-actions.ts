import type { Action, Input } from '../../engine/action.ts'
import { buildAction } from '../kinds/build.ts'
import { describeAction } from '../kinds/describe.ts'
import { environmentAction } from '../kinds/environment.ts'
import { fetchAction, fetchedFile } from '../kinds/fetch.ts'
import { gitAction, gitNode } from '../kinds/git-checkout.ts'
import { importAction } from '../kinds/import-debs.ts'
import { packAction } from '../kinds/pack.ts'
import { partitionAction } from '../kinds/partition.ts'
import { testAction } from '../kinds/test.ts'
import { recipeNode, treeInput, treeStep } from './catalogue.ts'
import { hardenedEnvironment } from './hardened-environment.ts'
import { fullVersion, type PlannedPackage, type PlannedRecipe, type Source, type Step } from './planned.ts'

/** Every action of a package recipe: fetch, environment, build, split, describe, pack, test. */
export function packageActions(recipe: PlannedRecipe): readonly Action[] {
  const imported = recipe.sources.find((source) => source.kind === 'debs')
  const made = imported === undefined ? madeActions(recipe) : importActions(recipe, imported)
  const trees = Object.fromEntries(recipe.packages.map((pkg) => [pkg.name, treeInput({ recipe, package: pkg })]))
  const describe = describeAction({
    id: recipeNode(recipe, 'describe'),
    recipe,
    trees,
    ...(imported === undefined ? { environment: recipeNode(recipe, 'environment') } : {}),
  })
  // Bootstrap packages are never shipped, so they are never packed.
  return [...made, describe, ...(recipe.bootstrap ? [] : recipe.packages.flatMap((pkg) => finishedActions(recipe, pkg)))]
}

function importActions(recipe: PlannedRecipe, source: Extract<Source, { kind: 'debs' }>): readonly Action[] {
  const fetches = source.debs.map((deb) =>
    fetchAction({ hash: { algorithm: 'sha256', hex: deb.sha256 }, uris: [`mirror://debian/${deb.path}`], label: `${deb.name} ${deb.version}` }),
  )
  const main = recipe.origin
  return [...fetches, importAction({ id: recipeNode(recipe, 'import'), name: main, label: `unpack ${source.debs.length} debs of ${main}`, debs: source.debs, links: source.links })]
}

function madeActions(recipe: PlannedRecipe): readonly Action[] {
  const main = recipe.packages[0]
  if (main === undefined) return []
  const inBuild = recipe.packages.filter((pkg) => pkg.scope === 'build')
  const splits = recipe.packages.filter((pkg) => pkg.scope === 'output')
  const environment = recipeNode(recipe, 'environment')
  const build = buildAction({
    id: recipeNode(recipe, 'build'),
    label: `build ${recipe.origin} ${fullVersion(recipe)}`,
    environment,
    steps: inBuild.flatMap((pkg) => pkg.steps),
    variables: variables(recipe),
    packages: inBuild.map((pkg) => pkg.name),
    sources: Object.fromEntries(recipe.sources.flatMap(sourceInput)),
    ...(recipe.folder === undefined ? {} : { folder: { kind: 'files', base: recipe.folder, globs: ['**'] } satisfies Input }),
    // One cpu each, whatever the recipe says: the makes inside share the machine's job tokens, so a second build fills what a configure leaves idle.
    resources: recipe.resources.memory === undefined ? {} : { memory: recipe.resources.memory },
    ...(recipe.timeout === undefined ? {} : { seconds: recipe.timeout }),
  })
  return [
    ...recipe.sources.flatMap(sourceActions),
    environmentAction(environment, recipe.world, recipe.arch),
    build,
    ...splits.map((pkg) => splitAction(recipe, { main: main.name, name: pkg.name, steps: pkg.steps })),
    ...(splits.length === 0 ? [] : [partition(recipe, { main: main.name, inBuild, splits })]),
  ]
}

/** A split has only the main package's tree before it, so a change of its steps builds nothing again. */
function splitAction(recipe: PlannedRecipe, split: { readonly main: string; readonly name: string; readonly steps: readonly Step[] }): Action {
  return buildAction({
    id: recipeNode(recipe, `split/${split.name}`),
    label: `split ${split.name}`,
    environment: recipeNode(recipe, 'environment'),
    steps: split.steps,
    variables: variables(recipe),
    packages: [split.main, split.name],
    sources: {},
    seeds: { [split.main]: { kind: 'output', node: recipeNode(recipe, 'build'), output: split.main } },
  })
}

function partition(recipe: PlannedRecipe, order: { readonly main: string; readonly inBuild: readonly PlannedPackage[]; readonly splits: readonly PlannedPackage[] }): Action {
  const built = (name: string): Input => ({ kind: 'output', node: recipeNode(recipe, 'build'), output: name })
  return partitionAction({
    id: recipeNode(recipe, 'partition'),
    label: `part ${recipe.origin}`,
    main: order.main,
    whole: built(order.main),
    splits: order.splits.map((pkg) => ({ name: pkg.name, node: recipeNode(recipe, `split/${pkg.name}`) })),
    made: Object.fromEntries(order.inBuild.filter((pkg) => pkg.name !== order.main).map((pkg) => [pkg.name, built(pkg.name)])),
  })
}

function finishedActions(recipe: PlannedRecipe, pkg: PlannedPackage): readonly Action[] {
  const describe = recipeNode(recipe, 'describe')
  const tree: Input = { kind: 'output', node: recipeNode(recipe, treeStep(recipe)), output: pkg.name }
  const pack = packAction({ id: recipeNode(recipe, `pack/${pkg.name}`), name: pkg.name, tree, describe, scripts: pkg.scripts })
  const test = pkg.test
  if (test === undefined) return [pack]
  const environment = recipeNode(recipe, `test/${pkg.name}/environment`)
  return [
    pack,
    environmentAction(environment, test.world, recipe.arch),
    testAction({
      id: recipeNode(recipe, `test/${pkg.name}`),
      label: `test ${pkg.name}`,
      environment,
      test,
      packed: { [pkg.name]: { kind: 'output', node: recipeNode(recipe, `pack/${pkg.name}`), output: 'apk' } },
      ...(recipe.folder === undefined ? {} : { folder: { kind: 'files', base: recipe.folder, globs: ['**'] } satisfies Input }),
    }),
  ]
}

function sourceActions(source: Source): readonly Action[] {
  switch (source.kind) {
    case 'file':
      return [fetchAction(source)]
    case 'git':
      return [gitAction(source)]
    case 'debs':
      return []
  }
}

function sourceInput(source: Source): readonly [string, Input][] {
  switch (source.kind) {
    case 'file':
      return [[source.hash.hex, fetchedFile(source.hash)]]
    case 'git':
      return [[source.commit, { kind: 'output', node: gitNode(source), output: 'tree' }]]
    case 'debs':
      return []
  }
}

function variables(recipe: PlannedRecipe): Readonly<Record<string, string>> {
  return { ...hardenedEnvironment, SOURCE_DATE_EPOCH: String(recipe.sourceDateEpoch), ...recipe.environment }
}
