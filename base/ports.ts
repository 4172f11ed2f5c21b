// The ways in which the world outside gets in. Everything that is not a function of its arguments comes through one of these.

export interface Clock {
  /** Milliseconds since the epoch. For people and for cache ages; never for keys. */
  now(): number
  /** Milliseconds since some start, never going back. */
  monotonic(): number
}

export interface Random {
  /** 32 random bits; the seed of a shuffle that is printed. */
  seed(): number
  /** Random lower-case letters and digits for the names of temporary files. */
  name(length: number): string
}

export type Environment = Readonly<Record<string, string | undefined>>

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
}

export const systemRandom: Random = {
  seed: () => Math.floor(Math.random() * 0x1_0000_0000),
  name: (length) => Array.from({ length }, () => Math.floor(Math.random() * 36).toString(36)).join(''),
}
