import { complaints, ok, type Checked } from '../../base/result.ts'
import type { SourceFile } from '../../base/source.ts'
import { includeCycle } from './complaints.ts'
import { parseImage, type ParsedImage } from './recipe.ts'
import { imageRecipe, type ImageRecipe } from './schema/image.ts'
import { merge } from './schema/merge.ts'
import { where } from './schema/type.ts'

/**
 * Puts in what an image includes: the including recipe wins, maps join, lists of the included one come first; architectures, name
 * and test are never joined. Source: apko pkg/build/types/image_configuration.go. `read` loads a path from the workspace's folder.
 */
export function withIncludes(parsed: ParsedImage, read: (path: string) => Checked<SourceFile>): Checked<ParsedImage> {
  const recipe = included(parsed.recipe, read, [parsed.source.path])
  return recipe.kind === 'ok' ? ok({ ...parsed, recipe: recipe.value }) : recipe
}

function included(recipe: ImageRecipe, read: (path: string) => Checked<SourceFile>, above: readonly string[]): Checked<ImageRecipe> {
  const path = recipe.include
  if (path === '') return ok(recipe)
  const place = where(recipe, 'include')
  if (above.includes(path)) return complaints([includeCycle(place, [...above.slice(above.indexOf(path)), path])])
  const source = read(path)
  if (source.kind === 'complaints') return complaints(source.diagnostics.map((one) => (place === undefined ? one : { ...one, where: place })))
  const parsed = parseImage(source.value)
  const base = parsed.kind === 'ok' ? included(parsed.value.recipe, read, [...above, path]) : parsed
  if (base.kind === 'complaints') return base
  const merged = merge(imageRecipe, base.value, recipe)
  return ok({ ...merged, name: recipe.name, test: recipe.test, archs: recipe.archs.length > 0 ? recipe.archs : base.value.archs, include: '' })
}
