import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import { type Elf, parseElf } from '../../../outputs/elf/elf.ts'

interface Recorded {
  readonly files: Readonly<Record<string, { readonly content_b64: string }>>
}

const recorded: Recorded = JSON.parse(readFileSync(new URL('../../vectors/elf/elf.json', import.meta.url), 'utf8'))

/** Linked by gcc 12 and binutils 2.40 from the sources and with the options in the vector. */
export function elfBytes(name: string): Buffer {
  return Buffer.from(recorded.files[name]?.content_b64 ?? '', 'base64')
}

export const elfNames = Object.keys(recorded.files)

export function readElf(bytes: Uint8Array): Elf {
  const elf = parseElf(bytes)
  expect(elf.kind === 'malformed' ? elf.reason : elf.kind).toBe('elf')
  return elf.kind === 'elf' ? elf : readElf(elfBytes('static'))
}

/** A shared object with nothing but a dynamic section, in any width and byte order. */
export function craftElf(form: { readonly bits: 32 | 64; readonly little: boolean; readonly soname: string; readonly needed: readonly string[]; readonly interpreter?: string }): Buffer {
  const wide = form.bits === 64
  const word = wide ? 8 : 4
  const headerSize = wide ? 64 : 52
  const segmentSize = wide ? 56 : 32
  const interpreter = Buffer.from(form.interpreter === undefined ? '' : `${form.interpreter}\0`)
  const strings = Buffer.from(['', form.soname, ...form.needed, ''].join('\0'))
  const entries: (readonly [tag: number, value: number])[] = []
  const segments = form.interpreter === undefined ? 2 : 3
  const start = headerSize + segments * segmentSize
  const stringsAt = start + interpreter.length
  let index = 1
  for (const [i, text] of [form.soname, ...form.needed].entries()) {
    entries.push([i === 0 ? 14 : 1, index])
    index += text.length + 1
  }
  entries.push([5, stringsAt], [0, 0])
  const dynamicAt = Math.ceil((stringsAt + strings.length) / word) * word
  const bytes = Buffer.alloc(dynamicAt + entries.length * 2 * word)
  const put = (at: number, size: number, value: number): void => {
    for (let i = 0; i < size; i++) bytes[at + (form.little ? i : size - 1 - i)] = i < 4 ? (value >>> (8 * i)) & 255 : 0
  }
  bytes.set([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, form.little ? 1 : 2, 1])
  put(16, 2, 3)
  put(18, 2, form.little ? 62 : 22)
  put(wide ? 32 : 28, word, headerSize)
  put(wide ? 54 : 42, 2, segmentSize)
  put(wide ? 56 : 44, 2, segments)
  const segment = (slot: number, type: number, range: { readonly at: number; readonly size: number }): void => {
    const at = headerSize + slot * segmentSize
    put(at, 4, type)
    put(at + (wide ? 8 : 4), word, range.at)
    put(at + (wide ? 16 : 8), word, range.at)
    put(at + (wide ? 32 : 16), word, range.size)
  }
  segment(0, 1, { at: 0, size: bytes.length })
  segment(1, 2, { at: dynamicAt, size: entries.length * 2 * word })
  if (form.interpreter !== undefined) segment(2, 3, { at: start, size: interpreter.length })
  bytes.set(interpreter, start)
  bytes.set(strings, stringsAt)
  for (const [i, [tag, value]] of entries.entries()) {
    put(dynamicAt + i * 2 * word, word, tag)
    put(dynamicAt + i * 2 * word + word, word, value)
  }
  return bytes
}
