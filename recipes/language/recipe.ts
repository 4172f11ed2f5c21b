import { basename } from 'node:path/posix'
import type { Diagnostic } from '../../base/diagnostic.ts'
import { complaints, ok, type Checked } from '../../base/result.ts'
import type { SourceFile } from '../../base/source.ts'
import { emptyFile, unknownKind, wrongType } from './complaints.ts'
import { entryOf, isNull, type Node } from './node.ts'
import { decode } from './schema/decode.ts'
import { imageRecipe, type ImageRecipe } from './schema/image.ts'
import { packageRecipe, type PackageRecipe } from './schema/package.ts'
import { taskRecipe, type Task } from './schema/task.ts'
import type { Type } from './schema/type.ts'
import { readYaml } from './yaml.ts'
import type { YamlDocument } from './yaml-library.ts'

/** Stage one of a recipe: decoded and checked against its table, nothing replaced yet. */
export type ParsedRecipe = ParsedPackage | ParsedImage | ParsedTask | ParsedPipeline

export interface ParsedPackage {
  readonly kind: 'package'
  readonly source: SourceFile
  readonly recipe: PackageRecipe
}

export interface ParsedImage {
  readonly kind: 'image'
  readonly source: SourceFile
  readonly name: string
  readonly recipe: ImageRecipe
}

export interface ParsedTask {
  readonly kind: 'task'
  readonly source: SourceFile
  readonly task: Task
}

/** A pipeline that lies among the recipes; steps find it by its path. */
export interface ParsedPipeline {
  readonly kind: 'pipeline'
  readonly source: SourceFile
}

/** Reads all documents of a file; what each of them is, its content tells. Complaints of all documents come together. */
export function parseRecipes(source: SourceFile): Checked<readonly ParsedRecipe[]> {
  const diagnostics: Diagnostic[] = []
  const documents = readYaml(source).filter((document) => document.diagnostics.length > 0 || (document.root !== undefined && !isNull(document.root)))
  if (documents.length === 0) return complaints([emptyFile({ source, start: 0, end: 0 })])
  const recipes = documents.flatMap((document) => parsed(source, document, diagnostics))
  return diagnostics.length > 0 ? complaints(diagnostics) : ok(recipes)
}

/** Reads the first document of a file as a package, as melange does, which never looks at the others. */
export function parsePackage(source: SourceFile): Checked<ParsedPackage> {
  const recipe = parseFirst(source, packageRecipe)
  return recipe.kind === 'ok' ? ok({ kind: 'package', source, recipe: recipe.value }) : recipe
}

/** Reads the first document of a file as an image, as apko does. */
export function parseImage(source: SourceFile): Checked<ParsedImage> {
  const recipe = parseFirst(source, imageRecipe)
  return recipe.kind === 'ok' ? ok(image(source, recipe.value)) : recipe
}

/** Decodes the first document of a file by a table. */
export function parseFirst<T>(source: SourceFile, type: Type<T>): Checked<T> {
  const document = readYaml(source)[0]
  const diagnostics = [...(document?.diagnostics ?? [])]
  const root = document?.root
  if (diagnostics.length > 0) return complaints(diagnostics)
  if (root === undefined || isNull(root)) return complaints([emptyFile({ source, start: 0, end: 0 })])
  const value = decode(type, root, { diagnostics })
  return diagnostics.length > 0 ? complaints(diagnostics) : ok(value)
}

function parsed(source: SourceFile, document: YamlDocument, diagnostics: Diagnostic[]): readonly ParsedRecipe[] {
  diagnostics.push(...document.diagnostics)
  const { root } = document
  if (root === undefined) return []
  switch (kindOf(root)) {
    case 'package':
      return [{ kind: 'package', source, recipe: decode(packageRecipe, root, { diagnostics }) }]
    case 'task':
      return [{ kind: 'task', source, task: decode(taskRecipe, root, { diagnostics }).task }]
    case 'image':
      return [image(source, decode(imageRecipe, root, { diagnostics }))]
    case 'pipeline':
      return [{ kind: 'pipeline', source }]
    case 'list':
      diagnostics.push(wrongType(root.span, 'a map', root))
      return []
    case 'unknown':
      diagnostics.push(unknownKind(root.span, root.kind === 'map' ? root.entries.map((entry) => entry.key) : []))
      return []
  }
}

/** What a document is, by its keys. */
export function kindOf(root: Node): 'package' | 'task' | 'image' | 'pipeline' | 'list' | 'unknown' {
  if (root.kind !== 'map') return 'list'
  const has = (...keys: readonly string[]): boolean => keys.some((key) => entryOf(root, key) !== undefined)
  if (has('package')) return 'package'
  if (has('task')) return 'task'
  if (has('contents', 'entrypoint', 'include')) return 'image'
  return has('pipeline', 'runs', 'needs', 'inputs') ? 'pipeline' : 'unknown'
}

function image(source: SourceFile, recipe: ImageRecipe): ParsedImage {
  const stem = basename(source.path).replace(/(\.apko)?\.ya?ml$/, '')
  return { kind: 'image', source, name: recipe.name === '' ? stem : recipe.name, recipe }
}
