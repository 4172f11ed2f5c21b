import { createHash } from 'node:crypto'
import type { Diagnostic } from '../../../base/diagnostic.ts'
import type { Checked } from '../../../base/result.ts'
import type { DeflatePool } from '../../../outputs/archive/deflate-pool.ts'
import type { ReadApk } from '../../../outputs/apk/read.ts'
import { readApk, type ReadOptions } from '../../../outputs/apk/read.ts'
import type { PackageRecord } from '../../../outputs/apk/record.ts'
import { type PackedApk, type PackEntry, packApk, type ScriptName } from '../../../outputs/apk/write.ts'

export const plainRecord: PackageRecord = {
  name: 'shell',
  version: '1.2.3-r4',
  arch: 'x86_64',
  description: 'a test package',
  url: 'https://example.test/shell',
  license: 'MIT AND Apache-2.0',
  origin: 'shell',
  maintainer: 'A Person <person@example.test>',
  commit: '0123456789abcdef0123456789abcdef01234567',
  buildDate: 1700000000,
  installedSize: 0,
  depends: [],
  provides: ['cmd:shell=1.2.3-r4'],
  replaces: [],
  installIf: [],
  triggers: [],
}

export function directory(path: string, mode = 0o755): PackEntry {
  return { path, node: { kind: 'directory' }, mode }
}

export function file(path: string, content: string | Uint8Array, mode = 0o644): PackEntry {
  const bytes = Buffer.from(content)
  return { path, node: { kind: 'file', size: bytes.length, open: () => [bytes] }, mode }
}

export function link(path: string, target: string): PackEntry {
  return { path, node: { kind: 'symlink', target }, mode: 0o777 }
}

export const someEntries: readonly PackEntry[] = [
  directory('etc'),
  directory('etc/private', 0o700),
  file('etc/private/key', 'secret', 0o600),
  directory('usr'),
  directory('usr/bin'),
  file('usr/bin/shell', '#!/bin/sh\n', 0o755),
  link('usr/bin/sh', 'shell'),
  directory('usr/share'),
  file('usr/share/empty', ''),
  file(`usr/share/${'n'.repeat(120)}`, 'long name'),
  file('usr/share/été', 'not ASCII'),
]

export interface Packed extends PackedApk {
  readonly bytes: Uint8Array
}

export interface PackCase {
  readonly record?: Partial<PackageRecord>
  readonly entries?: readonly PackEntry[]
  readonly scripts?: Readonly<Partial<Record<ScriptName, string>>>
  readonly pool?: DeflatePool
}

export async function tryPack({ record, entries, scripts, pool }: PackCase): Promise<Checked<Packed>> {
  const chunks: Uint8Array[] = []
  const packed = await packApk({
    record: { ...plainRecord, ...record },
    entries: entries ?? someEntries,
    ...(scripts === undefined ? {} : { scripts }),
    ...(pool === undefined ? {} : { pool }),
    async sink(data) {
      for await (const chunk of data) chunks.push(chunk)
    },
  })
  return packed.kind === 'ok' ? { kind: 'ok', value: { ...packed.value, bytes: Buffer.concat([packed.value.control, ...chunks]) } } : packed
}

export async function pack(order: PackCase = {}): Promise<Packed> {
  return value(await tryPack(order))
}

export function value<T>(checked: Checked<T>): T {
  if (checked.kind === 'complaints') throw new Error(checked.diagnostics.map((one) => `${one.code}: ${one.message}`).join('\n'))
  return checked.value
}

export function problems(checked: Checked<unknown>): readonly Diagnostic[] {
  return checked.kind === 'complaints' ? checked.diagnostics : []
}

export async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

export function read(bytes: Uint8Array, options: ReadOptions = {}, size = 65536): Promise<Checked<ReadApk>> {
  return readApk('x.apk', inPieces(bytes, size), options)
}

export function sha(algorithm: 'sha1' | 'sha256', bytes: Uint8Array): string {
  return createHash(algorithm).update(bytes).digest('hex')
}
