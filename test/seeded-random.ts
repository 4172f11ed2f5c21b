/** A sequence that is the same for the same seed. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed * 2654435769
  }

  below(n: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) % n
  }

  chance(percent: number): boolean {
    return this.below(100) < percent
  }

  /** Undefined of nothing. */
  pick<T>(list: readonly T[]): T | undefined {
    return list[this.below(list.length)]
  }
}
