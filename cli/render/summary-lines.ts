import type { Summary, Timed } from '../../engine/summary.ts'
import { harmless, type Style } from './style.ts'
import { duration } from './words.ts'

/** Milliseconds of the critical path from which on its parts are worth a look, and runs: what ran alone has told its time in its own line. */
const worthTelling = 2000
const fewestRuns = 2
/** Runs told of the path and of the slowest. */
const told = 5

/** The critical path, the slowest runs and what hits saved: at most three lines, and none after a short build. */
export function summaryLines({ counts, criticalPath, criticalMs, slowest, ms, saved }: Summary, { dim }: Style): readonly string[] {
  if (criticalMs < worthTelling || slowest.length < fewestRuns) return []
  const path = `${dim('path')}     ${duration(criticalMs)} of ${duration(ms)}: ${pathWords(criticalPath)}`
  const slow = `${dim('slowest')}  ${slowest.slice(0, told).map(timedWords).join(', ')}`
  return saved === 0 ? [path, slow] : [path, slow, `${dim('saved')}    ${duration(saved)} by ${counts.hit} ${counts.hit === 1 ? 'hit' : 'hits'}`]
}

/** In the order in which they ran; the shortest are left out, which an ellipsis says. */
function pathWords(path: readonly Timed[]): string {
  const longest = new Set([...path].sort((a, b) => b.ms - a.ms).slice(0, told))
  const words: string[] = []
  for (const run of path) {
    if (longest.has(run)) words.push(timedWords(run))
    else if (words.at(-1) !== '…') words.push('…')
  }
  return words.join(' → ')
}

function timedWords({ label, ms }: Timed): string {
  return `${harmless(label)} ${duration(ms)}`
}
