// The end of the output, filled from the low bit.
import { output } from './memory'

/** Bits that are not in memory yet, and how many: under 8 between calls. */
export let held: u64 = 0
export let heldCount: u32 = 0
/** Where the next byte goes. */
export let end: u32 = output

export function beginBits(): void {
  setBits(0, 0, output)
}

/** For who writes many with locals of its own. */
@inline
export function setBits(bits: u64, count: u32, at: u32): void {
  held = bits
  heldCount = count
  end = at
}

/** At most 32 bits. */
export function put(bits: u32, count: u32): void {
  held |= <u64>bits << heldCount
  heldCount += count
  store<u64>(end, held)
  end += heldCount >> 3
  held >>= heldCount & 56
  heldCount &= 7
}

/** Fills the last byte with zeros. */
export function align(): void {
  if (heldCount > 0) store<u8>(end++, <u8>held)
  held = 0
  heldCount = 0
}

/** On a byte boundary. */
export function putBytes(from: u32, size: u32): void {
  memory.copy(end, from, size)
  end += size
}

/** Length of a stored block and its complement, on a byte boundary. */
export function putStoredLength(size: u32): void {
  store<u32>(end, size | (size ^ 0xffff) << 16)
  end += 4
}
