// etc/ld.so.cache in the format that glibc >= 2.2 reads (elf/cache.c, sysdeps/generic/dl-cache.h: "glibc-ld.so.cache1.1").
import { readContent, type ReadBlob } from './content.ts'
import { libraryDirectories } from './ld-directories.ts'
import { join, plainFile, type VirtualTree } from './virtual-tree.ts'

/** What the cache needs to know of a shared object. */
export interface SharedObject {
  /** ELF e_machine. */
  readonly machine: number
  readonly bits: 32 | 64
  readonly soname?: string
}

/** Undefined for what is not a shared object. */
export type InspectLibrary = (bytes: Uint8Array) => SharedObject | undefined

export interface CachedLibrary {
  readonly soname: string
  /** Absolute path in the image. */
  readonly path: string
  readonly flags: number
}

/** Writes etc/ld.so.cache when the tree has etc/ld.so.conf, else the loader's own search is all there is. */
export async function writeLdCache(tree: VirtualTree, read: ReadBlob, inspect: InspectLibrary): Promise<void> {
  if (tree.file('etc/ld.so.conf') === undefined) return
  const libraries: CachedLibrary[] = []
  for (const directory of await libraryDirectories(tree, read)) libraries.push(...(await librariesIn(tree, directory, { read, inspect })))
  const place = tree.resolve('etc/ld.so.cache') ?? join(tree.resolve('etc') ?? 'etc', 'ld.so.cache')
  tree.set(place, plainFile({ kind: 'bytes', bytes: encodeLdCache(libraries) }))
}

/** The bytes of a cache. Entries of one name keep their order: the loader takes the first that suits it. */
export function encodeLdCache(libraries: readonly CachedLibrary[]): Uint8Array {
  const sorted = [...libraries].sort((a, b) => compareNames(b.soname, a.soname) || b.flags - a.flags)
  const start = headerSize + sorted.length * entrySize
  const strings = new Strings(start)
  const entries = Buffer.alloc(sorted.length * entrySize)
  for (const [index, library] of sorted.entries()) {
    const value = strings.add(library.path)
    const key = library.path.endsWith(`/${library.soname}`) ? value + Buffer.byteLength(library.path) - Buffer.byteLength(library.soname) : strings.add(library.soname)
    entries.writeInt32LE(library.flags, index * entrySize)
    entries.writeUInt32LE(key, index * entrySize + 4)
    entries.writeUInt32LE(value, index * entrySize + 8)
  }
  const text = strings.bytes()
  const header = Buffer.alloc(headerSize)
  header.write('glibc-ld.so.cache1.1', 'latin1')
  header.writeUInt32LE(sorted.length, 20)
  header.writeUInt32LE(text.byteLength, 24)
  header.writeUInt8(littleEndian, 28)
  return Buffer.concat([header, entries, text])
}

const headerSize = 48
const entrySize = 24
const littleEndian = 2
const elfLibc6 = 3

/** dl-cache.h FLAG_*: what kind of library an entry is, by e_machine (and width, where one machine has several). */
const machineFlags: Readonly<Record<string, number>> = {
  '3/32': 0, '62/64': 0x0300, '62/32': 0x0800, '22/64': 0x0400, '21/64': 0x0500, '40/32': 0x0900, '183/64': 0x0a00, '243/64': 0x1000, '258/64': 0x1200,
}

interface Reading {
  readonly read: ReadBlob
  readonly inspect: InspectLibrary
}

/**
 * As ldconfig lists a folder: each real library under its soname, each link under its own name. ldconfig makes a missing soname
 * link; here nothing is made, and the entry leads to the file itself.
 */
async function librariesIn(tree: VirtualTree, directory: string, reading: Reading): Promise<readonly CachedLibrary[]> {
  const real = tree.resolve(directory) ?? ''
  const found = new Map<string, { readonly name: string; readonly link: boolean; readonly flags: number }>()
  for (const name of tree.names(real).filter(isLibraryName)) {
    const file = tree.file(join(real, name))
    const object = file === undefined ? undefined : reading.inspect(await readContent(file.content, reading.read))
    const flags = object === undefined ? undefined : machineFlags[`${object.machine}/${object.bits}`]
    if (object === undefined || flags === undefined) continue
    const own = object.soname ?? name
    // A link of another name than the soname's, or the linker's `.so`, is one more file with that soname.
    const link = tree.get(join(real, name))?.kind === 'symlink' && (name === own || (name.endsWith('.so') && own.startsWith(name)))
    const soname = link ? name : own
    const other = found.get(soname)
    if (other !== undefined && (other.link === link ? compareNames(other.name, name) >= 0 : !other.link)) continue
    found.set(soname, { name, link, flags: flags | elfLibc6 })
  }
  const prefix = directory === '/' ? '' : directory
  return [...found].map(([soname, { name, flags }]) => ({ soname, flags, path: `${prefix}/${tree.file(join(real, soname)) === undefined ? name : soname}` }))
}

/** elf/dl-load's notion of a library's name (_dl_is_dso), less debugger scripts. */
function isLibraryName(name: string): boolean {
  return /^(lib|ld-).*\.so|^ld(64)?\.so\./.test(name) && !name.endsWith('-gdb.py')
}

/** _dl_cache_libcmp: runs of digits as numbers, a digit after anything else. The loader's binary search relies on this order. */
export function compareNames(a: string, b: string): number {
  const x = a.match(/\d+|\D/g) ?? []
  const y = b.match(/\d+|\D/g) ?? []
  for (const [index, left] of x.entries()) {
    const right = y[index]
    if (right === undefined) return 1
    const numeric = [/^\d/.test(left), /^\d/.test(right)] as const
    if (numeric[0] !== numeric[1]) return numeric[0] ? 1 : -1
    const order = numeric[0] ? Number(left) - Number(right) : left.charCodeAt(0) - right.charCodeAt(0)
    if (order !== 0) return order
  }
  return x.length - y.length
}

/** NUL-ended strings, each once. Offsets count from the start of the file. */
class Strings {
  readonly #chunks: Buffer[] = []
  readonly #places = new Map<string, number>()
  #end: number

  constructor(start: number) {
    this.#end = start
  }

  add(text: string): number {
    const known = this.#places.get(text)
    if (known !== undefined) return known
    const chunk = Buffer.from(`${text}\0`)
    const place = this.#end
    this.#chunks.push(chunk)
    this.#places.set(text, place)
    this.#end += chunk.byteLength
    return place
  }

  bytes(): Buffer {
    return Buffer.concat(this.#chunks)
  }
}
