// One deflate block (RFC 1951): from sequences and counts to bits.
import { align, end, held, heldCount, put, putBytes, putStoredLength, setBits } from './bits'
import { add, assignCodes, at, codeLengths, set } from './huffman'
import { allBits, countsSize, distanceBits, distanceCounts, distanceWords, lengthWords, literalBits, literalCounts, literalWords, runBits, runCounts, runs, runWords, sequences } from './memory'
import { distanceExtra, distanceSymbol, lengthBase, lengthExtra, lengthSymbol } from './symbols'

/** Sequences that are to become a block, and the symbols in them; their counts are kept beside them. */
let count: u32 = 0
export let symbols: u32 = 0

export function beginBlock(): void {
  count = 0
  symbols = 0
  memory.fill(literalCounts, 0, countsSize)
}

@inline
export function countLiteral(place: u32): void {
  add(literalCounts, load<u8>(place), 1)
}

@inline
export function uncountLiteral(place: u32): void {
  add(literalCounts, load<u8>(place), -1)
}

/** A run of literals, which are counted already, and then a match. */
@inline
export function addSequence(literals: u32, length: u32, distance: u32): void {
  addRun(literals, length << 16 | distance)
  symbols++
  add(literalCounts, 257 + lengthSymbol(length), 1)
  add(distanceCounts, distanceSymbol(distance), 1)
}

/** A run of literals, which are counted already, without a match. */
@inline
export function addLiterals(literals: u32): void {
  addRun(literals, 0)
}

/** Writes the sequences, which stand for the bytes from `from` to `to`, as a stored, fixed or dynamic block, whichever is least, and begins anew. */
export function writeBlock(from: u32, to: u32, final: u32): void {
  set(literalCounts, 256, 1)
  const extra = extraBits()
  fixedLengths()
  const fixed: u32 = 3 + extra + cost()
  memory.fill(literalBits, 0, 288)
  memory.fill(distanceBits, 0, 32)
  codeLengths(literalCounts, 286, longestCode, literalBits)
  codeLengths(distanceCounts, 30, longestCode, distanceBits)
  const runCount = findRuns()
  const dynamic: u32 = 3 + extra + cost() + headerBits(runCount)
  const stored: u32 = (to - from) * 8 + max<u32>(1, (to - from + 65534) / 65535) * 42
  if (stored <= dynamic && stored <= fixed) writeStored(from, to, final)
  else if (fixed <= dynamic) {
    fixedLengths()
    put(final | 2, 3)
    writeSequences(from)
  } else {
    put(final | 4, 3)
    writeHeader(runCount)
    writeSequences(from)
  }
  beginBlock()
}

/** RFC 1951 allows 15; with 14 the codes of four literals and what is held fit into 64 bits. */
const longestCode: u32 = 14

@inline
function addRun(literals: u32, match: u32): void {
  const sequence = sequences + (count << 3)
  store<u32>(sequence, literals)
  store<u32>(sequence, match, 4)
  count++
  symbols += literals
}

function extraBits(): u32 {
  let bits: u32 = 0
  for (let s: u32 = 0; s < 29; s++) bits += at(literalCounts, 257 + s) * lengthExtra(s)
  for (let s: u32 = 0; s < 30; s++) bits += at(distanceCounts, s) * distanceExtra(s)
  return bits
}

function cost(): u32 {
  let bits: u32 = 0
  for (let s: u32 = 0; s < 286; s++) bits += at(literalCounts, s) * load<u8>(literalBits + s)
  for (let s: u32 = 0; s < 30; s++) bits += at(distanceCounts, s) * load<u8>(distanceBits + s)
  return bits
}

function fixedLengths(): void {
  memory.fill(literalBits, 8, 144)
  memory.fill(literalBits + 144, 9, 112)
  memory.fill(literalBits + 256, 7, 24)
  memory.fill(literalBits + 280, 8, 8)
  memory.fill(distanceBits, 5, 32)
}

/** Both tables of code lengths as run-length symbols, RFC 1951 3.2.7. Returns how many. */
function findRuns(): u32 {
  const literals = used(literalBits, 286, 257)
  const distances = used(distanceBits, 30, 1)
  memory.copy(allBits, literalBits, literals)
  memory.copy(allBits + literals, distanceBits, distances)
  const size = literals + distances
  let found: u32 = 0
  for (let i: u32 = 0; i < size; ) {
    const length: u32 = load<u8>(allBits + i)
    let run: u32 = 1
    while (i + run < size && load<u8>(allBits + i + run) == length) run++
    i += run
    if (length != 0) {
      addRunSymbol(found++, length)
      run--
    }
    while (run >= 3) {
      const most = min<u32>(run, length != 0 ? 6 : 138)
      if (length != 0) addRunSymbol(found++, 16 | (most - 3) << 5)
      else addRunSymbol(found++, most < 11 ? 17 | (most - 3) << 5 : 18 | (most - 11) << 5)
      run -= most
    }
    for (; run > 0; run--) addRunSymbol(found++, length)
  }
  return found
}

function addRunSymbol(i: u32, symbol: u32): void {
  store<u16>(runs + (i << 1), <u16>symbol)
}

function runSymbol(i: u32): u32 {
  return load<u16>(runs + (i << 1))
}

function used(lengths: u32, most: u32, least: u32): u32 {
  while (most > least && load<u8>(lengths + most - 1) == 0) most--
  return most
}

function headerBits(runCount: u32): u32 {
  memory.fill(runCounts, 0, 76)
  for (let i: u32 = 0; i < runCount; i++) add(runCounts, runSymbol(i) & 31, 1)
  codeLengths(runCounts, 19, 7, runBits)
  let bits: u32 = 14 + 3 * runLengthCount()
  for (let s: u32 = 0; s < 19; s++) bits += at(runCounts, s) * (<u32>load<u8>(runBits + s) + runExtra(s))
  return bits
}

function runExtra(symbol: u32): u32 {
  return symbol < 16 ? 0 : symbol == 16 ? 2 : symbol == 17 ? 3 : 7
}

/** The order of the lengths of the code of code lengths. */
const order: usize = memory.data<u8>([16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15])

function runLengthCount(): u32 {
  let n: u32 = 19
  while (n > 4 && load<u8>(runBits + load<u8>(order + n - 1)) == 0) n--
  return n
}

function writeHeader(runCount: u32): void {
  const lengths = runLengthCount()
  put(used(literalBits, 286, 257) - 257, 5)
  put(used(distanceBits, 30, 1) - 1, 5)
  put(lengths - 4, 4)
  for (let i: u32 = 0; i < lengths; i++) put(load<u8>(runBits + load<u8>(order + i)), 3)
  assignCodes(runBits, 19, runWords)
  for (let i: u32 = 0; i < runCount; i++) {
    const symbol = runSymbol(i) & 31
    putWord(at(runWords, symbol))
    put(runSymbol(i) >> 5, runExtra(symbol))
  }
}

function putWord(word: u32): void {
  put(word & 0xffffff, word >> 24)
}

/** Words of whole lengths: code and extra bits, at most 19. */
function fillLengthWords(): void {
  for (let length: u32 = 3; length <= 258; length++) {
    const symbol = lengthSymbol(length)
    const word = at(literalWords, 257 + symbol)
    const bits = word >> 24
    set(lengthWords, length, word & 0xffffff | (length - lengthBase(symbol)) << bits | (bits + lengthExtra(symbol)) << 24)
  }
}

function writeSequences(from: u32): void {
  assignCodes(literalBits, 288, literalWords)
  assignCodes(distanceBits, 32, distanceWords)
  fillLengthWords()
  // Everything that is touched at each symbol is in locals. At most 7 + 56 bits are held before they are stored.
  let bits = held
  let bitCount = heldCount
  let to = end
  let place = from
  const stop = sequences + (count << 3)
  for (let sequence = sequences; sequence < stop; sequence += 8) {
    let run = load<u32>(sequence)
    for (; run >= 4; run -= 4) {
      for (let i: u32 = 0; i < 4; i++) {
        const word = load<u32>(literalWords + (<u32>load<u8>(place + i) << 2))
        bits |= <u64>(word & 0xffffff) << bitCount
        bitCount += word >> 24
      }
      store<u64>(to, bits)
      to += bitCount >> 3
      bits >>= bitCount & 56
      bitCount &= 7
      place += 4
    }
    // Up to three more without a branch that could be guessed wrong: words beyond the run count as none.
    for (let i: u32 = 0; i < 3; i++) {
      const word = select<u32>(load<u32>(literalWords + (<u32>load<u8>(place + i) << 2)), 0, i < run)
      bits |= <u64>(word & 0xffffff) << bitCount
      bitCount += word >> 24
    }
    place += run
    store<u64>(to, bits)
    to += bitCount >> 3
    bits >>= bitCount & 56
    bitCount &= 7
    const match = load<u32>(sequence, 4)
    if (match == 0) continue
    const length = match >> 16
    const distance = match & 0xffff
    const lengthWord = load<u32>(lengthWords + (length << 2))
    bits |= <u64>(lengthWord & 0xffffff) << bitCount
    bitCount += lengthWord >> 24
    const symbol = distanceSymbol(distance)
    const distanceWord = load<u32>(distanceWords + (symbol << 2))
    bits |= <u64>(distanceWord & 0xffffff) << bitCount
    bitCount += distanceWord >> 24
    const extra = distanceExtra(symbol)
    bits |= <u64>((distance - 1) & ((<u32>1 << extra) - 1)) << bitCount
    bitCount += extra
    store<u64>(to, bits)
    to += bitCount >> 3
    bits >>= bitCount & 56
    bitCount &= 7
    place += length
  }
  setBits(bits, bitCount, to)
  putWord(load<u32>(literalWords + (256 << 2)))
}

function writeStored(from: u32, to: u32, final: u32): void {
  do {
    const size = min<u32>(65535, to - from)
    put(from + size == to ? final : 0, 3)
    align()
    putStoredLength(size)
    putBytes(from, size)
    from += size
  } while (from < to)
}
