import type { Part } from './part.ts'

/** Members of a static library (ar(5), with the long names of GNU ar in `//`); undefined for any other file. */
export function arMembers(bytes: Uint8Array): readonly Part[] | undefined {
  const text = (from: number, to: number): string => Buffer.from(bytes.subarray(from, to)).toString('latin1')
  if (text(0, 8) !== '!<arch>\n') return undefined
  const members: Part[] = []
  let names = ''
  for (let at = 8; at + 60 <= bytes.length; ) {
    const field = text(at, at + 16).trimEnd()
    const size = Number(text(at + 48, at + 58).trim())
    if (text(at + 58, at + 60) !== '`\n' || !Number.isSafeInteger(size) || size < 0) return undefined
    if (field === '//') names = text(at + 60, at + 60 + size)
    const long = /^\/([0-9]+)$/.exec(field)
    const name = long === null ? field.replace(/(?<=.)\/$/, '') : names.slice(Number(long[1])).replace(/\/\n[\s\S]*$/, '')
    members.push({ name: `header of ${name}`, offset: at, size: 60 }, { name, offset: at + 60, size })
    at += 60 + size + (size % 2)
  }
  return members
}
