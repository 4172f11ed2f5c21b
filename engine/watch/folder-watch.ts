import { lstatSync, readlinkSync, type Stats } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Change, ChangeSource, Interest } from './changes.ts'
import { tellsChanges } from './file-systems.ts'

export type Told =
  | {
      readonly kind: 'changes'
      /** Paths of which the content, mode or presence may be another. */
      readonly paths: ReadonlySet<string>
      /** Folders in which a name came or went, or whose own mode changed. */
      readonly listings: ReadonlySet<string>
      /** Folders that are no more covered: what was said of them and of what is in them is void, until they are covered again. */
      readonly lost: ReadonlySet<string>
    }
  /** Nothing is covered any more. */
  | { readonly kind: 'overflow' }

/** Where a path leads, and what is watched on the way. */
interface Node {
  /** The folder itself without links; of a missing one the first part of it that isn't there. */
  readonly real: string
  readonly missing: boolean
  /** Every place on the way is watched, on a file system that tells. */
  readonly sure: boolean
}

/** Links that lead to links at most, as the kernel has it. */
const mostLinks = 40

/**
 * Folders by absolute path, each watched together with the whole way to it: when a folder above is renamed, a link on the way is swapped or
 * something is mounted over it, then the folder is lost. A folder that isn't there is covered as well: when it comes, it is lost.
 */
export class FolderWatch implements Disposable {
  readonly #source: ChangeSource
  /** At and above it, names come and go that are nobody's business. */
  readonly #workspace: string
  readonly #nodes = new Map<string, Node>()
  readonly #watches = new Map<string, Set<number>>()
  /** The paths of each watched place. */
  readonly #places = new Map<number, Set<string>>()
  /** The first parts of ways that aren't there. */
  readonly #missing = new Set<string>()

  constructor(source: ChangeSource, workspace: string) {
    this.#source = source
    this.#workspace = workspace
  }

  /** False when a change in the folder might not be told. Whoever looks at what is in it must do so after this. */
  cover(folder: string, interest: 'folder' | 'losses' = 'folder'): boolean {
    const node = this.#node(folder, 0)
    if (node.missing || !node.sure) return node.sure
    return this.#watch(folder, node.real, interest) && (folder === node.real || this.#watch(node.real, node.real, interest))
  }

  /** Everything that was done before the call is in the answer (see ChangeSource). */
  drain(): Told {
    const drained = this.#source.drain()
    if (drained.kind === 'overflow') {
      for (const watch of this.#places.keys()) this.#source.unwatch(watch)
      this.#places.clear()
      this.#watches.clear()
      this.#nodes.clear()
      this.#missing.clear()
      return { kind: 'overflow' }
    }
    const told = { kind: 'changes', paths: new Set<string>(), listings: new Set<string>(), lost: new Set<string>() } as const
    for (const change of drained.changes) this.#tell(change, told)
    return told
  }

  onChange(wake: () => void): void {
    this.#source.onChange(wake)
  }

  [Symbol.dispose](): void {
    this.#source[Symbol.dispose]()
  }

  #tell(change: Change, told: { readonly paths: Set<string>; readonly listings: Set<string>; readonly lost: Set<string> }): void {
    for (const place of [...(this.#places.get(change.watch) ?? [])]) {
      if (change.what === 'gone') this.#lose(place, told.lost)
      else if (change.name === '') told.listings.add(place)
      else {
        const path = join(place, change.name)
        told.paths.add(path)
        if (change.what === 'content') continue
        told.listings.add(place)
        this.#lose(path, told.lost)
      }
    }
  }

  /** Everything at and below the path, and whatever leads through it. Rare, so it may look at all nodes; the common case is a file. */
  #lose(path: string, lost: Set<string>): void {
    if (!this.#onTheWay(path)) return
    const below = `${path}/`
    for (const [name, node] of this.#nodes) {
      if (name !== path && !name.startsWith(below) && node.real !== path && !node.real.startsWith(below)) continue
      lost.add(name)
      this.#nodes.delete(name)
      this.#unwatch(name)
    }
    this.#unwatch(path)
    this.#missing.delete(path)
  }

  #onTheWay(path: string): boolean {
    return this.#nodes.has(path) || this.#watches.has(path) || this.#missing.has(path)
  }

  #unwatch(path: string): void {
    for (const watch of this.#watches.get(path) ?? []) {
      const places = this.#places.get(watch)
      places?.delete(path)
      if (places?.size !== 0) continue
      this.#places.delete(watch)
      this.#source.unwatch(watch)
    }
    this.#watches.delete(path)
  }

  #node(path: string, links: number): Node {
    const known = this.#nodes.get(path)
    if (known !== undefined) return known
    const node = path === '/' ? this.#folder('/', '/', true) : this.#below(this.#node(dirname(path), links), path, links)
    this.#nodes.set(path, node)
    return node
  }

  #below(parent: Node, path: string, links: number): Node {
    if (parent.missing || links > mostLinks) return { ...parent, sure: parent.sure && links <= mostLinks }
    const real = join(parent.real, path.slice(path.lastIndexOf('/') + 1))
    // A place is watched before it is looked at, and was the same before: else it may be another place that is watched.
    for (;;) {
      const before = statOf(real)
      const node = this.#step({ parent, path, real, links }, before)
      if (same(before, statOf(real))) return node
      this.#unwatch(real)
    }
  }

  #step(way: { readonly parent: Node; readonly path: string; readonly real: string; readonly links: number }, stat: Stats | undefined): Node {
    const { parent, path, real, links } = way
    if (stat?.isSymbolicLink() === true) {
      const watched = this.#watch(path, real, 'link')
      const target = this.#node(resolve(parent.real, readlinkSync(real)), links + 1)
      return { ...target, sure: target.sure && parent.sure && watched }
    }
    if (stat?.isDirectory() === true) return this.#folder(path, real, parent.sure && tellsChanges(real, stat.dev))
    this.#missing.add(real)
    return { real, missing: true, sure: parent.sure && this.#watch(parent.real, parent.real, 'way') }
  }

  #folder(path: string, real: string, sure: boolean): Node {
    const inside = real.startsWith(`${this.#workspace}/`)
    const watched = this.#watch(path, real, inside ? 'way' : 'self')
    return { real, missing: false, sure: sure && watched && (path === real || this.#watch(real, real, inside ? 'way' : 'self')) }
  }

  /** Watches `real`, and tells of it as `path`. */
  #watch(path: string, real: string, interest: Interest): boolean {
    const watch = this.#source.watch(real, interest)
    if (watch === undefined) return false
    this.#watches.set(path, (this.#watches.get(path) ?? new Set()).add(watch))
    this.#places.set(watch, (this.#places.get(watch) ?? new Set()).add(path))
    return true
  }
}

function statOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false })
}

function same(a: Stats | undefined, b: Stats | undefined): boolean {
  return a?.ino === b?.ino && a?.dev === b?.dev && a?.mode === b?.mode
}
