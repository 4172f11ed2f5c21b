// Ready shells for host tasks, and a room in which each runs: a folder, a home, a place for temporary files.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, renameSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { absPath, type AbsPath } from '../../base/ids.ts'
import { Fault } from '../../base/result.ts'
import type { ProcessExit } from './process.ts'
import { hostShell, toolPath } from './script.ts'
import { Shell } from './shell.ts'
import type { Launcher, ShellJob } from './shell-job.ts'

/** A folder for shells; made when the first is needed. */
export interface ShellFolder extends AsyncDisposable {
  readonly path: AbsPath
  /** Removes it, however much is in it, without letting anybody wait. */
  handOver(): void
}

/** Where one job runs. Dispose it when its outputs are taken: then all of it goes. */
export interface Room extends AsyncDisposable {
  /** Not there yet. */
  readonly work: AbsPath
  /** Empty folders. */
  readonly home: AbsPath
  readonly tmp: AbsPath
  run(job: ShellJob): Promise<ProcessExit>
  /** Moves the folders `work`, `home` and `tmp` into another, under the names `folder`, `home` and `tmp`. */
  keep(into: AbsPath): void
}

/**
 * What folders of jobs that are over may take of the disk before they are removed: bytes, and files. Not a few: ext4 passes over inodes that were freed
 * within the last minutes, one by one, before it gives a new file one. With 256 folders at a time, a sixth of all processor time of 2,000 small jobs went there.
 */
const mostBytes = 2 ** 30
const mostFiles = 300_000

/** So many are removed by this process itself when all is over. */
const few = 16

/** As many shells as jobs ran at once; each takes one job after the other as long as nothing of the last is left. */
export class Shells implements AsyncDisposable {
  readonly #open: () => ShellFolder
  readonly #free: Place[] = []
  readonly #launcher: () => Launcher
  #folder: ShellFolder | undefined
  #remover: ChildProcess | undefined
  #next = 0
  #gone: string[] = []
  /** What was left of the disk when nothing was there to be removed. */
  #before: { readonly bytes: number; readonly files: number } | undefined

  constructor(open: () => ShellFolder, launcher: () => Launcher = findLauncher) {
    this.#open = open
    this.#launcher = launcher
  }

  async take(): Promise<Room> {
    const place = this.#free.pop() ?? (await this.#place())
    const work = this.#fresh(place)
    return {
      work,
      home: place.home,
      tmp: place.tmp,
      run: (job) => place.shell.run(job),
      keep: (into) => {
        for (const [from, name] of [[work, 'folder'], [place.home, 'home'], [place.tmp, 'tmp']] as const) if (existsSync(from)) renameSync(from, join(into, name))
      },
      [Symbol.asyncDispose]: async () => this.#leave(place, work),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { shell } of this.#free) shell.end()
    this.#remover?.stdin?.end()
    if (this.#remover?.exitCode === null) await once(this.#remover, 'exit')
    if (this.#gone.length > few) this.#folder?.handOver()
    else await this.#folder?.[Symbol.asyncDispose]()
  }

  async #place(): Promise<Place> {
    this.#folder ??= this.#open()
    const folder = absPath(join(this.#folder.path, `s${this.#next++}`))
    mkdirSync(folder)
    const place = { folder, shell: await Shell.start(folder, this.#launcher()), home: absPath(join(folder, 'home')), tmp: absPath(join(folder, 'tmp')) }
    mkdirSync(place.home)
    mkdirSync(place.tmp)
    return place
  }

  /** A folder of its own for each job: who left the last one behind his back still stands in a folder that is gone. */
  #fresh({ folder }: Place): AbsPath {
    return absPath(join(folder, `w${this.#next++}`))
  }

  #leave(place: Place, work: AbsPath): void {
    this.#remove(work)
    if (!place.shell.clean) {
      place.shell.end()
      return
    }
    this.#free.push({ ...place, home: this.#emptied(place, place.home), tmp: this.#emptied(place, place.tmp) })
  }

  #emptied(place: Place, folder: AbsPath): AbsPath {
    if (existsSync(folder) && readdirSync(folder).length === 0) return folder
    this.#remove(folder)
    const fresh = this.#fresh(place)
    mkdirSync(fresh)
    return fresh
  }

  /** By another process, many at once: a rmdir may wait for the disk for milliseconds, and nothing here waits for it. */
  #remove(path: AbsPath): void {
    if (this.#folder === undefined) return
    this.#gone.push(path.slice(this.#folder.path.length + 1))
    const { bavail, bsize, ffree } = statfsSync(this.#folder.path)
    const left = { bytes: bavail * bsize, files: ffree }
    this.#before ??= left
    if (this.#before.bytes - left.bytes < mostBytes && this.#before.files - left.files < mostFiles) return
    this.#before = undefined
    const shell = ['-c', 'while read -r paths; do rm -rf $paths; done']
    this.#remover ??= spawn(hostShell, shell, { cwd: this.#folder.path, env: { PATH: toolPath }, stdio: ['pipe', 'ignore', 'ignore'], detached: true })
    this.#remover.stdin?.write(`${this.#gone.splice(0).join(' ')}\n`)
  }
}

interface Place {
  readonly folder: AbsPath
  readonly shell: Shell
  readonly home: AbsPath
  readonly tmp: AbsPath
}

/**
 * bash gives each job a process group itself; another shell starts it through setsid(1), which costs one more program. In the foreground of
 * bash, a job that a SIGINT ends takes bash with it; in the background of another shell, a job ignores SIGINT.
 */
function findLauncher(): Launcher {
  const env = find('env') ?? '/usr/bin/env'
  const bash = find('bash')
  if (bash !== undefined) return bashLauncher(bash, env)
  const setsid = find('setsid')
  if (setsid === undefined) throw new Fault('machine', 'Tasks need bash or setsid, and neither is installed', { hint: 'setsid is part of util-linux and of busybox' })
  return setsidLauncher(setsid, env)
}

export function bashLauncher(bash: AbsPath, env: AbsPath | string): Launcher {
  return { worker: [bash, '--norc', '--noprofile'], prepare: 'set -m', run: '(. ./job) & wait $!', through: '', env }
}

export function setsidLauncher(setsid: AbsPath, env: AbsPath | string): Launcher {
  return { worker: [hostShell], prepare: ':', run: '(. ./job)', through: setsid, env }
}

function find(name: string): AbsPath | undefined {
  const path = toolPath.split(':').map((folder) => join(folder, name)).find(existsSync)
  return path === undefined ? undefined : absPath(path)
}
