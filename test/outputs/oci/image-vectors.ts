// Reads the recorded images: packages as files and records, and what apko made of them, one line for each entry.
import { createReadStream, readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { digestHash } from '../../../base/ids.ts'
import { readApk } from '../../../outputs/apk/read.ts'
import type { ImageConfiguration } from '../../../outputs/oci/image-config.ts'
import { tarEntries } from '../../../outputs/oci/layer-tar.ts'
import type { LayerEntry } from '../../../outputs/oci/layers.ts'
import { type Content, contentDigest, contentSize } from '../../../outputs/rootfs/content.ts'
import type { PackageFiles } from '../../../outputs/rootfs/install-packages.ts'

export const folder = new URL('../../vectors/images/', import.meta.url)

export interface RecordedEntry {
  readonly path: string
  readonly type: string
  readonly mode: string
  readonly uid: number
  readonly gid: number
  readonly mtime: number
  readonly size?: number
  readonly sha256?: string
  readonly link?: string
  readonly dev?: readonly number[]
  readonly pax?: Readonly<Record<string, string>>
}

export interface RecordedLayer {
  readonly entries: readonly RecordedEntry[]
  readonly text: Readonly<Record<string, string>>
}

export interface RecordedImage {
  readonly platform: { readonly architecture: string }
  readonly manifest: { readonly annotations: Readonly<Record<string, string>> }
  readonly config: { readonly created: string; readonly config: Readonly<Record<string, unknown>>; readonly history: readonly unknown[] }
  readonly layers: readonly RecordedLayer[]
}

export interface RecordedCase {
  readonly id: string
  readonly source_date_epoch: number | null
  readonly expect: { readonly error?: boolean; readonly images?: readonly RecordedImage[] }
}

export function recordedCase(id: string): RecordedCase {
  return JSON.parse(readFileSync(new URL(`${id}/expect.json`, folder), 'utf8'))
}

export function configuration(id: string): ImageConfiguration {
  const config = parse(readFileSync(new URL(`${id}/apko.yaml`, folder), 'utf8'))
  const runAs = config.accounts?.['run-as']
  return runAs === undefined ? config : { ...config, accounts: { ...config.accounts, 'run-as': String(runAs) } }
}

/** Names of the packages in the order in which the installed database lists them. */
export function installOrder(image: RecordedImage): readonly string[] {
  const text = image.layers.at(-1)?.text['usr/lib/apk/db/installed'] ?? ''
  return text.split('\n').flatMap((line) => (line.startsWith('P:') ? [line.slice(2)] : []))
}

export async function readPackage(arch: string, name: string): Promise<PackageFiles> {
  const { version } = JSON.parse(readFileSync(new URL('repo.json', folder), 'utf8')).find((each: { name: string }) => each.name === name)
  const file = `repo/${arch}/${name}-${version}.apk`
  const contents = new Map<string, Content>()
  const apk = await readApk(file, createReadStream(new URL(file, folder)), {
    file: async (entry, content) => {
      const chunks: Uint8Array[] = []
      for await (const chunk of content) chunks.push(chunk)
      contents.set(entry.path, { kind: 'bytes', bytes: Buffer.concat(chunks) })
    },
  })
  if (apk.kind === 'complaints') throw new Error(JSON.stringify(apk.diagnostics))
  const { head, entries } = apk.value
  return { record: head.record, entries, scripts: head.scripts, contents }
}

/** Path to one line that says everything which is compared: owner names are left out everywhere (see differences.ts). */
export function recordedLines(layer: RecordedLayer): Map<string, string> {
  return new Map(layer.entries.map((e) => [e.path, line([e.type, e.mode, `${e.uid}:${e.gid}`, `t=${e.mtime}`, e.link, e.dev, e.size, e.sha256?.slice(0, 12), paxLine(e.pax)])]))
}

export function plannedLines(entries: readonly LayerEntry[]): Map<string, string> {
  const types: Readonly<Record<string, string>> = { directory: 'dir', character: 'char' }
  return new Map(
    tarEntries(entries).map(([h, file]) => {
      const device = h.device === undefined ? undefined : [h.device.major, h.device.minor]
      const hash = file === undefined ? undefined : digestHash(contentDigest(file.content)).slice(0, 12)
      const parts = [types[h.kind] ?? h.kind, h.mode.toString(8).padStart(4, '0'), `${h.uid}:${h.gid}`, `t=${h.mtime}`, h.link, device, file && contentSize(file.content), hash]
      return [h.path, line([...parts, paxLine(h.pax)])] as const
    }),
  )
}

/** Names that the header can't hold are no content: only what else stands in PAX records is compared. */
function paxLine(pax: Readonly<Record<string, string | Uint8Array>> | undefined): string | undefined {
  const kept = Object.entries(pax ?? {}).filter(([key]) => key !== 'path' && key !== 'linkpath').map(([key, value]) => `${key}=${Buffer.from(value).toString()}`)
  return kept.length === 0 ? undefined : kept.sort().join(',')
}

function line(parts: readonly unknown[]): string {
  return parts.filter((part) => part !== undefined).map(String).join(' ')
}
