// Which packages share a layer. Source: apko docs/layering.md and pkg/build/layers.go, made independent of map order.
import { byBytes } from '../../base/bytes.ts'
import { matches, parseDependency } from '../apk/dependency.ts'
import type { PackageRecord } from '../apk/record.ts'
import { originOf } from '../rootfs/install-packages.ts'
import type { Layering } from './image-config.ts'

export interface LayerGroup {
  /** For people: the source packages in it. */
  readonly origins: readonly string[]
  /** Names of the packages, in install order. */
  readonly packages: readonly string[]
}

/**
 * Groups by origin, joins groups of which one may overwrite files of the other, and puts the biggest first. Above the budget, what is left
 * over shares the last group. `single` answers no group: everything goes into the one layer that holds what no group has.
 */
export function planLayers(records: readonly PackageRecord[], layering: Layering): readonly LayerGroup[] {
  if (layering.strategy === 'single' || records.length === 0) return []
  const groups = joined(records).sort((a, b) => sizeOf(b) - sizeOf(a) || byBytes(lastName(b), lastName(a)))
  const budget = Math.max(1, layering.budget ?? groups.length)
  const kept = groups.length > budget ? [...groups.slice(0, budget - 1), groups.slice(budget - 1).flat()] : groups
  return kept.map((group) => {
    const names = new Set(group.map((record) => record.name))
    return { origins: [...new Set(group.map(originOf))].sort(byBytes), packages: records.filter((record) => names.has(record.name)).map((record) => record.name) }
  })
}

function joined(records: readonly PackageRecord[]): PackageRecord[][] {
  const leader = new Map<string, string>(records.map((record) => [originOf(record), originOf(record)]))
  const find = (origin: string): string => {
    const next = leader.get(origin) ?? origin
    return next === origin ? origin : find(next)
  }
  for (const one of records) {
    for (const other of one.replaces.length === 0 ? [] : records) {
      if (one !== other && replaces(one, other)) leader.set(find(originOf(one)), find(originOf(other)))
    }
  }
  const groups = new Map<string, PackageRecord[]>()
  for (const record of records) {
    const key = find(originOf(record))
    groups.set(key, [...(groups.get(key) ?? []), record])
  }
  return [...groups.values()]
}

function replaces(one: PackageRecord, other: PackageRecord): boolean {
  return one.replaces.some((text) => {
    const dependency = parseDependency(text)
    return dependency !== undefined && dependency.name === other.name && matches(dependency, { version: other.version })
  })
}

function sizeOf(group: readonly PackageRecord[]): number {
  return group.reduce((sum, record) => sum + record.installedSize, 0)
}

function lastName(group: readonly PackageRecord[]): string {
  return group.map((record) => record.name).sort(byBytes).at(-1) ?? ''
}
