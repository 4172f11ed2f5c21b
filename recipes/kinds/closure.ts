// Which packages a world needs, found by asking: a package's dependencies are known once it is built, so the graph grows from record to record.
import { byBytes } from '../../base/bytes.ts'
import type { Diagnostic } from '../../base/diagnostic.ts'
import { nearest } from '../../base/diagnostic.ts'
import type { Action, Expansion, ExpandContext, Input } from '../../engine/action.ts'
import { parseDependency } from '../../outputs/apk/dependency.ts'
import type { PackageRecord } from '../../outputs/apk/record.ts'
import { type ActionsOf, type Catalogue, type Provider, recordInput } from '../plan/catalogue.ts'
import type { JsonMemo } from './json-blob.ts'

/** What `describe` stores of a package. */
export interface Described {
  readonly record: PackageRecord
  /** Found dependency (`so:libz.so.1`) to the package that satisfied it when this one was built. */
  readonly resolved: Readonly<Record<string, string>>
  readonly bootstrap: boolean
}

/** What packages provide: name (`so:libz.so.1`) to package. */
export type Provided = Readonly<Record<string, string>>

/** Of equal names the first package counts. */
export function providedBy(records: Iterable<PackageRecord>): Provided {
  const names: Record<string, string> = {}
  for (const record of records) {
    names[record.name] ??= record.name
    for (const text of record.provides) names[text.replace(/[<>=~].*$/, '')] ??= record.name
  }
  return names
}

/** The closure is walked again in every build and from every environment, mostly over the same records. */
export type Records = JsonMemo<Described>

export interface ClosurePorts {
  readonly catalogue: Catalogue
  readonly actionsOf: ActionsOf
}

const recordPrefix = 'record/'

/** Asks for the records that the world leads to, until all are there; `also` names further inputs of each package. */
export async function expandClosure(
  context: ExpandContext,
  ports: ClosurePorts,
  options: { readonly records: Records; readonly world: readonly string[]; also(provider: Provider): Readonly<Record<string, Input>> },
): Promise<Expansion> {
  const diagnostics: Diagnostic[] = []
  const inputs: Record<string, Input> = {}
  const actions: Action[] = []
  const want = (wanted: Provider): void => {
    const open = [wanted]
    for (let provider = open.pop(); provider !== undefined; provider = open.pop()) {
      const name = `${recordPrefix}${provider.package.name}`
      if (name in context.inputs || name in inputs) continue
      inputs[name] = recordInput(provider)
      Object.assign(inputs, options.also(provider))
      actions.push(...ports.actionsOf(provider.recipe))
      open.push(...declared(provider, ports.catalogue))
    }
  }
  for (const text of options.world) {
    const name = dependencyName(text)
    if (name === undefined) continue
    const providers = ports.catalogue.providers(name)
    if (providers.length === 0) diagnostics.push(unknownPackage(name, ports.catalogue))
    for (const provider of providers) want(provider)
  }
  if (diagnostics.length > 0) return { kind: 'failed', failure: { kind: 'refused', diagnostics } }
  for (const described of await describedInputs(context, options.records)) {
    for (const text of described.record.depends) {
      const name = dependencyName(text)
      if (name === undefined) continue
      const known = described.resolved[name]
      const resolved = known === undefined ? undefined : ports.catalogue.get(known)
      for (const provider of resolved === undefined ? ports.catalogue.providers(name) : [resolved]) want(provider)
    }
  }
  return Object.keys(inputs).length === 0 ? { kind: 'closed' } : { kind: 'ask', inputs, actions }
}

/** The records among an action's inputs, in the order of package names. */
export async function describedInputs(context: Pick<ExpandContext, 'inputs' | 'cas'>, records: Records): Promise<Described[]> {
  const names = Object.keys(context.inputs).filter((name) => name.startsWith(recordPrefix)).sort(byBytes)
  return Promise.all(names.map((name) => records.read(context.cas, context.inputs[name])))
}

/**
 * What a package is sure to need by its recipe alone: asked for at once, so that only found dependencies cost another round. A name that
 * several packages answer to waits for the record, which says which of them it was.
 */
function declared({ package: { depends } }: Provider, catalogue: Catalogue): readonly Provider[] {
  return depends.flatMap((text) => {
    const name = dependencyName(text)
    const providers = name === undefined ? [] : catalogue.providers(name)
    return providers.length === 1 ? providers : []
  })
}

/** The name in a dependency; undefined for a conflict, which needs nothing. */
function dependencyName(text: string): string | undefined {
  const dependency = parseDependency(text)
  return dependency === undefined || dependency.conflict ? undefined : dependency.name
}

function unknownPackage(name: string, catalogue: Catalogue): Diagnostic {
  const meant = nearest(name, catalogue.names())
  return {
    code: 'plan/unknown-package',
    severity: 'error',
    message: `No recipe makes or provides the package "${name}"`,
    ...(meant === undefined ? {} : { hint: `did you mean "${meant}"?` }),
  }
}
