import { parseElf } from './elf.ts'

/** What a library cache needs to know of a shared object; undefined for anything else. */
export function inspectLibrary(bytes: Uint8Array): { readonly machine: number; readonly bits: 32 | 64; readonly soname?: string } | undefined {
  const elf = parseElf(bytes)
  if (elf.kind !== 'elf' || elf.type !== 'shared' || elf.isPie) return undefined
  return { machine: elf.machine, bits: elf.bits, ...(elf.soname === undefined ? {} : { soname: elf.soname }) }
}
