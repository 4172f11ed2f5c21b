// What is remembered of a workspace's plan between two runs of the program: a head that says what every file came to, and a body for each file.
import { hash } from 'node:crypto'
import { hashListing, type Leaf, type LeafRecorder, type LeafStat, statLeaf } from '../../engine/leaves.ts'
import { errno } from '../../base/result.ts'
import type { OpenMemo } from '../../cache/parse-memo.ts'
import type { RecipeHead } from './catalogue.ts'
import type { FilePlan } from './file-plan.ts'

/** Raise it when equal recipes may come to another plan than before, or the form changes. */
export const memoryVersion = 1

/** A file of recipes as it was read the last time. */
export interface RememberedFile {
  /** Relative to the workspace. */
  readonly path: string
  /** Its stat (`lastingStat`); empty when that could not be believed. */
  readonly stat: string
  /** sha256 of its text in hex. */
  readonly hash: string
  readonly targets: readonly string[]
  readonly heads: readonly RecipeHead[]
  /** It holds more than packages, and is read whole each time. */
  readonly more: boolean
  readonly pipelines: readonly string[]
  readonly body: Body
}

export interface Body {
  readonly start: number
  readonly length: number
  readonly hash: string
}

/** What the globs saw when they were asked. */
export interface RememberedListing {
  readonly globs: readonly string[]
  readonly leaves: readonly Leaf[]
  /** Milliseconds since the epoch before the first folder was looked at. */
  readonly taken: number
}

/** What they saw then, and found. */
export interface KnownListing {
  readonly globs: readonly string[]
  readonly leaves: readonly { readonly kind: Leaf['kind']; readonly path: string; readonly stat: string; readonly hash: string }[]
  readonly paths: readonly string[]
}

export interface PlanMemory {
  readonly known: KnownListing
  /** The state of each pipeline that some file asked for. */
  readonly pipelines: ReadonlyMap<string, string>
  readonly files: ReadonlyMap<string, RememberedFile>
  /** The whole plan of a file; undefined when its body is not what it was. */
  bodyOf(file: RememberedFile): Pick<FilePlan, 'packages' | 'images' | 'tasks'> | undefined
  /** As it is stored, to be stored again. */
  bytesOf(file: RememberedFile): Uint8Array | undefined
}

export function encodeBody({ packages, images, tasks }: Pick<FilePlan, 'packages' | 'images' | 'tasks'>): Uint8Array {
  return Buffer.from(`${JSON.stringify({ packages, images })}\n${tasks}`)
}

/**
 * One line of JSON, then a line for each file with columns between control characters: 3,400 files are there 4 times as soon as from JSON.
 * Precondition: `canRemember` of each file.
 */
export function encodeHead(listing: RememberedListing, pipelines: ReadonlyMap<string, string>, files: readonly RememberedFile[]): Uint8Array {
  const names = [...pipelines.keys()]
  const numbers = new Map(names.map((name, i) => [name, i]))
  const first: First = {
    globs: listing.globs,
    taken: listing.taken,
    leaves: listing.leaves.map(({ kind, path, stat, hash: content }) => [kind, path, lastingStat(stat, listing.taken), content]),
    pipelines: names.map((name) => [name, pipelines.get(name) ?? '']),
  }
  return Buffer.from([JSON.stringify(first), ...files.map((file) => line(file, numbers))].join('\n'))
}

/** Whether the head can hold a file: what it says of it holds no control character. */
export function canRemember({ path, targets, heads }: RememberedFile): boolean {
  return ![path, ...targets, ...heads.flatMap(({ origin, packages }) => [origin, ...packages.flatMap(({ name, provides }) => [name, ...provides])])].some((text) => control.test(text))
}

const control = /[\u0000-\u001f]/
const [column, item, part, word] = ['\u001c', '\u001d', '\u001e', '\u001f']

function line({ path, stat, hash: content, targets, heads, more, pipelines, body }: RememberedFile, numbers: ReadonlyMap<string, number>): string {
  const told = heads.map(({ origin, bootstrap, packages }) => [origin, bootstrap ? '1' : '', ...packages.map(({ name, provides }) => [name, ...provides].join(word))].join(part))
  return [path, stat, content, body.length, body.hash, more ? '1' : '', pipelines.map((name) => numbers.get(name) ?? -1).join(word), targets.join(word), told.join(item)].join(column)
}

/** The head's sum was checked, so it is what `encodeHead` wrote. */
export function openMemory(memo: OpenMemo): PlanMemory {
  const [head = '{}', ...lines] = memo.head.toString().split('\n')
  const first: First = JSON.parse(head)
  const names = first.pipelines.map(([name]) => name)
  const files = new Map<string, RememberedFile>()
  let start = 0
  for (const text of lines) {
    const file = fileOf(text, start, names)
    files.set(file.path, file)
    start += file.body.length
  }
  const leaves = first.leaves.map(([kind, path, stat, content]) => ({ kind, path, stat, hash: content }))
  const bytesOf = ({ body }: RememberedFile): Uint8Array | undefined => {
    const bytes = memo.body(body.start, body.length)
    return bytes !== undefined && hash('sha256', bytes) === body.hash ? bytes : undefined
  }
  return {
    known: { globs: first.globs, leaves, paths: [...files.keys()] },
    pipelines: new Map(first.pipelines),
    files,
    bytesOf,
    bodyOf: (file) => {
      const bytes = bytesOf(file)
      return bytes === undefined ? undefined : decodeBody(bytes)
    },
  }
}

function fileOf(text: string, start: number, names: readonly string[]): RememberedFile {
  const [path = '', stat = '', content = '', length = '0', bodyHash = '', more = '', asked = '', targets = '', heads = ''] = text.split(column)
  return {
    ...{ path, stat, hash: content, more: more !== '' },
    targets: words(targets),
    heads: heads === '' ? [] : heads.split(item).map(headOf),
    pipelines: words(asked).map((number) => names[Number(number)] ?? ''),
    body: { start, length: Number(length), hash: bodyHash },
  }
}

function headOf(text: string): RecipeHead {
  const [origin = '', bootstrap = '', ...packages] = text.split(part)
  return { origin, bootstrap: bootstrap !== '', packages: packages.map(packageOf) }
}

function packageOf(text: string): RecipeHead['packages'][number] {
  const [name = '', ...provides] = text.split(word)
  return { name, provides }
}

function words(text: string): readonly string[] {
  return text === '' ? [] : text.split(word)
}

/** Whether globs would find the same again: every folder that they listed says what it said. All of them become leaves again. */
export function sameListing(known: KnownListing, leaves: LeafRecorder): boolean {
  return known.leaves.every((leaf) => {
    if (leaf.kind === 'absent') {
      leaves.absent(leaf.path)
      return statLeaf('absent', leaf.path).ino === 0n
    }
    const stat = statLeaf('listing', leaf.path)
    if (leaf.stat !== '' && statText(stat) === leaf.stat) leaves.add({ kind: 'listing', path: leaf.path, stat, hash: leaf.hash })
    else if (hashNow(leaf.path) !== leaf.hash) return false
    else leaves.listing(leaf.path)
    return true
  })
}

function hashNow(path: string): string | undefined {
  try {
    return hashListing(path)
  } catch (error) {
    if (errno(error) === undefined) throw error
    return undefined
  }
}

/**
 * A stat as text, when it can be believed as long as it stays the same: taken long enough after the last change. Otherwise empty, as for links,
 * whose stat says nothing of what they lead to.
 */
export function lastingStat(stat: LeafStat, taken: number): string {
  const young = BigInt(Math.floor(taken)) * 1_000_000n - tick
  const isLink = (stat.mode & typeMask) === symlink
  return isLink || stat.ino === 0n || stat.mtimeNs >= young || stat.ctimeNs >= young ? '' : statText(stat)
}

export function statText({ size, mtimeNs, ctimeNs, ino, mode }: LeafStat): string {
  return `${size} ${mtimeNs} ${ctimeNs} ${ino} ${mode}`
}

/** Nanoseconds within which a file may change twice and show one time; FAT keeps two seconds. */
const tick = 2_000_000_000n
const typeMask = 0o170000n
const symlink = 0o120000n

interface First {
  readonly globs: readonly string[]
  readonly taken: number
  readonly leaves: readonly (readonly [kind: Leaf['kind'], path: string, stat: string, hash: string])[]
  readonly pipelines: readonly (readonly [name: string, state: string])[]
}

/** What `encodeBody` wrote. */
export function decodeBody(body: Uint8Array): Pick<FilePlan, 'packages' | 'images' | 'tasks'> {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  // JSON has no line end of its own.
  const end = bytes.indexOf(10)
  const { packages, images }: Pick<FilePlan, 'packages' | 'images'> = JSON.parse(bytes.toString('utf8', 0, end))
  return { packages, images, tasks: bytes.toString('utf8', end + 1) }
}
