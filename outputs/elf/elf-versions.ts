import type { Dynamic } from './elf-dynamic.ts'
import { type ElfReader, Malformed } from './elf-reader.ts'

/** Versions of symbols that a library must have. Source: glibc's elf.h, Verneed and Verdef. */
export interface VersionNeed {
  readonly library: string
  readonly versions: readonly { readonly name: string; readonly weak: boolean; readonly index: number }[]
}

export interface VersionDefinition {
  readonly name: string
  readonly index: number
}

const weak = 2
const mostEntries = 65536

export function readVersionNeeds(reader: ElfReader, dynamic: Dynamic): readonly VersionNeed[] {
  const start = dynamic.place('needs')
  if (start === undefined) return []
  return chain(reader, { start, count: dynamic.value('needCount') ?? 0, next: 12 }).map((at) => ({
    library: dynamic.text(reader.u32(at + 4)),
    versions: chain(reader, { start: at + reader.u32(at + 8), count: reader.u16(at + 2), next: 12 }).map((one) => ({
      name: dynamic.text(reader.u32(one + 8)),
      weak: (reader.u16(one + 4) & weak) !== 0,
      index: reader.u16(one + 6) & 0x7fff,
    })),
  }))
}

export function readVersionDefinitions(reader: ElfReader, dynamic: Dynamic): readonly VersionDefinition[] {
  const start = dynamic.place('definitions')
  if (start === undefined) return []
  return chain(reader, { start, count: dynamic.value('definitionCount') ?? 0, next: 16 }).map((at) => ({
    name: dynamic.text(reader.u32(at + reader.u32(at + 12))),
    index: reader.u16(at + 4) & 0x7fff,
  }))
}

/** Records each of which says how far the next one is. */
function chain(reader: ElfReader, list: { readonly start: number; readonly count: number; readonly next: number }): readonly number[] {
  const places: number[] = []
  let at = list.start
  if (list.count > mostEntries) throw new Malformed(`${list.count} version records`)
  while (places.length < list.count) {
    places.push(at)
    const step = reader.u32(at + list.next)
    if (step === 0) break
    at += step
  }
  return places
}
