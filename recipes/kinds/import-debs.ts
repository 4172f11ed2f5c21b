import { parseRelPath, type NodeId, type RelPath } from '../../base/ids.ts'
import type { Diagnostic } from '../../base/diagnostic.ts'
import type { Cas } from '../../cache/cache.ts'
import { MissingBlob } from '../../cache/missing-blob.ts'
import { buildTree, type TreeEntry } from '../../cache/tree-builder.ts'
import type { Action, ActionKind, Outcome, RunContext } from '../../engine/action.ts'
import { BadArchive, plainName, readTar, type ReadEntry } from '../../outputs/archive/tar-read.ts'
import { BadDeb, debData } from '../../outputs/deb/read.ts'
import { XzThread, type Unxz } from '../../outputs/deb/xz.ts'
import type { Deb, Link } from '../plan/planned.ts'
import { fetchedFile } from './fetch.ts'
import { inputDigest } from './input-digest.ts'

/** Pinned Debian binaries, unpacked over each other without maintainer scripts, as the tree of a bootstrap package. */
export function importAction(order: { readonly id: NodeId; readonly name: string; readonly label: string; readonly debs: readonly Deb[]; readonly links: readonly Link[] }): Action {
  return {
    id: order.id,
    kind: 'import-debs',
    spec: { name: order.name, debs: order.debs.map((deb) => deb.name), links: order.links.map((link) => ({ ...link })) },
    inputs: Object.fromEntries(order.debs.map((deb) => [`deb/${deb.name}`, fetchedFile({ algorithm: 'sha256', hex: deb.sha256 })])),
    label: order.label,
  }
}

export function importKind(): ActionKind {
  return {
    name: 'import-debs',
    version: 1,
    outputs: (action) => [String(action.spec['name'])],
    run: unpackAll,
  }
}

type Entries = Map<RelPath, TreeEntry>

async function unpackAll(context: RunContext): Promise<Outcome> {
  const { debs, links, name } = context.action.spec as { readonly debs: readonly string[]; readonly links: readonly { readonly path: string; readonly target: string }[]; readonly name: string }
  const unpacked = await unpackEach(context, debs)
  if (unpacked.kind === 'failed') return unpacked
  const entries: Entries = new Map()
  for (const own of unpacked.debs) for (const [path, node] of own) lay(entries, path, node)
  for (const { path, target } of links) {
    const place = parseRelPath(path.replace(/^\//, ''))
    if (place === undefined) return { kind: 'failed', failure: { kind: 'refused', diagnostics: [{ code: 'deb/bad-link', severity: 'error', message: `"${path}" is not a path for a link` }] } }
    // The links of usr-merge themselves stay where they are.
    entries.set(place.includes('/') ? merged(place) : place, { kind: 'symlink', target })
  }
  return { kind: 'done', outputs: { [name]: { kind: 'tree', digest: await buildTree(context.cas, entries) } } }
}

interface Unpacked {
  readonly kind: 'unpacked'
  /** In the order in which they are laid over each other. */
  readonly debs: readonly Entries[]
}

/** Two are decoded at once, while this thread stores the files of both. */
async function unpackEach(context: RunContext, debs: readonly string[]): Promise<Unpacked | Extract<Outcome, { readonly kind: 'failed' }>> {
  const unpacked: Entries[] = []
  const refused: Diagnostic[] = []
  let next = 0
  const lane = async (): Promise<void> => {
    await using thread = new XzThread()
    try {
      while (next < debs.length) {
        context.signal.throwIfAborted()
        const at = next++
        const deb = debs[at] ?? ''
        const own = await unpack(context, deb, thread.decode)
        context.log(`${deb}\n`)
        if (own instanceof Map) {
          unpacked[at] = own
          continue
        }
        refused.push(own)
        next = debs.length
      }
    } catch (error) {
      next = debs.length
      throw error
    }
  }
  for (const ended of await Promise.allSettled([lane(), lane()])) if (ended.status === 'rejected') throw ended.reason
  return refused.length === 0 ? { kind: 'unpacked', debs: unpacked } : { kind: 'failed', failure: { kind: 'refused', diagnostics: refused } }
}

async function unpack(context: RunContext, deb: string, decode: Unxz): Promise<Entries | Diagnostic> {
  const digest = inputDigest(context, `deb/${deb}`)
  const bytes = await context.cas.read(digest)
  if (bytes === undefined) throw new MissingBlob(digest)
  try {
    return await readData(context.cas, debData(bytes, decode))
  } catch (error) {
    if (!(error instanceof BadDeb || error instanceof BadArchive)) throw error
    return { code: 'deb/damaged', severity: 'error', message: `The package file of "${deb}" can't be unpacked: ${error.message}`, hint: 'check the pin with nacre lock' }
  }
}

async function readData(cas: Cas, data: AsyncIterable<Uint8Array>): Promise<Entries> {
  const entries: Entries = new Map()
  for await (const [entry, content] of readTar(data)) lay(entries, merged(entry.path), await nodeOf(cas, entry, { content, entries }))
  return entries
}

/** A folder never replaces the link that stands for it (usr-merge), and never loses what is in it. */
function lay(entries: Entries, path: RelPath, node: TreeEntry): void {
  if (!(node.kind === 'directory' && entries.has(path))) entries.set(path, node)
}

async function nodeOf(cas: Cas, { path, kind, mode, link = '' }: ReadEntry, from: { readonly content: AsyncIterable<Uint8Array>; readonly entries: Entries }): Promise<TreeEntry> {
  switch (kind) {
    case 'file':
      return { kind: 'file', digest: await cas.putStream(from.content), mode }
    case 'symlink':
      return { kind: 'symlink', target: link }
    case 'hardlink': {
      const target = parseRelPath(plainName(link))
      const linked = target === undefined ? undefined : from.entries.get(merged(target))
      if (linked?.kind !== 'file') throw new BadDeb(`"${path}" is a hard link to "${link}", which is not in it`)
      return linked
    }
    case 'directory':
      return { kind: 'directory', mode }
    default:
      throw new BadDeb(`"${path}" is a ${kind === 'fifo' ? 'fifo' : `${kind} device`}`)
  }
}

/** Usr-merge: what Debian still ships under /bin, /sbin, /lib and /lib64 lies under /usr, where the base layout's links lead. */
function merged(path: RelPath): RelPath {
  const moved = path.replace(/^(bin|sbin|lib)(?=\/|$)/, 'usr/$1').replace(/^(usr\/)?lib64(?=\/|$)/, 'usr/lib')
  return parseRelPath(moved) ?? path
}
