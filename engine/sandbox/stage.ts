// What a sandbox needs on disk before it starts, in the `work` folder of its spec: a few links and small files, however large the root is.
import { existsSync, mkdirSync, readFileSync, realpathSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, normalize } from 'node:path'
import { Fault } from '../../base/result.ts'
import type { Links } from './links.ts'
import { mountFlags, type MountPoint, parseMountinfo, pointsBelow } from './mountinfo.ts'
import type { Mount, SandboxSpec } from './sandbox.ts'

/** overlayfs refuses more than 500 layers (OVL_MAX_STACK in fs/overlayfs). */
const maximumLowers = 500

export interface Stage {
  readonly path: string
  /** overlayfs's lowerdir, relative to the stage, topmost first. */
  readonly lowers: string
  readonly mounts: readonly StagedMount[]
}

/** One mount(8) call. `source` is a link relative to the stage, or empty for a remount. */
export interface StagedMount {
  readonly options: string
  readonly source: string
  readonly target: string
  readonly shape: 'folder' | 'file'
}

/** `links` must outlive the stage. */
export function prepareStage(spec: SandboxSpec, links: Links): Stage {
  if (spec.lowers.length > maximumLowers) throw new Fault('internal', `A sandbox root has ${spec.lowers.length} layers, and overlayfs takes ${maximumLowers}`)
  const path = realpathSync(spec.work)
  for (const name of ['work', 'empty', 'root', 'host', 'sources', 'dev', 'dev/shm', 'dev/pts']) mkdirSync(join(path, name))
  symlinkSync(realpathSync(spec.upper), join(path, 'up'))
  symlinkSync(links.folder, join(path, 'l'))
  const lowers = spec.lowers.map((lower) => `l/${links.name(lower)}`).reverse()
  const points = spec.mounts.length === 0 ? [] : parseMountinfo(readFileSync('/proc/self/mountinfo', 'utf8'))
  return {
    path,
    lowers: lowers.length === 0 ? 'empty' : lowers.join(':'),
    mounts: spec.mounts.flatMap((mount, i) => stageMount(mount, join(path, 'sources', String(i)), points)),
  }
}

/** The absolute path in its one form; the scripts rely on there being no `.` and `..` in it. */
export function insidePath(path: string): string {
  const normal = normalize(path).replace(/(?<=.)\/+$/, '')
  if (!normal.startsWith('/') || normal.includes('\0')) throw new Fault('internal', `${JSON.stringify(path)} is not an absolute path inside of a sandbox`)
  return normal
}

/**
 * A read-only bind keeps what its source's mount forbids (nosuid, nodev, noexec): those flags are locked in a user namespace, and a
 * remount without them is refused. Mounts below the source come along and are made read-only one by one.
 */
function stageMount(mount: Mount, link: string, points: readonly MountPoint[]): readonly StagedMount[] {
  const source = realpathSync(mount.source)
  symlinkSync(source, link)
  const target = insidePath(mount.target)
  const shape = statSync(source).isDirectory() ? 'folder' : 'file'
  const first: StagedMount = { options: 'rbind', source: link.slice(link.lastIndexOf('/sources/') + 1), target, shape }
  if (mount.writable) return [first]
  const readOnly = (path: string, at: string): StagedMount => {
    return { options: ['remount', 'bind', 'ro', ...mountFlags(points, path)].join(','), source: '', target: at, shape }
  }
  const below = pointsBelow(points, source).map((point) => readOnly(point, `${target}${point.slice(source.length)}`))
  return [first, readOnly(source, target), ...below]
}

const devices = ['null', 'zero', 'full', 'random', 'urandom', 'tty']
/** Parts of /proc that the real uid 0 may write even from a user namespace; some of them reach the host (sys/kernel/core_pattern). */
export function guardedProc(): readonly string[] {
  return ['sys', 'sysrq-trigger', 'irq', 'bus', 'fs', 'acpi', 'scsi'].map((name) => `/proc/${name}`).filter((path) => existsSync(path))
}

/** The mounts that every root has, for one call of `mount -a`: a process for each would cost about 1 ms a mount. */
export function writeFixedMounts(stage: Stage): void {
  const dev = join(stage.path, 'dev')
  for (const [name, target] of [['fd', '/proc/self/fd'], ['stdin', 'fd/0'], ['stdout', 'fd/1'], ['stderr', 'fd/2'], ['ptmx', 'pts/ptmx']] as const) {
    symlinkSync(target, join(dev, name))
  }
  const present = devices.filter((name) => existsSync(`/dev/${name}`))
  for (const name of present) writeFileSync(join(dev, name), '')
  const root = join(stage.path, 'root')
  const rows: (readonly [source: string, target: string, type: string, options: string])[] = [
    ['proc', `${root}/proc`, 'proc', 'nosuid,nodev,noexec'],
    ...guardedProc().map((path) => [`${root}${path}`, `${root}${path}`, 'none', 'bind,ro,nosuid,nodev,noexec'] as const),
    [dev, `${root}/dev`, 'none', 'bind'],
    ...present.map((name) => [`/dev/${name}`, `${root}/dev/${name}`, 'none', 'bind'] as const),
    ['devpts', `${root}/dev/pts`, 'devpts', 'newinstance,nosuid,noexec,ptmxmode=0666,mode=0620'],
    ['shm', `${root}/dev/shm`, 'tmpfs', 'nosuid,nodev,mode=1777'],
    ['tmp', `${root}/tmp`, 'tmpfs', 'nosuid,nodev,mode=1777'],
    ['/', join(stage.path, 'host'), 'none', 'rbind'],
  ]
  writeFileSync(join(stage.path, 'fstab'), rows.map((row) => `${row.map(escapeField).join(' ')} 0 0\n`).join(''))
}

/** fstab(5): white space and backslashes are written in octal; `#` would begin a comment at the start of a line. */
function escapeField(field: string): string {
  return field.replace(/[\s\\#"]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`)
}
