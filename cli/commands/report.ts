import { mkdirSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { systemClock, systemRandom } from '../../base/ports.ts'
import { openStore } from '../../cache/store.ts'
import { machineFault } from '../../cache/machine-fault.ts'
import { type Arguments, flag, has } from '../arguments.ts'
import { exitCodes } from '../exit.ts'
import { lastBuild } from '../last-build.ts'
import { storePlace } from '../machine/places.ts'
import { complain } from '../output.ts'
import { workspaceFolder } from '../session.ts'
import { tally } from '../render/words.ts'
import { narrowed } from '../web/narrowed.ts'
import { pageHtml } from '../web/html.ts'
import { pageOf } from '../web/page-of.ts'

/** `nacre report`: the last build as a page for a browser. */
export async function reportCommand(from: Arguments): Promise<number> {
  const folder = workspaceFolder(from)
  if (folder.kind === 'complaints') return complain(folder.diagnostics, from)
  await using store = disposable(openStore(storePlace(flag(from, 'store'), process.env), { clock: systemClock, random: systemRandom }))
  const record = lastBuild(store.value.receipts, folder.value)
  if (record === undefined) return complain([{ code: 'cli/no-build', severity: 'error', message: `No build of "${folder.value}" is on record`, hint: 'nacre build leaves a record when something ran' }], from)
  const part = narrowed(record, from.words)
  if (part.kind === 'complaints') return complain(part.diagnostics, from)
  const page = await pageOf(part.value, { name: basename(folder.value), targets: from.words }, store.value)
  const to = flag(from, 'to')
  const file = to === undefined ? join(store.value.root, 'out', 'report.html') : resolve(to)
  write(file, pageHtml(page))
  const { counts, ms } = record.summary
  if (has(from, 'json')) process.stdout.write(`${JSON.stringify({ file, actions: part.value.actions.length, ran: counts.ran, hit: counts.hit, cutOff: counts.cutOff, failed: counts.failed })}\n`)
  else process.stdout.write(`${file}\n${tally(counts, ms)}\n`)
  return exitCodes.done
}

function write(file: string, html: string): void {
  try {
    mkdirSync(join(file, '..'), { recursive: true })
    writeFileSync(file, html)
  } catch (error) {
    throw machineFault(error, `write "${file}"`)
  }
}

function disposable<T extends { close(): Promise<void> }>(value: T): AsyncDisposable & { readonly value: T } {
  return { value, [Symbol.asyncDispose]: () => value.close() }
}
