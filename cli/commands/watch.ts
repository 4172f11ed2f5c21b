import { systemClock, systemRandom } from '../../base/ports.ts'
import { type Checked, complaints, ok } from '../../base/result.ts'
import { layoutOf } from '../../cache/layout.ts'
import { Receipts } from '../../cache/receipts.ts'
import { Scratch } from '../../cache/scratch.ts'
import { currentSession } from '../../cache/session.ts'
import { FolderWatch } from '../../engine/watch/folder-watch.ts'
import { openInotify } from '../../engine/watch/inotify.ts'
import { type Arguments, flag, has } from '../arguments.ts'
import { everywhere } from '../flags.ts'
import { interrupts } from '../interrupt.ts'
import { machineArch, storePlace } from '../machine/places.ts'
import { deltaBuild } from '../delta-build.ts'
import { complain, stderrStyle } from '../output.ts'
import { receiptRequest } from '../receipt-request.ts'
import { workspaceFolder } from '../session.ts'
import { ownTerminal } from '../terminal.ts'
import { answerClients } from '../watch/answer.ts'
import { buildApart } from '../watch/build-apart.ts'
import { readPort } from '../watch/port-file.ts'
import { umask } from '../watch/requester.ts'
import { Program } from '../watch/program.ts'
import { ResidentBench } from '../watch/resident-bench.ts'
import { WatchServer } from '../watch/server.ts'
import { watchView } from '../watch/view.ts'
import { WatchLoop } from '../watch/watch-loop.ts'
import { WatchedBuilds } from '../watch/watched-builds.ts'

const usualDebounce = 30

/** `nacre watch`: builds whenever something changes, and answers the builds of other terminals, until Ctrl-C. */
export async function watchCommand(from: Arguments): Promise<number> {
  const folder = workspaceFolder(from)
  if (folder.kind === 'complaints') return complain(folder.diagnostics, from)
  const workspace = folder.value
  const debounce = debounceOf(from)
  if (debounce.kind === 'complaints') return complain(debounce.diagnostics, from)
  const other = readPort(workspace)
  if (other !== undefined) return complain([{ code: 'cli/watched', severity: 'error', message: `Process ${other.pid} watches this workspace already`, hint: 'nacre build is answered by it' }], from)
  const store = storePlace(flag(from, 'store'), process.env)
  const layout = layoutOf(store)
  const session = currentSession()
  const scratch = new Scratch(layout, { session, clock: systemClock, random: systemRandom })
  using _ = { [Symbol.dispose]: () => scratch.close() }
  const receipts = new Receipts(layout, { scratch, boot: session.boot })
  const arch = flag(from, 'arch') ?? machineArch()
  const order = { arch, request: receiptRequest({ workspace, arch, from, path: process.env['PATH'] ?? '' }) }
  const source = openInotify()
  using folders = source === undefined ? undefined : new FolderWatch(source, workspace)
  using interrupt = interrupts()
  using builds = new WatchedBuilds({ workspace, layout, receipts, folders, clock: systemClock })
  const program = new Program()
  const view = watchView({ json: has(from, 'json'), workspace, style: stderrStyle(), stdout: (text) => void process.stdout.write(text), stderr: (text) => void process.stderr.write(text) })
  const { signal } = interrupt
  await using bench = new ResidentBench()
  const terminal = { ...ownTerminal(), interrupts: () => ({ signal, [Symbol.dispose]: () => undefined }) }
  const loop = new WatchLoop({
    workspace, order, builds, program, view, signal,
    debounce: debounce.value,
    part: async ({ previous, delta }) => (delta === undefined ? undefined : await deltaBuild(from, previous, { terminal, delta, bench: bench.make, amended: (amendment) => builds.amended(previous, amendment) })),
    whole: () => buildApart(argumentsOf(from), signal),
  })
  const here = { workspace, store, program, umask: umask() }
  await using _server = await WatchServer.open(workspace, answerClients({ here, builds, loop, view, clock: systemClock, signal, bench: bench.make }))
  return await loop.run()
}

function debounceOf(from: Arguments): Checked<number> {
  const given = flag(from, 'debounce')
  if (given === undefined) return ok(usualDebounce)
  return /^[0-9]{1,5}$/.test(given) ? ok(Number(given)) : complaints([{ code: 'cli/bad-value', severity: 'error', message: `--debounce takes milliseconds, not "${given}"` }])
}

/** The command line of the builds: what this one was called with. */
function argumentsOf({ command, values, words }: Arguments): readonly string[] {
  const bare = new Set([...command.flags, ...everywhere].filter(({ value }) => value === undefined).map(({ name }) => name))
  const flags = [...values].filter(([name]) => name !== 'debounce')
  return [...flags.flatMap(([name, given]) => given.map((value) => (bare.has(name) ? `--${name}` : `--${name}=${value}`))), ...words]
}
