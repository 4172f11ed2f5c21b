// Prefix codes of deflate.
import { keys, nextCodes, otherKeys, parents, perDigit, perLength, weights } from './memory'

/**
 * Lengths of a complete prefix code, none over `limit` bits, for `size` symbols by their u32 counts, each under 65,536.
 * A code of fewer than two symbols gets others with it: some readers refuse an incomplete code.
 */
export function codeLengths(counts: u32, size: u32, limit: u32, lengths: u32): void {
  memory.fill(lengths, 0, size)
  const leaves = sortedKeys(counts, size)
  countDepths(leaves, limit)
  balance(limit)
  let next: u32 = 0
  for (let length = limit; length > 0; length--) {
    for (let n = at(perLength, length); n > 0; n--) store<u8>(lengths + (at(keys, next++) & 511), <u8>length)
  }
}

/** Canonical codes of RFC 1951 3.2.2 as u32 words, code | bits << 24, the code's bits reversed. Symbols without a code get 0. */
export function assignCodes(lengths: u32, size: u32, words: u32): void {
  memory.fill(perLength, 0, 64)
  for (let s: u32 = 0; s < size; s++) add(perLength, load<u8>(lengths + s), 1)
  set(perLength, 0, 0)
  let code: u32 = 0
  for (let length: u32 = 1; length <= 15; length++) {
    code = (code + at(perLength, length - 1)) << 1
    set(nextCodes, length, code)
  }
  for (let s: u32 = 0; s < size; s++) {
    const length: u32 = load<u8>(lengths + s)
    if (length != 0) set(words, s, reverse(add(nextCodes, length, 1), length) | length << 24)
    else set(words, s, 0)
  }
}

/** The item of an array of u32. */
@inline
export function at(array: u32, i: u32): u32 {
  return load<u32>(array + (i << 2))
}

@inline
export function set(array: u32, i: u32, value: u32): void {
  store<u32>(array + (i << 2), value)
}

/** Returns what was there before. */
@inline
export function add(array: u32, i: u32, value: u32): u32 {
  const before = at(array, i)
  set(array, i, before + value)
  return before
}

/** Symbols that occur, the rarest first, those of equal counts in their own order. Returns how many. */
function sortedKeys(counts: u32, size: u32): u32 {
  let n: u32 = 0
  for (let s: u32 = 0; s < size; s++) if (at(counts, s) != 0) set(keys, n++, at(counts, s) << 9 | s)
  for (let s: u32 = 0; n < 2; s++) if (at(counts, s) == 0) set(keys, n++, s)
  sortByDigit(keys, otherKeys, n, 9)
  sortByDigit(otherKeys, keys, n, 17)
  return n
}

function sortByDigit(from: u32, to: u32, size: u32, shift: u32): void {
  memory.fill(perDigit, 0, 1024)
  for (let i: u32 = 0; i < size; i++) add(perDigit, (at(from, i) >> shift) & 255, 1)
  let sum: u32 = 0
  for (let digit: u32 = 0; digit < 256; digit++) {
    const count = at(perDigit, digit)
    set(perDigit, digit, sum)
    sum += count
  }
  for (let i: u32 = 0; i < size; i++) set(to, add(perDigit, (at(from, i) >> shift) & 255, 1), at(from, i))
}

/** How many leaves of a Huffman tree over the keys have each depth: two queues, leaves and inner nodes, both ascending by themselves. */
function countDepths(leaves: u32, limit: u32): void {
  for (let i: u32 = 0; i < leaves; i++) set(weights, i, at(keys, i) >> 9)
  const nodes: u32 = 2 * leaves - 1
  let leaf: u32 = 0
  let inner = leaves
  for (let node = leaves; node < nodes; node++) {
    let weight: u32 = 0
    for (let child: u32 = 0; child < 2; child++) {
      const takeLeaf = leaf < leaves && (inner >= node || at(weights, leaf) <= at(weights, inner))
      const taken = takeLeaf ? leaf++ : inner++
      weight += at(weights, taken)
      store<u16>(parents + (taken << 1), <u16>node)
    }
    set(weights, node, weight)
  }
  memory.fill(perLength, 0, 64)
  // From here on the depth of a node stands in the place of its weight.
  set(weights, nodes - 1, 0)
  for (let node = nodes - 1; node-- > 0; ) {
    const depth = at(weights, load<u16>(parents + (node << 1))) + 1
    set(weights, node, depth)
    if (node < leaves) add(perLength, min(depth, limit), 1)
  }
}

/** Moves codes between lengths until the sum of 2^-length is 1 again after cutting at `limit`. */
function balance(limit: u32): void {
  let total: u32 = 0
  for (let length: u32 = 1; length <= limit; length++) total += at(perLength, length) << (limit - length)
  for (; total > <u32>1 << limit; total--) {
    add(perLength, limit, -1)
    let length = limit - 1
    while (at(perLength, length) == 0) length--
    add(perLength, length, -1)
    add(perLength, length + 1, 2)
  }
}

@inline
function reverse(code: u32, length: u32): u32 {
  code = (code & 0x5555) << 1 | (code >> 1) & 0x5555
  code = (code & 0x3333) << 2 | (code >> 2) & 0x3333
  code = (code & 0x0f0f) << 4 | (code >> 4) & 0x0f0f
  code = (code & 0x00ff) << 8 | (code >> 8) & 0x00ff
  return code >> (16 - length)
}
