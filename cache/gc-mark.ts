import { closeSync, readFileSync, readSync } from 'node:fs'
import type { Json } from '../base/json.ts'
import { actionKey, type ActionKey, type Digest, digestHash, digestSize, parseDigest } from '../base/ids.ts'
import type { ActionResult } from './cache.ts'
import { openQuietly, smallFile } from './file-hash.ts'
import { blobPath, type Layout } from './layout.ts'
import { smallBlob } from './small-blobs.ts'
import { decodeDirectory } from './tree-codec.ts'

export interface MarkPorts {
  readonly layout: Layout
  /** The result of a key, also one that was just evicted. */
  result(key: ActionKey): ActionResult | undefined
  /** Bytes of a small blob by its hash. */
  small(hash: string): Uint8Array | undefined
  /** What each directory that was read holds, by its hash; markers may share it. */
  readonly children: Map<string, Children>
}

export interface Children {
  readonly folders: readonly Digest[]
  /** Hashes. */
  readonly files: readonly string[]
}

/** Follows what reaches what: results to outputs, logs and manifests; manifests to inputs; trees to files and folders. */
export class Marker {
  readonly #ports: MarkPorts
  /** Hashes of all blobs that were reached. */
  readonly marked = new Set<string>()
  /** Roots of trees whose content was reached, so that each is read once. */
  readonly #trees = new Set<string>()
  /** Keys of results that stay for their own sake, with what they were made of. */
  readonly results = new Set<ActionKey>()

  constructor(ports: MarkPorts) {
    this.#ports = ports
  }

  /** Marks a digest of which nobody said what it is: a blob, a tree, or the key of a result; whichever it can be, it is. */
  any(digest: Digest): void {
    const result = this.#ports.result(actionKey(digest))
    if (result !== undefined) this.result(actionKey(digest), result, { inputs: true })
    else this.tree(digest)
  }

  /** Marks a result with its manifest; with `inputs`, also what it was made of, so that it can be made again. */
  result(key: ActionKey, result: ActionResult, options: { readonly inputs: boolean }): void {
    if (this.results.has(key)) return
    if (options.inputs) this.results.add(key)
    this.marked.add(digestHash(key))
    if (result.log !== undefined) this.marked.add(digestHash(result.log))
    for (const output of Object.values(result.outputs)) {
      if (output.kind === 'tree') this.tree(output.digest)
      else this.marked.add(digestHash(output.digest))
    }
    if (options.inputs) for (const input of this.#inputsOf(key)) this.tree(input)
  }

  /** Marks a blob and, when its bytes are those of a directory, all that is in it. Missing parts are passed over. */
  tree(root: Digest): void {
    const open: Digest[] = [root]
    for (let digest = open.pop(); digest !== undefined; digest = open.pop()) {
      const hash = digestHash(digest)
      if (this.#trees.has(hash)) continue
      this.#trees.add(hash)
      this.marked.add(hash)
      const children = this.#childrenOf(digest)
      for (const file of children?.files ?? []) this.marked.add(file)
      open.push(...(children?.folders ?? []))
    }
  }

  #childrenOf(digest: Digest): Children | undefined {
    const known = this.#ports.children.get(digestHash(digest))
    if (known !== undefined) return known
    const bytes = this.#maybeDirectory(digest) ? this.#read(digest) : undefined
    const directory = bytes === undefined ? undefined : decodeDirectory(bytes)
    if (directory === undefined) return undefined
    const folders: Digest[] = []
    const files: string[] = []
    for (const node of directory.entries.values()) {
      if (node.kind === 'directory') folders.push(node.digest)
      else if (node.kind === 'file') files.push(digestHash(node.digest))
    }
    this.#ports.children.set(digestHash(digest), { folders, files })
    return { folders, files }
  }

  /** Spares reading large archives whole just to learn that they aren't directories: those begin with the tag of one of four fields. */
  #maybeDirectory(digest: Digest): boolean {
    if (digestSize(digest) <= smallFile) return true
    const path = blobPath(this.#ports.layout, digest)
    const first = firstByte(path) ?? firstByte(trashPath(this.#ports.layout, path))
    return first === 0x0a || first === 0x12 || first === 0x1a || first === 0x2a
  }

  /** Digests that a manifest names as inputs: `{"inputs":{NAME:{"digest":…}}}`. */
  #inputsOf(key: ActionKey): Digest[] {
    const bytes = this.#read(key)
    const inputs = bytes === undefined ? undefined : member(parseJson(bytes), 'inputs')
    if (typeof inputs !== 'object' || inputs === null) return []
    const digests = Object.values(inputs).map((input: Json) => member(input, 'digest'))
    return digests.map((digest) => (typeof digest === 'string' ? parseDigest(digest) : undefined)).filter((digest) => digest !== undefined)
  }

  /** Looks in the trash too: what lies there may be put back. */
  #read(digest: Digest): Uint8Array | undefined {
    const small = digestSize(digest) <= smallBlob ? this.#ports.small(digestHash(digest)) : undefined
    if (small !== undefined) return small
    const path = blobPath(this.#ports.layout, digest)
    for (const place of [path, trashPath(this.#ports.layout, path)]) {
      try {
        return readQuietly(place)
      } catch {
        // Not in this place.
      }
    }
    return undefined
  }
}

/** Where gc puts a file of the CAS before it decides for good: `trash/abcdef…`. */
export function trashPath(layout: Layout, path: string): string {
  return `${layout.trash}/${path.slice(layout.cas.length + 1).replace('/', '')}`
}

/** What gc reads in order to judge it is not used by that. */
function readQuietly(path: string): Uint8Array {
  const file = openQuietly(path)
  try {
    return readFileSync(file)
  } finally {
    closeSync(file)
  }
}

function firstByte(path: string): number | undefined {
  try {
    const file = openQuietly(path)
    try {
      const byte = Buffer.alloc(1)
      return readSync(file, byte) === 1 ? byte[0] : undefined
    } finally {
      closeSync(file)
    }
  } catch {
    return undefined
  }
}

function parseJson(bytes: Uint8Array): Json | undefined {
  try {
    return JSON.parse(Buffer.from(bytes).toString()) as Json
  } catch {
    return undefined
  }
}

function member(value: Json | undefined, name: string): Json | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return Object.getOwnPropertyDescriptor(value, name)?.value as Json | undefined
}
