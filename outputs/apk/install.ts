import type { Diagnostic } from '../../base/diagnostic.ts'
import { type Checked, complaints, ok } from '../../base/result.ts'
import { matches, parseDependency } from './dependency.ts'
import type { ApkEntry } from './read.ts'
import type { PackageRecord } from './record.ts'

export interface Installable {
  readonly record: PackageRecord
  /** As `readApk` gives them: a directory stands before what is in it. */
  readonly entries: readonly ApkEntry[]
}

/** A path of the tree and the package whose entry it is. */
export interface InstalledPath {
  /** Where it really lies, links on the way followed. */
  readonly path: string
  readonly entry: ApkEntry
  /** Index of the package in the order given. */
  readonly owner: number
}

export interface InstallPlan {
  /** By path, in an order in which directories come before what is in them. */
  readonly paths: ReadonlyMap<string, InstalledPath>
  /** For each package, those of its entries that it owns: what the installed database says of it. Directories are everyone's. */
  readonly owned: readonly (readonly ApkEntry[])[]
}

/**
 * Lays packages over one another in the order given, as apk does (apk-tools src/database.c, src/package.c): the same file in two packages is a
 * complaint `apk/file-conflict` that names both, unless it is equal in all, one replaces the other (the higher priority wins), or both are of one
 * origin (the later wins). A directory of several packages has the mode and owner of the one with the highest replaces priority, then the one
 * that bears the origin's name, then the first name. A directory may be a link in an earlier package: what is in it goes where the link leads.
 */
export function planInstall(packages: readonly Installable[]): Checked<InstallPlan> {
  const plan = new Plan(packages)
  packages.forEach((one, owner) => {
    for (const entry of one.entries) plan.add(entry, owner)
  })
  if (plan.problems.length > 0) return complaints(plan.problems)
  return ok({ paths: plan.paths, owned: packages.map((one) => one.entries.filter((entry) => entry.kind === 'directory' || plan.owns(entry))) })
}

class Plan {
  readonly paths = new Map<string, InstalledPath>()
  readonly problems: Diagnostic[] = []
  readonly #packages: readonly Installable[]
  readonly #lost = new Set<ApkEntry>()
  /** Folders as entries name them to where they really lie, and every path that was looked at on the way there. */
  readonly #real = new Map<string, string>()
  readonly #passed = new Set<string>()

  constructor(packages: readonly Installable[]) {
    this.#packages = packages
  }

  owns(entry: ApkEntry): boolean {
    return !this.#lost.has(entry)
  }

  add(entry: ApkEntry, owner: number): void {
    const path = this.#place(entry.path)
    if (path === undefined) return this.#complain('apk/bad-link', owner, `"${entry.path}" lies below a link that leads round in circles or to no directory`)
    const before = this.paths.get(path)
    if (before === undefined) return this.#put(path, entry, owner)
    if (before.entry.kind === 'directory' && entry.kind === 'directory') {
      if (this.#winsDirectory(owner, before.owner)) this.#put(path, entry, owner)
    } else if (entry.kind === 'directory' && before.entry.kind === 'symlink' && this.#leadsToDirectory(path)) return
    else if (before.entry.kind === 'directory' || entry.kind === 'directory') this.#conflict(path, before, owner)
    else this.#file(path, entry, { before, owner })
  }

  #file(path: string, entry: ApkEntry, { before, owner }: { readonly before: InstalledPath; readonly owner: number }): void {
    if (sameNode(before.entry, entry)) this.#lost.add(entry)
    else if (before.owner === owner) this.#conflict(path, before, owner)
    else {
      const [old, fresh] = [this.#record(before.owner), this.#record(owner)]
      const kept = replacesPriority(old, fresh)
      const taken = replacesPriority(fresh, old)
      if (kept > taken) this.#lost.add(entry)
      else if (taken >= 0 || (old.origin !== '' && old.origin === fresh.origin)) {
        this.#lost.add(before.entry)
        this.#put(path, entry, owner)
      } else this.#conflict(path, before, owner)
    }
  }

  #put(path: string, entry: ApkEntry, owner: number): void {
    this.paths.set(path, { path, entry, owner })
    if (entry.kind !== 'directory' && this.#passed.has(path)) this.#forget()
  }

  /** A folder may have become a link or a file. */
  #forget(): void {
    this.#real.clear()
    this.#passed.clear()
  }

  /** Follows links in the parents, inside of the tree. Undefined for a circle, or a parent that is a file. */
  #place(path: string): string | undefined {
    const cut = path.lastIndexOf('/')
    if (cut === -1) return path
    const parent = this.#folder(path.slice(0, cut))
    return parent === undefined ? undefined : parent === '' ? path.slice(cut + 1) : `${parent}${path.slice(cut)}`
  }

  /** As `#follow`, looked up once for the files of a folder as long as the way there is the same. */
  #folder(path: string): string | undefined {
    const known = this.#real.get(path)
    if (known !== undefined) return known
    const real = this.#follow(path)
    if (real === undefined) return undefined
    this.#real.set(path, real)
    return real
  }

  #follow(path: string): string | undefined {
    const todo = path.split('/').filter((part) => part !== '')
    const done: string[] = []
    for (let links = 0; todo.length > 0; ) {
      const part = todo.shift() ?? ''
      if (part === '.' || part === '') continue
      if (part === '..') {
        done.pop()
        continue
      }
      const at = [...done, part].join('/')
      this.#passed.add(at)
      const here = this.paths.get(at)?.entry
      if (here?.kind === 'symlink') {
        if (++links > 40) return undefined
        if (here.link?.startsWith('/') === true) done.length = 0
        todo.unshift(...(here.link ?? '').split('/'))
      } else if (here !== undefined && here.kind !== 'directory') return undefined
      else done.push(part)
    }
    return done.join('/')
  }

  #leadsToDirectory(path: string): boolean {
    const real = this.#follow(path)
    return real !== undefined && (real === '' || this.paths.get(real)?.entry.kind === 'directory')
  }

  #winsDirectory(fresh: number, old: number): boolean {
    const [a, b] = [this.#record(old), this.#record(fresh)]
    const difference = (b.replacesPriority ?? 0) - (a.replacesPriority ?? 0)
    if (difference !== 0) return difference > 0
    if (a.origin !== '' && a.origin === b.origin && (a.origin === a.name || b.origin === b.name)) return b.origin === b.name && a.origin !== a.name
    return Buffer.compare(Buffer.from(b.name), Buffer.from(a.name)) < 0
  }

  #record(owner: number): PackageRecord {
    const one = this.#packages[owner]
    if (one === undefined) throw new RangeError(`no package ${owner}`)
    return one.record
  }

  #conflict(path: string, before: InstalledPath, owner: number): void {
    const [old, fresh] = [this.#record(before.owner), this.#record(owner)]
    this.problems.push({
      code: 'apk/file-conflict',
      severity: 'error',
      message: `"${path}" is in both "${old.name}" ${old.version} and "${fresh.name}" ${fresh.version}`,
      hint: `Leave it out of one of them, or let one say "replaces: ${old.name}"`,
    })
  }

  #complain(code: 'apk/bad-link', owner: number, message: string): void {
    this.problems.push({ code, severity: 'error', message: `Package "${this.#record(owner).name}": ${message}` })
  }
}

/** The replaces priority of `a` when it replaces `b`, or -1. */
function replacesPriority(a: PackageRecord, b: PackageRecord): number {
  const replaced = a.replaces.some((text) => {
    const dependency = parseDependency(text)
    return dependency !== undefined && dependency.name === b.name && matches(dependency, b.checksum === undefined ? { version: b.version } : { version: b.version, checksum: b.checksum })
  })
  return replaced ? (a.replacesPriority ?? 0) : -1
}

function sameNode(a: ApkEntry, b: ApkEntry): boolean {
  const solid = a.kind === 'symlink' || b.kind === 'symlink' ? a.link === b.link : a.sha1 !== undefined && a.sha1 === b.sha1
  return a.kind === b.kind && solid && a.mode === b.mode && a.uid === b.uid && a.gid === b.gid
}
