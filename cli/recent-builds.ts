import { systemClock } from '../base/ports.ts'
import type { Digest } from '../base/ids.ts'
import type { Pins } from '../cache/pins.ts'

/** Milliseconds for which a finished build keeps what it made from garbage collection. */
const recent = 30 * 24 * 3_600_000
const prefix = 'recent build '

/** Pins what a build made, in place of what the same request made before, and lets go of builds that nobody repeated for a month. */
export async function pinRecentBuild(pins: Pins, request: string, outputs: readonly Digest[]): Promise<void> {
  const now = systemClock.now()
  for (const { name, at } of pins.all()) if (name.startsWith(prefix) && now - at > recent) await pins.remove(name)
  await pins.put(`${prefix}${request}`, outputs)
}

/** The pin of what builds of a part have made since. */
export function amendedPin(request: string): string {
  return `${prefix}${request} amended`
}
