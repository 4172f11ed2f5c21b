// Finding what was there before: three candidates for each place, from two hash tables.
import { input, longTable, shortTable } from './memory'

export const window: u32 = 32768
export const longestMatch: u32 = 258
/** Bytes that are read at a place to look it up. */
export const lookAhead: u32 = 8

/** The bytes of this call. No match reaches before `lowest` or beyond `end`. */
let lowest: u32 = 0
let end: u32 = 0

/** Empties the tables and enters the window before `from`. */
export function beginMatches(from: u32, to: u32): void {
  memory.fill(shortTable, 0, 2 << hashBits)
  memory.fill(longTable, 0, 4 << hashBits)
  lowest = from - min<u32>(from - input, window)
  end = to
  enter(lowest, from)
}

/** Enters the places from `from` to `to` into both tables, but for the last ones, at which there are no eight bytes to read. */
@inline
export function enter(from: u32, to: u32): void {
  const stop = min(to, end - (lookAhead - 1))
  for (let at = from; at < stop; at++) {
    const bytes = load<u64>(at)
    store<u16>(shortEntry(bytes), <u16>at)
    const entry = longEntry(bytes)
    store<u32>(entry, at & 0xffff | load<u32>(entry) << 16)
  }
}

/** The longest match at `at` that is longer than `best` (3 or more), as length << 16 | distance, or 0; and enters the place. */
@inline
export function find(at: u32, best: u32): u32 {
  const bytes = load<u64>(at)
  const long = longEntry(bytes)
  const short = shortEntry(bytes)
  const longPlaces = load<u32>(long)
  const shortPlace: u32 = load<u16>(short)
  store<u32>(long, at & 0xffff | longPlaces << 16)
  store<u16>(short, <u16>at)
  const most = min(longestMatch, end - at)
  best = min(best, most)
  let found: u32 = 0
  let distance = (at - longPlaces) & 0xffff
  if (isBetter(at, distance, best)) {
    const length = common(at - distance, at, most)
    if (length > best) {
      best = length
      found = length << 16 | distance
    }
  }
  distance = (at - (longPlaces >> 16)) & 0xffff
  if (isBetter(at, distance, best)) {
    const length = common(at - distance, at, most)
    if (length > best) {
      best = length
      found = length << 16 | distance
    }
  }
  distance = (at - shortPlace) & 0xffff
  if (isBetter(at, distance, best)) {
    const length = common(at - distance, at, most)
    if (length > best) found = length << 16 | distance
  }
  return found
}

/**
 * A longer match at `at` than `length`, or 0: looks up what follows the match, and tries whether that place's own past fits from here on.
 * `at + length` must have eight bytes.
 */
@inline
export function findByEnd(at: u32, length: u32): u32 {
  const after = at + length
  const distance = (after - load<u32>(longEntry(load<u64>(after)))) & 0xffff
  if (!isBetter(at, distance, 3)) return 0
  const found = common(at - distance, at, min(longestMatch, end - at))
  return found > length ? found << 16 | distance : 0
}

/** Whether the byte before a match fits too. */
@inline
export function fitsBefore(at: u32, distance: u32): bool {
  return at - distance > lowest && load<u8>(at - 1) == load<u8>(at - 1 - distance)
}

/** Tables of 64 and 128 KiB: with larger ones the window falls out of a processor's second cache. */
const hashBits: u32 = 15

@inline
function shortEntry(bytes: u64): u32 {
  return shortTable + ((<u32>bytes * 0x9e3779b1) >> (32 - hashBits) << 1)
}

@inline
function longEntry(bytes: u64): u32 {
  return longTable + (<u32>((bytes << 8) * 0xcf1bbcdcbfa56300 >> (64 - hashBits)) << 2)
}

/**
 * Whether the four bytes at a distance are those at `at`, and so are the last four that a match longer than `best` has. Tables hold the low
 * 16 bits of places, and what is old or was never entered is seen here: a distance of 0 or out of reach. All three in one condition, for
 * each by itself is a branch that the processor often guesses wrong: a quarter of the encoder's time. Any place can be read, for the
 * input begins more than 64 KiB after the start of the memory.
 */
@inline
function isBetter(at: u32, distance: u32, best: u32): bool {
  const place = at - distance
  const inReach = distance - 1 < min(window, at - lowest)
  const begins = load<u32>(place) == load<u32>(at)
  const goesOn = load<u32>(place + best - 3) == load<u32>(at + best - 3)
  return <bool>(<i32>inReach & <i32>begins & <i32>goesOn)
}

/** How many bytes two places have in common, `most` at most, of which four are known to be. */
@inline
function common(a: u32, b: u32, most: u32): u32 {
  let length: u32 = 4
  while (length < most) {
    const difference = load<u64>(a + length) ^ load<u64>(b + length)
    if (difference != 0) return min(most, length + (<u32>ctz(difference) >> 3))
    length += 8
  }
  return most
}
