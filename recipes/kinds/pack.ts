import { join } from 'node:path'
import { Hasher } from '../../base/digest.ts'
import { absPath, type NodeId } from '../../base/ids.ts'
import type { Cas } from '../../cache/cache.ts'
import type { Action, ActionKind, Input, Outcome, RunContext } from '../../engine/action.ts'
import { encoderId } from '../../outputs/archive/deflate.ts'
import type { PackageRecord } from '../../outputs/apk/record.ts'
import { packApk, type PackEntry } from '../../outputs/apk/write.ts'
import { loneDiffId } from '../../outputs/oci/layer-reuse.ts'
import type { Scripts } from '../plan/planned.ts'
import type { Described } from './closure.ts'
import { reader } from './environment-glue.ts'
import { inputDigest } from './input-digest.ts'
import { HeldBytes } from './held-bytes.ts'
import { putJson, readJson } from './json-blob.ts'
import { type PackedEntry, type PackFacts, packageFilesOf } from './pack-facts.ts'
import { packedTree } from './packed-tree.ts'
import { type PackageFile, packageFiles } from './package-files.ts'
import { sequentialReader } from './sequential-reader.ts'
import { toJson } from './spec.ts'

/** One unsigned apk: control and data. Signatures are added when a repository is published, so a key is no part of a build. */
export function packAction(order: { readonly id: NodeId; readonly name: string; readonly tree: Input; readonly describe: NodeId; readonly scripts: Scripts }): Action {
  return {
    id: order.id,
    kind: 'pack',
    spec: { name: order.name, scripts: order.scripts, encoder: encoderId },
    inputs: {
      tree: order.tree,
      record: { kind: 'output', node: order.describe, output: `record/${order.name}` },
      sbom: { kind: 'output', node: order.describe, output: `sbom/${order.name}` },
      sums: { kind: 'output', node: order.describe, output: `sums/${order.name}` },
    },
    label: `pack ${order.name}`,
  }
}

export function packKind(): ActionKind {
  return { name: 'pack', version: 3, outputs: () => ['apk', 'tree', 'facts'], run: pack }
}

async function pack(context: RunContext): Promise<Outcome> {
  const { cas } = context
  const { record } = await readJson<Described>(cas, context.inputs['record'])
  const tree = await packedTree(cas, { record, tree: inputDigest(context, 'tree'), sbom: inputDigest(context, 'sbom') })
  const { files } = await packageFiles(cas, tree)
  const scripts = context.action.spec['scripts'] as Scripts
  const held = new HeldBytes(absPath(join(context.scratch, 'data.tar.gz')))
  const tar = new Hasher()
  const packed = await packApk({
    record,
    entries: entries(cas, files, new Map(await readJson<[path: string, sha1: string][]>(cas, context.inputs['sums']))),
    scripts,
    sink: (bytes) => held.take(bytes),
    tar: (chunk) => tar.update(chunk),
  })
  if (packed.kind === 'complaints') return { kind: 'failed', failure: { kind: 'refused', diagnostics: packed.diagnostics } }
  const { control, data: body, record: complete, sums } = packed.value
  const apk = await cas.putStream(concatenated(control, held.bytes()))
  const packedFiles = { record: complete, scripts, entries: files.map((file) => packedEntry(file, complete, sums)) }
  const diffId = await loneDiffId(packageFilesOf(packedFiles), tar, reader(cas))
  const facts: PackFacts = { ...packedFiles, controlSize: control.length, tarSize: body.tarSize, body: body.body, ...(diffId === undefined ? {} : { loneDiffId: diffId }) }
  return {
    kind: 'done',
    outputs: { apk: { kind: 'blob', digest: apk }, tree: { kind: 'tree', digest: tree }, facts: await putJson(cas, toJson(facts)) },
  }
}

function packedEntry({ path, kind, mode, size, target, digest }: PackageFile, record: PackageRecord, sums: ReadonlyMap<string, string>): PackedEntry {
  const sha1 = sums.get(path)
  return {
    ...{ path, kind, mode, size, uid: 0, gid: 0, uname: 'root', gname: 'root', mtime: record.buildDate, xattrs: {} },
    ...(target === undefined ? {} : { link: target }),
    ...(sha1 === undefined ? {} : { sha1 }),
    ...(digest === undefined ? {} : { content: digest }),
  }
}

/** `known` has the SHA-1 of every file but the SBOM, which lists the others. */
function* entries(cas: Cas, files: readonly PackageFile[], known: ReadonlyMap<string, string>): Generator<PackEntry> {
  const read = sequentialReader(cas)
  for (const file of files) {
    const { digest } = file
    if (file.kind === 'directory') yield { path: file.path, node: { kind: 'directory' }, mode: file.mode }
    else if (file.kind === 'symlink') yield { path: file.path, node: { kind: 'symlink', target: file.target ?? '' }, mode: 0o777 }
    else if (digest !== undefined) yield { path: file.path, node: contentOf(file.size, () => read(digest), known.get(file.path)), mode: file.mode }
  }
}

function contentOf(size: number, open: () => AsyncIterable<Uint8Array>, sha1: string | undefined): PackEntry['node'] {
  return { kind: 'file', size, open, ...(sha1 === undefined ? {} : { sha1 }) }
}

async function* concatenated(control: Uint8Array, data: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield control
  yield* data
}
