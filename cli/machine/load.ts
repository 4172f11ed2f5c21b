import { loadavg } from 'node:os'
import type { LoadLimit } from '../../engine/scheduler.ts'
import { type Arguments, flag } from '../arguments.ts'

/** What `--load` says; undefined without it. `wrong`: it is no number above 0. */
export function loadLimit(from: Arguments): LoadLimit | 'wrong' | undefined {
  const text = flag(from, 'load')
  if (text === undefined) return undefined
  const limit = /^\d{1,6}(\.\d{1,3})?$/.test(text) ? Number(text) : 0
  return limit > 0 ? { limit, now: () => loadavg()[0] ?? 0 } : 'wrong'
}
