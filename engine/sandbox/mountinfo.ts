// /proc/self/mountinfo, as proc_pid_mountinfo(5) describes it: where the host has mounts, and what they forbid.

export interface MountPoint {
  readonly path: string
  /** Per-mount options: `rw`, `nosuid`, `relatime`… */
  readonly options: readonly string[]
}

export function parseMountinfo(text: string): readonly MountPoint[] {
  return text.split('\n').flatMap((line) => {
    const fields = line.split(' ')
    const [path, options] = [fields[4], fields[5]]
    return path === undefined || options === undefined ? [] : [{ path: unescape(path), options: options.split(',') }]
  })
}

/** What the mount that holds this path forbids, of those flags that a user namespace can't take away. The last mount on a path counts. */
export function mountFlags(points: readonly MountPoint[], path: string): readonly string[] {
  let best: MountPoint | undefined
  for (const point of points) if (isWithin(path, point.path) && point.path.length >= (best?.path.length ?? 0)) best = point
  return (best?.options ?? []).filter((option) => option === 'nosuid' || option === 'nodev' || option === 'noexec')
}

/** Mount points strictly below a path, each once, in the order in which they were mounted. */
export function pointsBelow(points: readonly MountPoint[], path: string): readonly string[] {
  return [...new Set(points.map((point) => point.path).filter((point) => point !== path && isWithin(point, path)))]
}

function isWithin(path: string, folder: string): boolean {
  return folder === '/' || path === folder || path.startsWith(`${folder}/`)
}

function unescape(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
}
