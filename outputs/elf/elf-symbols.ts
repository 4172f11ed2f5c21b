import type { Dynamic } from './elf-dynamic.ts'
import { type ElfReader, Malformed } from './elf-reader.ts'
import type { VersionDefinition, VersionNeed } from './elf-versions.ts'

export interface DynamicSymbol {
  readonly name: string
  readonly version: string | undefined
  readonly isDefined: boolean
  readonly isWeak: boolean
}

interface Versions {
  readonly versionNeeds: readonly VersionNeed[]
  readonly definitions: readonly VersionDefinition[]
}

/** Symbols that the loader binds, in the order of the table. */
export function readDynamicSymbols(reader: ElfReader, dynamic: Dynamic, versions: Versions): readonly DynamicSymbol[] {
  const table = dynamic.place('symbols')
  if (table === undefined) return []
  const entry = reader.bits === 64 ? 24 : 16
  const count = symbolCount(reader, dynamic)
  if (table + count * entry > reader.size) throw new Malformed(`${count} symbols don't fit into the file`)
  const names = new Map<number, string>(versions.definitions.map(({ index, name }) => [index, name]))
  for (const { versions: list } of versions.versionNeeds) for (const { index, name } of list) names.set(index, name)
  const versionTable = dynamic.place('symbolVersions')
  const symbols: DynamicSymbol[] = []
  for (let i = 1; i < count; i++) {
    const at = table + i * entry
    const info = reader.u8(at + (reader.bits === 64 ? 4 : 12))
    const index = versionTable === undefined ? 0 : reader.u16(versionTable + i * 2) & 0x7fff
    const name = dynamic.text(reader.u32(at))
    if (name === '') continue
    symbols.push({
      name,
      version: index < 2 ? undefined : names.get(index),
      isDefined: reader.u16(at + (reader.bits === 64 ? 6 : 14)) !== 0,
      isWeak: info >> 4 === 2,
    })
  }
  return symbols
}

/** Names of functions and data in the full symbol table, found through the section headers. */
export function readStaticNames(reader: ElfReader): readonly string[] {
  const wide = reader.bits === 64
  const start = reader.word(wide ? 40 : 32)
  const size = reader.u16(wide ? 58 : 46)
  const count = start === 0 ? 0 : reader.u16(wide ? 60 : 48)
  for (let i = 0; i < count; i++) {
    const at = start + i * size
    if (reader.u32(at + 4) !== 2) continue
    const strings = start + reader.u32(at + (wide ? 40 : 24)) * size
    return namesIn(reader, { at: place(reader, at), size: length(reader, at), strings: place(reader, strings) })
  }
  return []
}

function place(reader: ElfReader, header: number): number {
  return reader.word(header + (reader.bits === 64 ? 24 : 16))
}

function length(reader: ElfReader, header: number): number {
  return reader.word(header + (reader.bits === 64 ? 32 : 20))
}

function namesIn(reader: ElfReader, table: { readonly at: number; readonly size: number; readonly strings: number }): readonly string[] {
  const entry = reader.bits === 64 ? 24 : 16
  if (table.at + table.size > reader.size) throw new Malformed('a symbol table past the end')
  const names: string[] = []
  for (let at = table.at + entry; at + entry <= table.at + table.size; at += entry) {
    const name = reader.text(table.strings + reader.u32(at))
    if (name !== '') names.push(name)
  }
  return names
}

/** The dynamic section doesn't say how many symbols there are; the hash tables do, or else the place where the strings begin. */
function symbolCount(reader: ElfReader, dynamic: Dynamic): number {
  const hash = dynamic.place('hash')
  if (hash !== undefined) return reader.u32(hash + 4)
  return hashedCount(reader, dynamic) ?? countBeforeStrings(reader, dynamic)
}

/** Undefined when no symbol is hashed: linkers then write any number for the first hashed one. */
function hashedCount(reader: ElfReader, dynamic: Dynamic): number | undefined {
  const gnu = dynamic.place('gnuHash')
  if (gnu === undefined) return undefined
  const buckets = reader.u32(gnu)
  const first = reader.u32(gnu + 4)
  const start = gnu + 16 + reader.u32(gnu + 8) * (reader.bits / 8)
  if (start + buckets * 4 > reader.size) throw new Malformed(`${buckets} hash buckets`)
  let last = 0
  for (let i = 0; i < buckets; i++) last = Math.max(last, reader.u32(start + i * 4))
  if (last < first || last === 0) return undefined
  const chains = start + buckets * 4
  while ((reader.u32(chains + (last - first) * 4) & 1) === 0) last++
  return last + 1
}

/** Every linker lays the dynamic strings right after the dynamic symbols. */
function countBeforeStrings(reader: ElfReader, dynamic: Dynamic): number {
  const table = dynamic.place('symbols')
  const strings = dynamic.place('strings')
  return table === undefined || strings === undefined || strings < table ? 0 : Math.floor((strings - table) / (reader.bits === 64 ? 24 : 16))
}
