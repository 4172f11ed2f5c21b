import { spawnSync } from 'node:child_process'
import { existsSync, lstatSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { action, found } from '../action.ts'
import { environment, type Engine, type Found, type Place } from '../engine.ts'
import { flat, inputsOf } from '../layout.ts'
import { versionOf } from './version.ts'

/** tup stats every file at each start. `^o^` lets it compare what a command wrote, its way to cut off. Killed, it loses the whole run, which is one transaction. */
export const tup: Engine = {
  name: 'tup',
  layout: flat,
  habits: { touch: 'one', equal: 'one', lost: 'one', killed: 'all' },
  most: 10_000,
  // It keeps times in seconds: a file that is written again within the same second is overlooked.
  blind: 1100,
  cannot: { restore: 'it has no cache' },
  find: findTup,
  describe(graph, place) {
    const command = action(place.counter, '%f', '%o').replace(')%', ')%%')
    writeFileSync(join(place.work, 'Tupfile'), `!fold = |> ^o^ ${command} |>\n${graph.needs.map((_, node) => `: ${inputsOf(graph, flat, node).join(' ')} |> !fold |> ${flat.output(node)}\n`).join('')}`)
    run(place, ['init'])
  },
  build: (place) => ({ argv: ['tup', `-j${place.jobs}`], cwd: place.work, environment: environment(place) }),
  leave: ({ work }) => unmount(work),
}

/** The same with its monitor, which notes changes by inotify, so that nothing has to be statted. */
export const tupMonitor: Engine = {
  ...tup,
  name: 'tup monitor',
  resident: {
    start: async (place) => run(place, ['monitor']),
    stop: async (place) => run(place, ['stop']),
  },
}

/** What it prints goes nowhere: the monitor stays, and would hold a pipe open. */
function run(place: Place, argv: readonly string[]): void {
  const { status } = spawnSync('tup', argv, { cwd: place.work, env: { ...environment(place) }, stdio: 'ignore' })
  if (status !== 0) throw new Error(`tup ${argv.join(' ')} ended with ${status}`)
}

function findTup(): Found {
  if (!existsSync('/dev/fuse')) return { absent: 'tup needs /dev/fuse' }
  if (unmounter() === undefined) return { absent: 'tup needs fusermount3 (Debian: fuse3)' }
  const version = versionOf('tup')
  if ('absent' in version) return version
  trial ??= tryOut(version)
  return trial
}

let trial: Found | undefined

/** Some containers show /dev/fuse and let nobody mount with it, or mount and never unmount. */
function tryOut(version: Found): Found {
  const work = mkdtempSync(join(tmpdir(), 'tup-trial-'))
  try {
    writeFileSync(join(work, 'Tupfile'), ': |> echo done > %o |> out\n')
    const steps = [['init'], ['-j1']].map((argv) => spawnSync('tup', argv, { cwd: work, stdio: 'ignore', timeout: 20_000 }).status)
    if (steps.some((status) => status !== 0) || readFileSync(join(work, 'out'), 'utf8') !== 'done\n') return { absent: 'tup builds nothing here' }
    lstatSync(join(work, '.tup', 'mnt'))
    return version
  } catch (fault) {
    return { absent: `tup leaves its mount behind here (${String(fault)})` }
  } finally {
    unmount(work)
    removeIfFree(work)
  }
}

/** A tup that was killed leaves its FUSE mount, where nothing answers any more and which nobody can delete. */
function unmount(work: string): void {
  const program = unmounter()
  if (program !== undefined) spawnSync(program, ['-u', '-z', '-q', join(work, '.tup', 'mnt')], { stdio: 'ignore', timeout: 10_000 })
}

function unmounter(): string | undefined {
  return found('fusermount3') ?? found('fusermount')
}

function removeIfFree(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true })
  } catch {
    // Its mount holds it, which is what the trial reports.
  }
}
