import { byBytes } from '../../base/bytes.ts'
import type { Diagnostic } from '../../base/diagnostic.ts'
import { unknownRange } from './complaints.ts'
import type { PackageRecipe, Subpackage } from './schema/package.ts'
import { where } from './schema/type.ts'
import { layered, type Variables } from './substitute.ts'

export interface Ranged {
  readonly subpackage: Subpackage
  /** What the parse pass replaces in it. */
  readonly variables: Variables
}

/** One subpackage for each item of the list that its `range` names, in the byte order of the keys, whatever their order in the file. */
export function applyRanges(recipe: PackageRecipe, variables: Variables, diagnostics: Diagnostic[]): readonly Ranged[] {
  const lists = new Map(recipe.data.map((list) => [list.name, list.items]))
  return recipe.subpackages.flatMap((subpackage) => {
    if (subpackage.range === '') return [{ subpackage, variables }]
    const items = lists.get(subpackage.range)
    if (items === undefined) {
      diagnostics.push(unknownRange(where(subpackage, 'range'), subpackage.range, [...lists.keys()]))
      return []
    }
    return Object.entries(items)
      .sort(([a], [b]) => byBytes(a, b))
      .map(([key, value]) => ({ subpackage: { ...subpackage, range: '' }, variables: layered(variables, new Map([['range.key', key], ['range.value', value]])) }))
  })
}
