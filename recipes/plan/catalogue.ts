import type { Action, Input } from '../../engine/action.ts'
import { type AbsPath, nodeId, type NodeId } from '../../base/ids.ts'
import { Fault } from '../../base/result.ts'
import { besideRecipe } from './plan-package.ts'
import type { PlannedPackage, PlannedRecipe } from './planned.ts'

/** What must be known of every recipe, so that names lead to them. */
export interface RecipeHead {
  readonly origin: string
  readonly bootstrap: boolean
  readonly packages: readonly { readonly name: string; readonly provides: readonly string[] }[]
}

/** A recipe of which no more than the head need be in memory. */
export interface CataloguedRecipe {
  readonly file: AbsPath
  readonly head: RecipeHead
  /** All of it; every call gives the same object. */
  whole(): PlannedRecipe
}

/** A package of the workspace that some name leads to. */
export interface Provider {
  readonly recipe: PlannedRecipe
  readonly package: PlannedPackage
}

/** All packages that the workspace can make, by name and by what they declare to provide. Names found while building (so:, cmd:) are not here. */
export class Catalogue {
  /** The names that `--all` stands for: imported recipes are made when something needs them. */
  readonly origins: readonly string[]
  readonly #recipes: readonly CataloguedRecipe[]
  readonly #byName = new Map<string, Provider>()
  readonly #byProvide = new Map<string, Provider[]>()
  #besides: ReadonlySet<AbsPath> | undefined

  constructor(recipes: readonly CataloguedRecipe[]) {
    this.#recipes = recipes
    this.origins = recipes.filter(({ head }) => !head.bootstrap).map(({ head }) => head.origin)
    for (const recipe of recipes) recipe.head.packages.forEach((_, index) => this.#add(recipe, index))
  }

  /** Every recipe whole: for whoever really looks at all of them. */
  get recipes(): readonly PlannedRecipe[] {
    return this.#recipes.map((recipe) => recipe.whole())
  }

  get(name: string): Provider | undefined {
    return this.#byName.get(name)
  }

  names(): Iterable<string> {
    return this.#byName.keys()
  }

  /** The package of that name first, then those that declare to provide it, in the order of the recipes. */
  providers(name: string): readonly Provider[] {
    const real = this.#byName.get(name)
    return [...(real === undefined ? [] : [real]), ...(this.#byProvide.get(name) ?? [])]
  }

  /** The folders that stand beside recipes, or would: what is below one is part of what is built. */
  get besides(): ReadonlySet<AbsPath> {
    return (this.#besides ??= new Set(this.#recipes.map(({ file }) => besideRecipe(file))))
  }

  #add(recipe: CataloguedRecipe, index: number): void {
    const provider = new HeldProvider(recipe, index)
    const { name, provides } = recipe.head.packages[index] ?? { name: '', provides: [] }
    this.#byName.set(name, provider)
    for (const provide of provides) {
      const provided = provide.replace(/[<>=~].*$/, '')
      const known = this.#byProvide.get(provided) ?? []
      known.push(provider)
      this.#byProvide.set(provided, known)
    }
  }
}

class HeldProvider implements Provider {
  readonly #recipe: CataloguedRecipe
  readonly #index: number

  constructor(recipe: CataloguedRecipe, index: number) {
    this.#recipe = recipe
    this.#index = index
  }

  get recipe(): PlannedRecipe {
    return this.#recipe.whole()
  }

  get package(): PlannedPackage {
    const found = this.recipe.packages[this.#index]
    if (found === undefined) throw new Fault('internal', `"${this.#recipe.head.origin}" has fewer packages than its head says`)
    return found
  }
}

/** The nodes of a recipe, by name. */
export function recipeNode(recipe: PlannedRecipe, step: string): NodeId {
  return nodeId(`package:${recipe.origin}/${step}`)
}

/** The final tree of a package. */
export function treeInput(provider: Provider): Input {
  return { kind: 'output', node: recipeNode(provider.recipe, treeStep(provider.recipe)), output: provider.package.name }
}

/** What a package says of itself, with how its found dependencies were satisfied. */
export function recordInput(provider: Provider): Input {
  return { kind: 'output', node: recipeNode(provider.recipe, 'describe'), output: `record/${provider.package.name}` }
}

/** Packages whose steps only move files get them by a partition of the main package's tree; without such, the build's own output is final. */
export function treeStep(recipe: PlannedRecipe): string {
  if (recipe.bootstrap && recipe.sources.some((source) => source.kind === 'debs')) return 'import'
  return recipe.packages.some((pkg) => pkg.scope === 'output') ? 'partition' : 'build'
}

/** Adds a recipe's actions to a graph; asked for whenever an expansion meets a package. */
export type ActionsOf = (recipe: PlannedRecipe) => readonly Action[]
