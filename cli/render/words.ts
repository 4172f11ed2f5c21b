/** A duration as people read it: `240 ms`, `3.2 s`, `4 min 05 s`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`
}

/** A size in bytes as people read it: `812 B`, `3.4 MB`. Powers of 1000, as disks and registries count. */
export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit] ?? ''}`
}

/** What a build did, in its last line. */
export function tally(counts: { readonly ran: number; readonly hit: number; readonly cutOff: number; readonly failed: number }, ms: number): string {
  return `${counts.ran} ran, ${counts.hit} hit, ${counts.cutOff} cut off, ${counts.failed} failed in ${duration(ms)}`
}
