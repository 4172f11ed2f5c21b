import { type ElfReader, Malformed } from './elf-reader.ts'
import type { Segment } from './elf-segment.ts'

export interface Notes {
  readonly features: ReadonlySet<Feature>
  readonly buildId: string | undefined
}

type Feature = 'ibt' | 'shstk' | 'bti' | 'pac'

const noteSegment = 4
const buildIdNote = 3
const propertyNote = 5
/** GNU_PROPERTY_X86_FEATURE_1_AND and GNU_PROPERTY_AARCH64_FEATURE_1_AND, with their lowest two bits. */
const featureBits: Readonly<Record<number, readonly [Feature, Feature]>> = { 0xc0000002: ['ibt', 'shstk'], 0xc0000000: ['bti', 'pac'] }

export function readNotes(reader: ElfReader, segments: readonly Segment[]): Notes {
  const features = new Set<Feature>()
  let buildId: string | undefined
  for (const segment of segments.filter(({ type }) => type === noteSegment)) {
    for (const note of notesIn(reader, segment)) {
      if (note.type === buildIdNote) buildId ??= Buffer.from(reader.slice(note.at, note.size)).toString('hex')
      if (note.type === propertyNote) for (const feature of featuresIn(reader, note)) features.add(feature)
    }
  }
  return { features, buildId }
}

interface Note {
  readonly type: number
  readonly at: number
  readonly size: number
}

/** GNU's notes; those in segments of alignment 8 are padded to 8 bytes. */
function* notesIn(reader: ElfReader, { offset, fileSize, align }: Segment): Generator<Note> {
  const unit = align === 8 ? 8 : 4
  const end = offset + fileSize
  if (end > reader.size) throw new Malformed('a note past the end')
  for (let at = offset; at + 12 <= end; ) {
    const nameSize = reader.u32(at)
    const size = reader.u32(at + 4)
    const content = at + padded(12 + nameSize, unit)
    if (nameSize === 4 && reader.text(at + 12) === 'GNU') yield { type: reader.u32(at + 8), at: content, size }
    at = content + padded(size, unit)
  }
}

function* featuresIn(reader: ElfReader, note: Note): Generator<Feature> {
  const end = note.at + note.size
  for (let at = note.at; at + 8 <= end; ) {
    const size = reader.u32(at + 4)
    const names = featureBits[reader.u32(at)]
    if (names !== undefined && size === 4) {
      const bits = reader.u32(at + 8)
      yield* names.filter((_, bit) => (bits & (1 << bit)) !== 0)
    }
    at += 8 + padded(size, reader.bits / 8)
  }
}

function padded(size: number, unit: number): number {
  return Math.ceil(size / unit) * unit
}
