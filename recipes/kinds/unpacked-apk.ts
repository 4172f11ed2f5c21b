import type { Digest } from '../../base/ids.ts'
import { Fault } from '../../base/result.ts'
import { relPath } from '../../base/ids.ts'
import type { Cas } from '../../cache/cache.ts'
import { buildTree, type TreeEntry } from '../../cache/tree-builder.ts'
import { type ApkEntry, readApk } from '../../outputs/apk/read.ts'
import { reader } from './environment-glue.ts'

/** The tree that an apk of this workspace unpacks to, read from its bytes, as clients read them. */
export async function unpackedApk(cas: Cas, apk: Digest): Promise<Digest> {
  const contents = new Map<string, Digest>()
  const read = await readApk('apk', reader(cas)(apk), {
    file: async (entry, content) => {
      contents.set(entry.path, await cas.putStream(content))
    },
  })
  if (read.kind === 'complaints') throw new Fault('internal', `an apk made here can't be read: ${read.diagnostics.map((d) => d.message).join('; ')}`)
  return buildTree(cas, read.value.entries.map((entry) => [relPath(entry.path), entryOf(entry, contents)] as const))
}

function entryOf(entry: ApkEntry, contents: ReadonlyMap<string, Digest>): TreeEntry {
  const digest = contents.get(entry.kind === 'hardlink' ? (entry.link ?? '') : entry.path)
  if (entry.kind === 'directory') return { kind: 'directory', mode: entry.mode }
  if (entry.kind === 'symlink') return { kind: 'symlink', target: entry.link ?? '' }
  if (digest !== undefined) return { kind: 'file', digest, mode: entry.mode }
  throw new Fault('internal', `a tree can't hold "${entry.path}", which is a ${entry.kind}`)
}

