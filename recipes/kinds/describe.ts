import type { NodeId } from '../../base/ids.ts'
import type { Diagnostic } from '../../base/diagnostic.ts'
import type { JsonObject } from '../../base/json.ts'
import type { Output } from '../../cache/cache.ts'
import type { Action, ActionKind, Input, Outcome, RunContext } from '../../engine/action.ts'
import { parseDependency } from '../../outputs/apk/dependency.ts'
import type { PackageRecord } from '../../outputs/apk/record.ts'
import { discover, mergeEntries } from '../../outputs/discover/discover.ts'
import { fullVersion, type PlannedPackage, type PlannedRecipe, type Source } from '../plan/planned.ts'
import { type Provided, providedBy } from './closure.ts'
import { inputDigest } from './input-digest.ts'
import { putJson, readJson } from './json-blob.ts'
import { packageFiles } from './package-files.ts'
import { sbomBytes } from './package-sbom.ts'
import { toSpec, fromSpec } from './spec.ts'
import { type SummedFile, summedFiles } from './summed-files.ts'

/** What the packages of one recipe say of themselves: the recipe's own words, and the dependencies found in their files. */
export function describeAction(order: { readonly id: NodeId; readonly recipe: PlannedRecipe; readonly trees: Readonly<Record<string, Input>>; readonly environment?: NodeId }): Action {
  const { recipe } = order
  const inputs: Record<string, Input> = {}
  for (const [name, input] of Object.entries(order.trees)) inputs[`tree/${name}`] = input
  if (order.environment !== undefined) inputs['provided'] = { kind: 'output', node: order.environment, output: 'provided' }
  return {
    id: order.id,
    kind: 'describe',
    spec: {
      origin: recipe.origin,
      version: fullVersion(recipe),
      arch: recipe.arch,
      bootstrap: recipe.bootstrap,
      sourceDateEpoch: recipe.sourceDateEpoch,
      sources: recipe.sources.map(toSpec),
      packages: recipe.packages.map(wordsOf),
    },
    inputs,
    label: `describe ${recipe.origin}`,
  }
}

export function describeKind(): ActionKind {
  return {
    name: 'describe',
    version: 3,
    outputs: (action) => wordsIn(action).flatMap((words) => [`record/${words.name}`, `sbom/${words.name}`, `sums/${words.name}`]),
    run: describe,
  }
}

/** The part of a planned package that goes into its record. Steps and tests are left out: changing them must not describe anew. */
type Words = Pick<PlannedPackage, 'name' | 'description' | 'url' | 'license' | 'commit' | 'depends' | 'provides' | 'replaces' | 'providerPriority' | 'replacesPriority' | 'triggers' | 'options'>

function wordsOf(pkg: PlannedPackage): JsonObject {
  const { name, description, url, license, commit, depends, provides, replaces, providerPriority, replacesPriority, triggers, options } = pkg
  return {
    ...{ name, description, url, license, commit, depends, provides, replaces, triggers, options },
    ...(providerPriority === undefined ? {} : { providerPriority }),
    ...(replacesPriority === undefined ? {} : { replacesPriority }),
  }
}

interface Recipe {
  readonly origin: string
  readonly version: string
  readonly arch: string
  readonly bootstrap: boolean
  readonly sourceDateEpoch: number
  readonly sources: readonly Source[]
}

interface Files {
  readonly files: readonly SummedFile[]
  /** Sum of the sizes of regular files. */
  readonly bytes: number
}

async function describe(context: RunContext): Promise<Outcome> {
  const recipe = fromSpec<Recipe>(context.action.spec)
  const environment = context.inputs['provided'] === undefined ? {} : await readJson<Provided>(context.cas, context.inputs['provided'])
  const files = new Map<string, Files>()
  for (const words of wordsIn(context.action)) {
    const found = await packageFiles(context.cas, inputDigest(context, `tree/${words.name}`))
    files.set(words.name, { files: summedFiles(found.files), bytes: found.bytes })
  }
  const records = new Map<string, PackageRecord>()
  for (const words of wordsIn(context.action)) records.set(words.name, await recordOf({ context, recipe, words, files }))
  const provided: Provided = { ...environment, ...providedBy(records.values()) }
  const outputs: Record<string, Output> = {}
  const diagnostics: Diagnostic[] = []
  for (const [name, record] of records) {
    const described = resolve(record, provided, recipe.bootstrap)
    diagnostics.push(...described.missing.map((dependency) => unmet(record, dependency)))
    outputs[`record/${name}`] = await putJson(context.cas, { record: { ...record }, resolved: described.resolved, bootstrap: recipe.bootstrap })
    const listed = recipe.bootstrap ? [] : (files.get(name)?.files ?? [])
    outputs[`sbom/${name}`] = { kind: 'blob', digest: await context.cas.put(recipe.bootstrap ? new Uint8Array() : await sbomBytes(record, recipe.sources, listed)) }
    outputs[`sums/${name}`] = await putJson(context.cas, await sumsOf(listed))
  }
  return diagnostics.length > 0 ? { kind: 'failed', failure: { kind: 'refused', diagnostics } } : { kind: 'done', outputs }
}

/** Path and SHA-1 of each file. All files were read for the SBOM, so packing need not read them twice. */
async function sumsOf(files: readonly SummedFile[]): Promise<readonly (readonly [path: string, sha1: string])[]> {
  const sums: (readonly [string, string])[] = []
  for (const file of files) if (file.kind === 'file') sums.push([file.path, await file.sha1()])
  return sums
}

async function recordOf(order: { readonly context: RunContext; readonly recipe: Recipe; readonly words: Words; readonly files: ReadonlyMap<string, Files> }): Promise<PackageRecord> {
  const { recipe, words } = order
  const own = order.files.get(words.name)
  const siblings = [...order.files].filter(([name]) => name !== words.name).map(([name, f]) => ({ name, files: f.files }))
  const found =
    recipe.bootstrap || own === undefined
      ? { depends: [], provides: [] }
      : await discover({ name: words.name, version: recipe.version, files: own.files, depends: words.depends }, { siblings, options: words.options })
  return {
    name: words.name,
    version: recipe.version,
    arch: recipe.arch,
    description: words.description,
    url: words.url,
    license: words.license,
    origin: recipe.origin,
    maintainer: '',
    commit: words.commit,
    buildDate: recipe.sourceDateEpoch,
    installedSize: own?.bytes ?? 0,
    depends: mergeEntries(words.depends, found.depends),
    provides: mergeEntries(words.provides, found.provides),
    replaces: words.replaces,
    installIf: [],
    triggers: words.triggers,
    ...(words.providerPriority === undefined ? {} : { providerPriority: words.providerPriority }),
    ...(words.replacesPriority === undefined ? {} : { replacesPriority: words.replacesPriority }),
  }
}

/** What satisfied a dependency when the package was built satisfies it for whoever installs the package, so nobody has to search for it. A library must have been there. */
function resolve(record: PackageRecord, provided: Provided, bootstrap: boolean): { readonly resolved: Record<string, string>; readonly missing: readonly string[] } {
  const resolved: Record<string, string> = {}
  const missing: string[] = []
  for (const text of record.depends) {
    const dependency = parseDependency(text)
    if (dependency === undefined || dependency.conflict) continue
    const by = provided[dependency.name]
    if (by !== undefined) resolved[dependency.name] = by
    else if (dependency.name.startsWith('so:') && !bootstrap) missing.push(dependency.name)
  }
  return { resolved, missing }
}

function unmet(record: PackageRecord, dependency: string): Diagnostic {
  return {
    code: 'package/unmet-library',
    severity: 'error',
    message: `Package "${record.name}" needs ${dependency}, which no package of its build environment provides`,
    hint: 'it was linked against a library of the bootstrap toolchain: add the package that has the library to environment.contents.packages',
  }
}

function wordsIn(action: Action): readonly Words[] {
  return fromSpec<readonly Words[]>(action.spec['packages'])
}
