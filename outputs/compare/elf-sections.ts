import { ElfReader, Malformed } from '../elf/elf-reader.ts'
import type { Part } from './part.ts'

const noBits = 8

/** Sections of an ELF file that have bytes in it, and its headers; undefined for any other file. Source: System V gABI chapter 4. */
export function elfSections(bytes: Uint8Array): readonly Part[] | undefined {
  const [width, order] = [bytes[4], bytes[5]]
  if (Buffer.from(bytes.subarray(0, 4)).toString('latin1') !== '\u007fELF' || (width !== 1 && width !== 2)) return undefined
  try {
    const wide = width === 2
    const reader = new ElfReader(bytes, wide ? 64 : 32, order === 1)
    const [table, entry, count, names] = [reader.word(wide ? 40 : 32), reader.u16(wide ? 58 : 46), reader.u16(wide ? 60 : 48), reader.u16(wide ? 62 : 50)]
    if (table === 0 || count === 0) return undefined
    const place = (i: number) => ({ offset: reader.word(table + i * entry + (wide ? 24 : 16)), size: reader.word(table + i * entry + (wide ? 32 : 20)) })
    const strings = place(names).offset
    const sections = Array.from({ length: count }, (_, i) => i).filter((i) => ![0, noBits].includes(reader.u32(table + i * entry + 4)))
    return [{ name: 'the headers', offset: 0, size: wide ? 64 : 52 }, ...sections.map((i) => ({ name: reader.text(strings + reader.u32(table + i * entry)), ...place(i) })), { name: 'the section table', offset: table, size: entry * count }]
  } catch (error) {
    if (error instanceof Malformed) return undefined
    throw error
  }
}
