import { arMembers } from './ar-members.ts'
import { elfSections } from './elf-sections.ts'
import type { Part } from './part.ts'

/** Places told of one file: what is beyond says nothing new to a person. */
const placesTold = 8

/** Where two files differ, in words: by section of an ELF, by member of a static library and section of that, else by the first byte. */
export function compareFiles(a: Uint8Array, b: Uint8Array): readonly string[] {
  if (Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(b)) return []
  const members = compareParts([a, b], [arMembers(a), arMembers(b)], compareElf)
  return (members ?? compareElf(a, b)).slice(0, placesTold)
}

function compareElf(a: Uint8Array, b: Uint8Array): readonly string[] {
  return compareParts([a, b], [elfSections(a), elfSections(b)], firstByte) ?? firstByte(a, b)
}

type Pair<T> = readonly [T, T]

/** Undefined when one of the two has no such parts, or when every part is equal and the difference lies between them. */
function compareParts(files: Pair<Uint8Array>, parts: Pair<readonly Part[] | undefined>, inside: (a: Uint8Array, b: Uint8Array) => readonly string[]): readonly string[] | undefined {
  const [one, other] = parts
  if (one === undefined || other === undefined) return undefined
  const places: string[] = []
  const left = new Map(named(other))
  for (const [name, part] of named(one)) {
    const match = left.get(name)
    left.delete(name)
    if (match === undefined) {
      places.push(`${name} is only in the first`)
      continue
    }
    const [x, y] = [bytesOf(files[0], part), bytesOf(files[1], match)]
    if (!Buffer.from(x).equals(y)) places.push(...inside(x, y).map((place) => `${name}: ${place}`))
  }
  places.push(...[...left.keys()].map((name) => `${name} is only in the second`))
  return places.length === 0 ? undefined : places
}

/** Two parts may bear one name: the second is `name (2)`. */
function named(parts: readonly Part[]): readonly (readonly [string, Part])[] {
  const seen = new Map<string, number>()
  return parts.map((part) => {
    const times = (seen.get(part.name) ?? 0) + 1
    seen.set(part.name, times)
    return [times === 1 ? part.name : `${part.name} (${times})`, part] as const
  })
}

function bytesOf(file: Uint8Array, { offset, size }: Part): Uint8Array {
  return file.subarray(offset, offset + size)
}

function firstByte(a: Uint8Array, b: Uint8Array): readonly string[] {
  const shorter = Math.min(a.length, b.length)
  let at = 0
  while (at < shorter && a[at] === b[at]) at++
  if (at === shorter) return [`${a.length} bytes and ${b.length} bytes`]
  return [`from byte ${at}: ${excerpt(a, at)} and ${excerpt(b, at)}`]
}

/** A few bytes around a place, as text where they are text. */
function excerpt(bytes: Uint8Array, at: number): string {
  const some = Buffer.from(bytes.subarray(Math.max(0, at - 8), at + 24))
  return some.every((byte) => byte >= 0x20 && byte < 0x7f) ? `"${some.toString('latin1')}"` : Buffer.from(bytes.subarray(at, at + 12)).toString('hex')
}
