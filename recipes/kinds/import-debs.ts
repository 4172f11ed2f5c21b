import { extract, type Header } from 'tar-stream'
import { Readable } from 'node:stream'
import { parseRelPath, type NodeId, type RelPath } from '../../base/ids.ts'
import type { Diagnostic } from '../../base/diagnostic.ts'
import type { Cas } from '../../cache/cache.ts'
import { MissingBlob } from '../../cache/missing-blob.ts'
import { buildTree, type TreeEntry } from '../../cache/tree-builder.ts'
import type { Action, ActionKind, Outcome, RunContext } from '../../engine/action.ts'
import { BadDeb, debData } from '../../outputs/deb/read.ts'
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

async function unpackAll(context: RunContext): Promise<Outcome> {
  const { debs, links, name } = context.action.spec as { readonly debs: readonly string[]; readonly links: readonly { readonly path: string; readonly target: string }[]; readonly name: string }
  const entries = new Map<RelPath, TreeEntry>()
  for (const deb of debs) {
    context.signal.throwIfAborted()
    const refused = await unpack(context, deb, entries)
    if (refused !== undefined) return { kind: 'failed', failure: { kind: 'refused', diagnostics: [refused] } }
    context.log(`${deb}\n`)
  }
  for (const { path, target } of links) {
    const place = parseRelPath(path.replace(/^\//, ''))
    if (place === undefined) return { kind: 'failed', failure: { kind: 'refused', diagnostics: [{ code: 'deb/bad-link', severity: 'error', message: `"${path}" is not a path for a link` }] } }
    // The links of usr-merge themselves stay where they are.
    entries.set(place.includes('/') ? merged(place) : place, { kind: 'symlink', target })
  }
  return { kind: 'done', outputs: { [name]: { kind: 'tree', digest: await buildTree(context.cas, entries) } } }
}

async function unpack(context: RunContext, deb: string, entries: Map<RelPath, TreeEntry>): Promise<Diagnostic | undefined> {
  const digest = inputDigest(context, `deb/${deb}`)
  const bytes = await context.cas.read(digest)
  if (bytes === undefined) throw new MissingBlob(digest)
  try {
    await readData(context.cas, debData(bytes), entries)
    return undefined
  } catch (error) {
    if (!(error instanceof BadDeb)) throw error
    return { code: 'deb/damaged', severity: 'error', message: `The package file of "${deb}" can't be unpacked: ${error.message}`, hint: 'check the pin with nacre lock' }
  }
}

async function readData(cas: Cas, data: Readable, entries: Map<RelPath, TreeEntry>): Promise<void> {
  for await (const entry of data.pipe(extract())) {
    const { header } = entry
    const path = placeOf(header.name)
    if (path !== undefined) {
      const node = await nodeOf(cas, header, { entry: Readable.from(entry), entries })
      const known = entries.get(path)
      // A folder never replaces the link that stands for it (usr-merge), and never loses what is in it.
      if (!(node.kind === 'directory' && known !== undefined)) entries.set(path, node)
    }
    entry.resume()
  }
}

async function nodeOf(cas: Cas, header: Header, from: { readonly entry: Readable; readonly entries: ReadonlyMap<RelPath, TreeEntry> }): Promise<TreeEntry> {
  const mode = (header.mode ?? 0o644) & 0o7777
  switch (header.type) {
    case 'file':
      return { kind: 'file', digest: await cas.putStream(from.entry), mode }
    case 'symlink':
      return { kind: 'symlink', target: header.linkname ?? '' }
    case 'link': {
      const target = placeOf(header.linkname ?? '')
      const linked = target === undefined ? undefined : from.entries.get(target)
      if (linked?.kind !== 'file') throw new BadDeb(`"${header.name}" is a hard link to "${header.linkname ?? ''}", which is not in it`)
      return linked
    }
    case 'directory':
      return { kind: 'directory', mode }
    default:
      throw new BadDeb(`"${header.name}" is a ${String(header.type)}`)
  }
}

/** `./bin/sh` to `usr/bin/sh`; undefined for the root itself. A path that would leave the tree is refused. */
function placeOf(name: string): RelPath | undefined {
  const plain = name.replace(/^(\.?\/)+/, '').replace(/\/+$/, '')
  if (plain === '' || plain === '.') return undefined
  const path = parseRelPath(plain)
  if (path === undefined) throw new BadDeb(`"${name}" leads out of the package`)
  return merged(path)
}

/** Usr-merge: what Debian still ships under /bin, /sbin, /lib and /lib64 lies under /usr, where the base layout's links lead. */
function merged(path: RelPath): RelPath {
  const moved = path.replace(/^(bin|sbin|lib)(?=\/|$)/, 'usr/$1').replace(/^(usr\/)?lib64(?=\/|$)/, 'usr/lib')
  return parseRelPath(moved) ?? path
}
