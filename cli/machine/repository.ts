import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Diagnostic } from '../../base/diagnostic.ts'
import { type Checked, complaints, errno, ok } from '../../base/result.ts'
import { readIndex } from '../../outputs/apk/apkindex.ts'
import { keyring, type Keyring } from '../../outputs/apk/sign.ts'
import type { Repository } from '../../outputs/apk/solver-universe.ts'

export interface IndexOptions {
  readonly arch: string
  readonly offline: boolean
  /** When given, an index must be signed by a key of it. */
  readonly ring?: Keyring
  readonly signal: AbortSignal
}

/** Reads the index of a repository as apk names them: `[@TAG ]DIR|URL`. A folder or URL may hold the index itself or a folder for each architecture. */
export async function openRepository(text: string, options: IndexOptions): Promise<Checked<Repository>> {
  const [, tag, place = ''] = /^(?:@(\S+)\s+)?(.+)$/.exec(text.trim()) ?? []
  const bytes = /^https?:\/\//.test(place) ? await download(place, options) : readFolder(place, options.arch)
  if (bytes.kind === 'complaints') return bytes
  const index = await readIndex(place, bytes.value, options.ring)
  return index.kind === 'ok' ? ok({ name: place, packages: index.value.records, ...(tag === undefined ? {} : { tag }) }) : index
}

/** The keys in files, each under its file's name: apk finds a signature's key by that name. */
export function openKeyring(files: readonly string[]): Checked<Keyring> {
  const diagnostics: Diagnostic[] = []
  const texts: (readonly [string, string])[] = []
  for (const file of files) {
    try {
      texts.push([basename(file), readFileSync(file, 'utf8')])
    } catch (error) {
      diagnostics.push({ code: 'cli/unreadable', severity: 'error', message: `Key "${file}" can't be read`, facts: [['system', errno(error) ?? String(error)]] })
    }
  }
  return diagnostics.length > 0 ? complaints(diagnostics) : keyring(texts)
}

const indexName = 'APKINDEX.tar.gz'

function readFolder(folder: string, arch: string): Checked<Uint8Array> {
  const places = folder.endsWith('.tar.gz') ? [folder] : [join(folder, arch, indexName), join(folder, indexName)]
  const found = places.find((place) => existsSync(place))
  if (found === undefined) return noIndex(folder, places.map((place) => ['not there', place]))
  try {
    return ok(readFileSync(found))
  } catch (error) {
    return noIndex(folder, [[found, errno(error) ?? String(error)]])
  }
}

async function download(url: string, { arch, offline, signal }: IndexOptions): Promise<Checked<Uint8Array>> {
  if (offline) return noIndex(url, [['because', '--offline forbids fetching it']])
  const base = url.replace(/\/+$/, '')
  const facts: (readonly [string, string])[] = []
  for (const place of base.endsWith('.tar.gz') ? [base] : [`${base}/${arch}/${indexName}`, `${base}/${indexName}`]) {
    try {
      const response = await fetch(place, { signal: AbortSignal.any([signal, AbortSignal.timeout(60_000)]) })
      if (response.ok) return ok(new Uint8Array(await response.arrayBuffer()))
      facts.push([place, `HTTP ${response.status}`])
    } catch (error) {
      signal.throwIfAborted()
      facts.push([place, errno(error instanceof Error ? error.cause : undefined) ?? String(error)])
    }
  }
  return noIndex(url, facts)
}

function noIndex(place: string, facts: NonNullable<Diagnostic['facts']>): Checked<never> {
  return complaints([{ code: 'cli/no-index', severity: 'error', message: `"${place}" has no index that can be read`, facts, hint: 'a repository is a folder or URL with ARCH/APKINDEX.tar.gz' }])
}
