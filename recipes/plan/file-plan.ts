import type { Diagnostic } from '../../base/diagnostic.ts'
import { type Checked, complaints, ok } from '../../base/result.ts'
import type { SourceFile } from '../../base/source.ts'
import { compileRecipe } from '../language/compile.ts'
import { packTasks } from '../language/kept-task.ts'
import type { PipelineLibrary } from '../language/pipelines.ts'
import { type ParsedPackage, type ParsedRecipe, parseRecipes } from '../language/recipe.ts'
import type { Task } from '../language/schema/task.ts'
import { planImage } from './plan-image.ts'
import { planPackage } from './plan-package.ts'
import type { PlannedImage } from './planned-image.ts'
import type { PlannedRecipe } from './planned.ts'

/** What the text of one file comes to on one architecture: it follows from that text and from the pipelines that it uses, and from nothing else. */
export interface FilePlan {
  /** Each thing that the file says how to make, on whatever architecture: `package:zlib`. */
  readonly targets: readonly string[]
  /** Without the folders beside them, which come and go. */
  readonly packages: readonly PlannedRecipe[]
  readonly images: readonly PlannedImage[]
  /** Packed (kept-task.ts); empty without tasks. */
  readonly tasks: string
  /** Names of the pipelines that were asked for, found or not. */
  readonly pipelines: readonly string[]
}

export interface FilePlanOptions {
  readonly arch: string
  readonly library: PipelineLibrary
}

/** Parses and compiles all that is in a file. All complaints of a stage come together. */
export function planFile(source: SourceFile, options: FilePlanOptions): Checked<FilePlan> {
  const recipes = parseRecipes(source)
  if (recipes.kind === 'complaints') return recipes
  const diagnostics: Diagnostic[] = []
  const library = new NotingLibrary(options.library)
  const take = <T>(planned: Checked<T>): readonly T[] => {
    if (planned.kind === 'ok') return [planned.value]
    diagnostics.push(...planned.diagnostics)
    return []
  }
  const packages = recipes.value.flatMap((one) => (one.kind === 'package' ? take(packagesOf(one, { ...options, library })) : [])).flat()
  const images = recipes.value.flatMap((one) => (one.kind === 'image' ? take(planImage(one, options.arch)) : []))
  const tasks = recipes.value.flatMap((one): readonly Task[] => (one.kind === 'task' ? [one.task] : []))
  if (diagnostics.length > 0) return complaints(diagnostics)
  return ok({ targets: recipes.value.flatMap(targetOf), packages, images, tasks: tasks.length === 0 ? '' : packTasks(tasks), pipelines: [...library.asked] })
}

function packagesOf(parsed: ParsedPackage, { arch, library }: FilePlanOptions): Checked<readonly PlannedRecipe[]> {
  const compiled = compileRecipe(parsed, { arch, library })
  const planned = compiled.kind === 'complaints' ? compiled : planPackage(compiled.value, parsed.source.path)
  if (planned.kind === 'ok') return ok([planned.value])
  const wrong = planned.diagnostics.filter(({ code }) => code !== 'recipe/wrong-architecture')
  return wrong.length > 0 ? complaints(wrong) : ok([])
}

function targetOf(parsed: ParsedRecipe): readonly string[] {
  switch (parsed.kind) {
    case 'package':
      return [`package:${parsed.recipe.package.name}`]
    case 'image':
      return [`image:${parsed.name}`]
    case 'task':
      return [`task:${parsed.task.name}`]
    case 'pipeline':
      return []
  }
}

/** Notes the pipelines that one file asks for, those that its pipelines use included. */
class NotingLibrary implements PipelineLibrary {
  readonly asked = new Set<string>()
  readonly #library: PipelineLibrary

  constructor(library: PipelineLibrary) {
    this.#library = library
  }

  find(name: string): ReturnType<PipelineLibrary['find']> {
    this.asked.add(name)
    return this.#library.find(name)
  }

  state(name: string): string {
    return this.#library.state(name)
  }

  names(): readonly string[] {
    return this.#library.names()
  }

  consulted(): readonly string[] {
    return this.#library.consulted()
  }
}
