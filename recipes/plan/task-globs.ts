// Globs of tasks: which paths they may reach, and which outputs of tasks an input glob would take in by accident.
import { byBytes } from '../../base/bytes.ts'
import { hasWildcard } from '../../engine/glob.ts'

/** Anything that a glob may mean more by than the character itself; a file's name with one of these only makes the answer wider. */
const special = /[*?[\]{}()!+@\\|]/

/** What is wrong with a glob of a task, which must stay below the folder of the workspace; undefined when it is fine. */
export function globFault(glob: string): string | undefined {
  const body = glob.replace(/^!/, '')
  if (body === '') return 'it is empty'
  if (/[\u0000-\u001f\u007f]/.test(body)) return 'it holds a control character'
  if (body.startsWith('/')) return 'it begins with "/"'
  if (body.endsWith('/')) return 'it ends with "/", and only files can be named'
  const odd = body.split('/').find((part) => part === '' || part === '.' || part === '..')
  return odd === undefined ? undefined : `it holds the part "${odd}"`
}

/** The folder that every match is below, empty for the top. */
export function baseOf(glob: string): string {
  const parts = glob.split('/')
  const at = parts.findIndex((part) => special.test(part))
  return parts.slice(0, at === -1 ? parts.length - 1 : Math.min(at, parts.length - 1)).join('/')
}

/**
 * Every output glob of a workspace. A file that a task makes is an input of another only through `needs`, so input globs leave outputs out:
 * what a former build put into the workspace changes no key. Asked once for each input glob, so it answers without looking at all outputs.
 */
export class OutputGlobs {
  readonly #owners = new Map<string, string>()
  readonly #wild = new Map<string, string[]>()
  #sorted: readonly string[] | undefined

  add(glob: string, owner: string): void {
    if (this.#owners.has(glob)) return
    this.#owners.set(glob, owner)
    this.#sorted = undefined
    if (!hasWildcard(glob)) return
    const base = baseOf(glob)
    const known = this.#wild.get(base)
    if (known === undefined) this.#wild.set(base, [glob])
    else known.push(glob)
  }

  /** The task that makes exactly this path. */
  owner(path: string): string | undefined {
    return this.#owners.get(path)
  }

  /** Whether there may be any: a plain name has just the wild outputs above it to fear. */
  isNear(glob: string): boolean {
    if (hasWildcard(glob)) return true
    for (let folder: string | undefined = baseOf(glob); folder !== undefined; folder = parentOf(folder)) if (this.#wild.has(folder)) return true
    return false
  }

  /** Output globs that may match something that this input glob matches. */
  near(glob: string): readonly string[] {
    const base = baseOf(glob)
    const found: string[] = []
    for (let folder: string | undefined = base; folder !== undefined; folder = parentOf(folder)) found.push(...(this.#wild.get(folder) ?? []))
    return hasWildcard(glob) ? [...found, ...this.#below(base)] : found
  }

  #below(base: string): readonly string[] {
    const all = (this.#sorted ??= [...this.#owners.keys()].sort(byBytes))
    const start = base === '' ? '' : `${base}/`
    let low = 0
    for (let high = all.length; low < high; ) {
      const middle = (low + high) >> 1
      if (byBytes(all[middle] ?? '', start) < 0) low = middle + 1
      else high = middle
    }
    const found: string[] = []
    for (let i = low; all[i]?.startsWith(start) === true; i++) found.push(all[i] ?? '')
    return found
  }
}

function parentOf(folder: string): string | undefined {
  if (folder === '') return undefined
  const at = folder.lastIndexOf('/')
  return at === -1 ? '' : folder.slice(0, at)
}
