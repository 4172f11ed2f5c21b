import { type ElfReader, Malformed } from './elf-reader.ts'
import type { Segment } from './elf-segment.ts'

const tags = {
  needed: 1, hash: 4, strings: 5, symbols: 6, soname: 14, rpath: 15, textRelocations: 22, bindNow: 24, runpath: 29, flags: 30,
  gnuHash: 0x6ffffef5, symbolVersions: 0x6ffffff0, flags1: 0x6ffffffb, definitions: 0x6ffffffc, definitionCount: 0x6ffffffd, needs: 0x6ffffffe, needCount: 0x6fffffff,
}

export type Tag = keyof typeof tags

/** The dynamic section: numbers by tag, and addresses turned to places in the file. */
export class Dynamic {
  readonly #reader: ElfReader
  readonly #loads: readonly Segment[]
  readonly #entries = new Map<number, number[]>()

  constructor(reader: ElfReader, segments: readonly Segment[], section: Segment | undefined) {
    this.#reader = reader
    this.#loads = segments.filter(({ type }) => type === 1)
    if (section !== undefined) this.#read(section)
  }

  get isBindNow(): boolean {
    return this.#entries.has(tags.bindNow) || ((this.value('flags') ?? 0) & 8) !== 0 || ((this.value('flags1') ?? 0) & 1) !== 0
  }

  get isPie(): boolean {
    return ((this.value('flags1') ?? 0) & 0x08000000) !== 0
  }

  get hasTextRelocations(): boolean {
    return this.#entries.has(tags.textRelocations) || ((this.value('flags') ?? 0) & 4) !== 0
  }

  value(tag: Tag): number | undefined {
    return this.#entries.get(tags[tag])?.[0]
  }

  /** Where in the file the table is that the tag points to. */
  place(tag: Tag): number | undefined {
    const address = this.value(tag)
    return address === undefined ? undefined : this.#offset(address)
  }

  /** A string of the string table. */
  text(index: number): string {
    const strings = this.place('strings')
    if (strings === undefined) throw new Malformed('a dynamic section without strings')
    return this.#reader.text(strings + index)
  }

  texts(tag: Tag): readonly string[] {
    return (this.#entries.get(tags[tag]) ?? []).map((index) => this.text(index))
  }

  #read({ offset, fileSize }: Segment): void {
    const width = this.#reader.bits / 8
    for (let at = offset; at + 2 * width <= offset + fileSize; at += 2 * width) {
      const tag = this.#reader.word(at)
      if (tag === 0) return
      const value = this.#reader.word(at + width)
      const list = this.#entries.get(tag)
      if (list === undefined) this.#entries.set(tag, [value])
      else list.push(value)
    }
  }

  #offset(address: number): number {
    const load = this.#loads.find((segment) => address >= segment.address && address < segment.address + segment.fileSize)
    if (load === undefined) throw new Malformed(`address 0x${address.toString(16)} is in no segment`)
    return address - load.address + load.offset
  }
}
