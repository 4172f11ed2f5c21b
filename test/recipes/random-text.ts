/** Numbers that follow from a seed, so that what fails can be run again. */
export interface Random {
  /** 0 to n - 1. */
  below(n: number): number
  one<T>(items: readonly T[]): T
}

/** Source of the constants: mulberry32. */
export function generator(seed: number): Random {
  let state = seed >>> 0
  const below = (n: number): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * n)
  }
  return {
    below,
    one: (items) => {
      const item = items[below(items.length)]
      if (item === undefined) throw new Error('nothing to choose from')
      return item
    },
  }
}
