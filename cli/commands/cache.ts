import { systemClock, systemRandom } from '../../base/ports.ts'
import { type Checked, complaints, ok } from '../../base/result.ts'
import { digestHash } from '../../base/ids.ts'
import { collectGarbage } from '../../cache/gc.ts'
import { storeStats } from '../../cache/stats.ts'
import { openStore, type Store } from '../../cache/store.ts'
import { verifyStore } from '../../cache/verify.ts'
import { type Arguments, flag, has } from '../arguments.ts'
import { exitCodes } from '../exit.ts'
import { interrupts } from '../interrupt.ts'
import { storePlace } from '../machine/places.ts'
import { complain } from '../output.ts'
import { size } from '../render/words.ts'

/** What a subcommand found: an object for programs, lines for people, and the exit code. */
interface Told {
  readonly json: object
  readonly lines: readonly string[]
  readonly code: number
}

/** `nacre cache stats|gc|verify`. */
export async function cacheCommand(from: Arguments): Promise<number> {
  const what = subcommand(from)
  if (what.kind === 'complaints') return complain(what.diagnostics, from)
  const store = openStore(storePlace(flag(from, 'store'), process.env), { clock: systemClock, random: systemRandom })
  using interrupt = interrupts()
  try {
    const told = await what.value(store, interrupt.signal)
    process.stdout.write(has(from, 'json') ? `${JSON.stringify(told.json)}\n` : told.lines.map((line) => `${line}\n`).join(''))
    return told.code
  } catch (error) {
    if (interrupt.signal.aborted) return exitCodes.interrupted
    throw error
  } finally {
    await store.close()
  }
}

type Subcommand = (store: Store, signal: AbortSignal) => Promise<Told>

function subcommand(from: Arguments): Checked<Subcommand> {
  switch (from.words.join(' ')) {
    case 'stats':
      return ok(stats)
    case 'verify':
      return ok(verify)
    case 'gc': {
      const [maxSize, maxAge] = [flag(from, 'max-size'), flag(from, 'max-age')]
      const bytes = maxSize === undefined ? undefined : bytesOf(maxSize)
      if (maxSize !== undefined && bytes === undefined) return badValue(`--max-size takes a number of bytes, with K, M, G or T if you like, not "${maxSize}"`)
      if (maxAge !== undefined && !/^[0-9]+(\.[0-9]+)?$/.test(maxAge)) return badValue(`--max-age takes a number of days, not "${maxAge}"`)
      return ok((store, signal) => gc(store, { signal, ...(bytes === undefined ? {} : { maxSize: bytes }), ...(maxAge === undefined ? {} : { maxAge: Number(maxAge) * day }) }))
    }
    default:
      return complaints([{ code: 'cli/usage', severity: 'error', message: 'nacre cache takes one of stats, gc and verify', hint: 'nacre cache stats' }])
  }
}

const day = 24 * 3600 * 1000

function badValue(message: string): Checked<never> {
  return complaints([{ code: 'cli/bad-value', severity: 'error', message }])
}

/** Powers of 1000, as sizes are printed. */
function bytesOf(text: string): number | undefined {
  const [, amount, unit = ''] = /^([0-9]+(?:\.[0-9]+)?)([KMGT]?)B?$/i.exec(text) ?? []
  return amount === undefined ? undefined : Math.round(Number(amount) * 1000 ** ['', 'K', 'M', 'G', 'T'].indexOf(unit.toUpperCase()))
}

async function stats(store: Store, signal: AbortSignal): Promise<Told> {
  const found = await storeStats(store, signal)
  return {
    json: { store: store.root, ...found },
    lines: [
      `store        ${store.root}`,
      `content      ${found.blobs} blobs, ${size(found.bytes)}`,
      `executables  ${found.executables}, ${size(found.executableBytes)}`,
      `results      ${found.results}`,
      `roots        ${found.roots}, ${size(found.rootBytes)}`,
      `receipts     ${found.receipts}`,
      `pins         ${found.pins}`,
      ...(found.quarantined > 0 ? [`quarantined  ${found.quarantined}`] : []),
    ],
    code: exitCodes.done,
  }
}

async function gc(store: Store, options: Parameters<typeof collectGarbage>[1]): Promise<Told> {
  const { freed, kept } = await collectGarbage(store, options)
  return {
    json: { freed, kept },
    lines: [
      `freed  ${size(freed.bytes)}: ${freed.blobs} blobs, ${freed.results} results, ${freed.roots} roots, ${freed.temporaries} leftovers`,
      `kept   ${size(kept.bytes)}: ${kept.blobs} blobs, ${kept.results} results, ${kept.roots} roots`,
    ],
    code: exitCodes.done,
  }
}

/** Damage is an error although it was repaired: whoever runs this in a script wants to know. */
async function verify(store: Store, signal: AbortSignal): Promise<Told> {
  const report = await verifyStore(store, { signal })
  const damaged = report.corrupt.length + report.dropped.length + report.removedRoots.length > 0
  return {
    json: report,
    lines: [
      `${report.blobs} blobs, ${size(report.bytes)}, ${report.results} results, ${report.roots} roots`,
      ...report.corrupt.map((hash) => `corrupt   ${hash}: moved to quarantine, made again when it is needed`),
      ...report.dropped.map((key) => `dropped   result ${digestHash(key)}: its content is not in the store`),
      ...report.removedRoots.map((hash) => `removed   root ${hash}: it had been changed`),
      damaged ? 'the store was damaged; it is whole again' : 'everything is as it should be',
    ],
    code: damaged ? exitCodes.failed : exitCodes.done,
  }
}
