// Symbols of lengths and distances, RFC 1951 3.2.5, by arithmetic.
import { lengthSymbols } from './memory'

/** Less 257. */
@inline
export function lengthSymbol(length: u32): u32 {
  return load<u8>(lengthSymbols + length)
}

@inline
export function lengthExtra(symbol: u32): u32 {
  return symbol < 8 || symbol == 28 ? 0 : (symbol >> 2) - 1
}

/** The least length of a symbol. */
@inline
export function lengthBase(symbol: u32): u32 {
  return symbol < 8 ? symbol + 3 : symbol == 28 ? 258 : ((4 + (symbol & 3)) << ((symbol >> 2) - 1)) + 3
}

@inline
export function distanceSymbol(distance: u32): u32 {
  if (distance < 3) return distance - 1
  const top: u32 = 31 - clz<u32>(distance - 1)
  return 2 * top + (((distance - 1) >> (top - 1)) & 1)
}

@inline
export function distanceExtra(symbol: u32): u32 {
  return symbol < 4 ? 0 : (symbol >> 1) - 1
}

export function fillLengthSymbols(): void {
  for (let symbol: u32 = 0; symbol < 29; symbol++) {
    const next: u32 = symbol == 28 ? 259 : lengthBase(symbol + 1)
    for (let length = lengthBase(symbol); length < next; length++) store<u8>(lengthSymbols + length, <u8>symbol)
  }
}
