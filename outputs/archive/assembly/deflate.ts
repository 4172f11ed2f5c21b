// Deflates blocks of bytes (RFC 1951). Compiled to WebAssembly by compile.js; the bytes that come out depend on nothing but those that went in.
import { align, beginBits, end, put, putStoredLength } from './bits'
import { addLiterals, addSequence, beginBlock, countLiteral, symbols, uncountLiteral, writeBlock } from './block'
import { beginMatches, enter, find, findByEnd, fitsBefore, longestMatch, lookAhead } from './matches'
import { input, inputSize, output } from './memory'
import { fillLengthSymbols } from './symbols'

/** Where callers put the bytes, how many at most, and where they find what came out. */
export { input, inputSize, output }

/**
 * Deflates the input's bytes from `from` to `to`; the 32 KiB before them are the dictionary. What comes out ends on a byte boundary: by a
 * final block when `final` is 1, by an empty stored block when it is 0. Returns its size.
 */
export function deflate(from: u32, to: u32, final: u32): u32 {
  // Reading eight bytes near the end must not meet what an earlier call left there.
  store<u64>(input + to, 0)
  beginBits()
  beginBlock()
  const rest = writeMatches(input + from, input + to)
  if (rest < input + to || final != 0) writeBlock(rest, input + to, final)
  if (final == 0) {
    put(0, 3)
    align()
    putStoredLength(0)
  }
  align()
  return end - output
}

/** Symbols after which a block is full, as in zlib. */
const blockSymbols: u32 = 16384
/** A match as long as this is taken; a shorter one waits for a look at the next place. */
const goodLength: u32 = 16
/** Of a match shorter than this the end is looked up too. */
const niceLength: u32 = 30
/** After every 512 bytes without a match, steps become a byte longer: what does not compress goes by quickly. */
const patience: u32 = 9

fillLengthSymbols()

/** Writes full blocks and leaves the sequences of the last one. Returns where that begins. */
function writeMatches(from: u32, to: u32): u32 {
  beginMatches(from, to)
  const last = to - lookAhead
  let block = from
  /** Where the literals before the next match begin. */
  let literals = from
  let at = from
  while (at <= last) {
    let match = find(at, 3)
    if (match == 0) {
      const next = min(to, at + 1 + ((at - literals) >> patience))
      do countLiteral(at++)
      while (at < next)
      if (at - literals >= blockSymbols) {
        addLiterals(at - literals)
        writeBlock(block, at, 0)
        block = literals = at
      }
      continue
    }
    let entered = at + 1
    while (match >> 16 < goodLength && at < last) {
      const better = find(at + 1, match >> 16)
      entered = at + 2
      if (better == 0) break
      countLiteral(at++)
      match = better
    }
    let length = match >> 16
    let distance = match & 0xffff
    if (length < niceLength && at + length <= last) {
      const better = findByEnd(at, length)
      if (better != 0) {
        length = better >> 16
        distance = better & 0xffff
      }
    }
    const next = at + length
    while (at > literals && length < longestMatch && fitsBefore(at, distance)) {
      uncountLiteral(--at)
      length++
    }
    addSequence(at - literals, length, distance)
    enter(entered, next)
    at = literals = next
    if (symbols >= blockSymbols) {
      writeBlock(block, at, 0)
      block = at
    }
  }
  for (; at < to; at++) countLiteral(at)
  if (literals < to) addLiterals(to - literals)
  return block
}
