import type { Elf } from '../elf/elf.ts'
import { join, parentOf, type VirtualTree } from '../rootfs/virtual-tree.ts'

export interface Loaded {
  readonly path: string
  readonly elf: Elf
  /** What each needed name was resolved to. */
  readonly needs: Map<string, Loaded>
}

export interface LoadSet {
  /** In loading order, the program first. */
  readonly objects: readonly Loaded[]
  readonly missing: readonly { readonly path: string; readonly library: string }[]
}

interface Pending extends Loaded {
  readonly loadedBy: Pending | undefined
}

/**
 * glibc's search for libraries (ld.so(8)): DT_RPATH of the object and of those that loaded it, unless there is a DT_RUNPATH; then
 * DT_RUNPATH of the object alone; then the folders of ld.so.conf and the trusted ones. A name that is loaded already is found at
 * once. Files of another machine or width are passed over.
 */
export class Loader {
  readonly #tree: VirtualTree
  readonly #objects: ReadonlyMap<string, Elf>
  readonly #folders: readonly string[]

  constructor(tree: VirtualTree, objects: ReadonlyMap<string, Elf>, folders: readonly string[]) {
    this.#tree = tree
    this.#objects = objects
    this.#folders = folders
  }

  load(path: string, elf: Elf): LoadSet {
    const main: Pending = { path, elf, needs: new Map(), loadedBy: undefined }
    const objects: Pending[] = [main]
    const byPath = new Map([[path, main]])
    const byName = new Map<string, Pending>()
    const missing: { readonly path: string; readonly library: string }[] = []
    const know = (name: string | undefined, object: Pending): void => void (name !== undefined && !byName.has(name) && byName.set(name, object))
    know(elf.soname, main)
    for (const object of objects) {
      for (const library of object.elf.needed) {
        let found = byName.get(library)
        const place = found === undefined ? this.#find(object, library) : undefined
        const other = place === undefined ? undefined : this.#objects.get(place)
        if (place !== undefined && other !== undefined) {
          found = byPath.get(place) ?? { path: place, elf: other, needs: new Map(), loadedBy: object }
          if (!byPath.has(place)) objects.push(found)
          byPath.set(place, found)
          know(other.soname, found)
          know(library, found)
        }
        if (found === undefined) missing.push({ path: object.path, library })
        else object.needs.set(library, found)
      }
    }
    return { objects, missing }
  }

  #find(object: Pending, library: string): string | undefined {
    if (library.includes('/')) return this.#fitting(object, library.startsWith('/') ? library : join(parentOf(object.path), library))
    for (const folder of this.#searched(object)) {
      const place = this.#fitting(object, `${folder}/${library}`)
      if (place !== undefined) return place
    }
    return undefined
  }

  #searched(object: Pending): readonly string[] {
    if (object.elf.runpath.length > 0) return [...expand(object, object.elf.runpath), ...this.#folders]
    const inherited: string[] = []
    for (let at: Pending | undefined = object; at !== undefined; at = at.loadedBy) {
      if (at.elf.runpath.length === 0) inherited.push(...expand(at, at.elf.rpath))
    }
    return [...inherited, ...this.#folders]
  }

  #fitting(object: Pending, path: string): string | undefined {
    const real = this.#real(path)
    const elf = real === undefined ? undefined : this.#objects.get(real)
    return elf?.type === 'shared' && elf.machine === object.elf.machine && elf.bits === object.elf.bits && elf.endian === object.elf.endian ? real : undefined
  }

  /** A hard link is the file that it is a name of. */
  #real(path: string): string | undefined {
    const real = this.#tree.resolve(path)
    const entry = real === undefined ? undefined : this.#tree.get(real)
    return entry?.kind === 'hardlink' ? entry.target : real
  }
}

/** $ORIGIN, $LIB and $PLATFORM as ld.so(8) has them; a path that still holds a `$` leads nowhere. */
function expand(object: Pending, paths: readonly string[]): readonly string[] {
  const library = object.elf.bits === 64 ? 'lib64' : 'lib'
  const replaced = paths.map((path) => path.replaceAll(/\$(?:ORIGIN\b|\{ORIGIN\})/g, `/${parentOf(object.path)}`).replaceAll(/\$(?:LIB\b|\{LIB\})/g, library))
  return replaced.filter((path) => !path.includes('$'))
}
