import { Dynamic } from './elf-dynamic.ts'
import { readNotes } from './elf-notes.ts'
import { ElfReader, Malformed } from './elf-reader.ts'
import type { Segment } from './elf-segment.ts'
import { type DynamicSymbol, readDynamicSymbols, readStaticNames } from './elf-symbols.ts'
import { readVersionDefinitions, readVersionNeeds, type VersionNeed } from './elf-versions.ts'

export interface Elf {
  readonly kind: 'elf'
  readonly bits: 32 | 64
  readonly endian: 'little' | 'big'
  /** e_type; a position-independent program is `shared` too. */
  readonly type: 'relocatable' | 'executable' | 'shared' | 'core' | 'other'
  /** e_machine: 62 x86-64, 183 AArch64, 3 i386, 40 Arm, 243 RISC-V. */
  readonly machine: number
  readonly segments: readonly Segment[]
  readonly interpreter: string | undefined
  /** False for a statically linked program and for an object file. */
  readonly isDynamic: boolean
  readonly needed: readonly string[]
  readonly soname: string | undefined
  readonly rpath: readonly string[]
  readonly runpath: readonly string[]
  readonly bindNow: boolean
  /** DF_1_PIE: a program, not a library. */
  readonly isPie: boolean
  readonly hasTextRelocations: boolean
  readonly versionNeeds: readonly VersionNeed[]
  /** Names of the versions that a library defines, its own name first. */
  readonly versionDefinitions: readonly string[]
  readonly symbols: readonly DynamicSymbol[]
  /** Of the full symbol table, only for what isn't dynamic; empty when stripped. */
  readonly staticNames: readonly string[]
  /** Flags of PT_GNU_STACK; undefined when there is none. */
  readonly stackFlags: number | undefined
  readonly hasRelro: boolean
  /** Of .note.gnu.property: x86 indirect branch tracking and shadow stack, AArch64 branch targets and pointer authentication. */
  readonly features: ReadonlySet<'ibt' | 'shstk' | 'bti' | 'pac'>
  /** Hex. */
  readonly buildId: string | undefined
}

export type ParsedElf = Elf | { readonly kind: 'not-elf' } | { readonly kind: 'malformed'; readonly reason: string }

/** Reads the headers and the dynamic section. Takes any bytes; what is outside of the file or contradicts itself is `malformed`. */
export function parseElf(bytes: Uint8Array): ParsedElf {
  if (!isElf(bytes)) return { kind: 'not-elf' }
  try {
    return parse(bytes)
  } catch (error) {
    if (error instanceof Malformed) return { kind: 'malformed', reason: error.message }
    throw error
  }
}

export function isElf(bytes: Uint8Array): boolean {
  return bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46
}

const segmentType = { load: 1, dynamic: 2, interpreter: 3, stack: 0x6474e551, relro: 0x6474e552 }
const types = ['other', 'relocatable', 'executable', 'shared', 'core'] as const

function parse(bytes: Uint8Array): Elf {
  const [width, order] = [bytes[4], bytes[5]]
  if ((width !== 1 && width !== 2) || (order !== 1 && order !== 2)) throw new Malformed(`class ${width ?? 'none'} and byte order ${order ?? 'none'}`)
  const reader = new ElfReader(bytes, width === 2 ? 64 : 32, order === 1)
  const segments = readSegments(reader)
  const interpreter = segments.find(({ type }) => type === segmentType.interpreter)
  const section = segments.find(({ type }) => type === segmentType.dynamic)
  const dynamic = new Dynamic(reader, segments, section)
  const versionNeeds = readVersionNeeds(reader, dynamic)
  const definitions = readVersionDefinitions(reader, dynamic)
  return {
    kind: 'elf',
    bits: reader.bits,
    endian: reader.little ? 'little' : 'big',
    type: types[reader.u16(16)] ?? 'other',
    machine: reader.u16(18),
    segments,
    interpreter: interpreter === undefined ? undefined : reader.text(interpreter.offset),
    isDynamic: section !== undefined,
    needed: dynamic.texts('needed'),
    soname: dynamic.texts('soname')[0],
    rpath: paths(dynamic.texts('rpath')),
    runpath: paths(dynamic.texts('runpath')),
    bindNow: dynamic.isBindNow,
    isPie: dynamic.isPie,
    hasTextRelocations: dynamic.hasTextRelocations,
    versionNeeds,
    versionDefinitions: definitions.map(({ name }) => name),
    symbols: readDynamicSymbols(reader, dynamic, { versionNeeds, definitions }),
    staticNames: section === undefined ? readStaticNames(reader) : [],
    stackFlags: segments.find(({ type }) => type === segmentType.stack)?.flags,
    hasRelro: segments.some(({ type }) => type === segmentType.relro),
    ...readNotes(reader, segments),
  }
}

function readSegments(reader: ElfReader): readonly Segment[] {
  const wide = reader.bits === 64
  const start = reader.word(wide ? 32 : 28)
  const size = reader.u16(wide ? 54 : 42)
  const count = reader.u16(wide ? 56 : 44)
  const least = wide ? 56 : 32
  if (count > 0 && size < least) throw new Malformed(`program headers of ${size} bytes`)
  return Array.from({ length: count }, (_, index) => {
    const at = start + index * size
    return {
      type: reader.u32(at),
      flags: reader.u32(at + (wide ? 4 : 24)),
      offset: reader.word(at + (wide ? 8 : 4)),
      address: looseWord(reader, at + (wide ? 16 : 8)),
      fileSize: reader.word(at + (wide ? 32 : 16)),
      align: looseWord(reader, at + (wide ? 48 : 28)),
    }
  })
}

/** Kernels are linked at addresses above what a double holds; such an address is just never found. */
function looseWord(reader: ElfReader, at: number): number {
  return reader.bits === 64 ? reader.u32(at + (reader.little ? 4 : 0)) * 2 ** 32 + reader.u32(at + (reader.little ? 0 : 4)) : reader.u32(at)
}

function paths(lists: readonly string[]): readonly string[] {
  return lists.flatMap((list) => list.split(':')).filter((path) => path !== '')
}
