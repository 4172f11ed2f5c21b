import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import xz from 'xz-decompress'
import type { Diagnostic } from '../../base/diagnostic.ts'
import { type Checked, complaints, errno, ok } from '../../base/result.ts'
import type { AptSource } from './apt-mirrors.ts'
import { type IndexedDeb, parsePackages, releaseHash } from '../../outputs/deb/packages-index.ts'

export interface DebianOptions {
  /** Debian's name: amd64, arm64. */
  readonly arch: string
  readonly suite: string
  /** Turns `mirror://debian/…` into URLs. */
  resolve(uri: string): readonly string[]
  readonly keyring: string
  /** Takes an index without a signature. */
  readonly unsigned: boolean
  readonly signal: AbortSignal
}

/** The suite that is given, else the machine's own: that of the archive itself, since its files stay while those of updates go. */
export function suiteOf(given: string | undefined, sources: readonly AptSource[]): Checked<string> {
  const suite = given ?? sources.find((source) => !source.suite.includes('-') && /debian$/.test(source.uri))?.suite
  return suite === undefined ? complaints([{ code: 'lock/no-suite', severity: 'error', message: "This machine's package sources name no suite of Debian", hint: '--suite bookworm' }]) : ok(suite)
}

/** Where Debian's package debian-archive-keyring puts its keys. */
export const debianKeyring = '/usr/share/keyrings/debian-archive-keyring.gpg'

/**
 * The index of binary packages of a suite's main archive. It is believed when the suite's InRelease names its hash and gpgv finds it signed:
 * pins are what every later build trusts, and mirrors are mostly asked over plain HTTP.
 */
export async function debianIndex(options: DebianOptions): Promise<Checked<ReadonlyMap<string, IndexedDeb>>> {
  const folder = `mirror://debian/dists/${options.suite}`
  const path = `main/binary-${options.arch}/Packages.xz`
  const release = options.unsigned ? ok('') : await signedRelease(`${folder}/InRelease`, options)
  if (release.kind === 'complaints') return release
  const packed = await download(`${folder}/${path}`, options)
  if (packed.kind === 'complaints') return packed
  const hash = createHash('sha256').update(packed.value).digest('hex')
  if (!options.unsigned && releaseHash(release.value, path) !== hash) {
    return complaints([{ code: 'lock/bad-index', severity: 'error', message: `The package index of "${options.suite}" is not the one that its signed Release names`, facts: [['expected', releaseHash(release.value, path) ?? 'it is not named at all'], ['got', hash]], hint: 'a mirror in the middle of an update: try again' }])
  }
  return ok(parsePackages(await text(new xz.XzReadableStream(Readable.toWeb(Readable.from([packed.value]))))))
}

async function signedRelease(uri: string, options: DebianOptions): Promise<Checked<string>> {
  const release = await download(uri, options)
  if (release.kind === 'complaints') return release
  if (!existsSync(options.keyring)) return unsigned(`there are no keys in "${options.keyring}"`, 'install debian-archive-keyring, or name a file with --keyring')
  const folder = mkdtempSync(join(tmpdir(), 'nacre-lock-'))
  try {
    const file = join(folder, 'InRelease')
    writeFileSync(file, release.value)
    // What gpgv prints is exactly what is signed; the file may hold more.
    const { stdout } = await promisify(execFile)('gpgv', ['--keyring', options.keyring, '--output', '-', file], { maxBuffer: 64e6 })
    return ok(stdout)
  } catch (error) {
    if (errno(error) === 'ENOENT') return unsigned('gpgv is not installed', 'install gpgv')
    return unsigned(error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error), 'check the mirror and the keyring')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function unsigned(reason: string, hint: string): Checked<never> {
  return complaints([{ code: 'lock/unsigned', severity: 'error', message: "The signature of Debian's index can't be checked", facts: [['because', reason]], hint: `${hint}; --unsigned goes without` }])
}

async function download(uri: string, { resolve, signal }: DebianOptions): Promise<Checked<Uint8Array>> {
  const facts: NonNullable<Diagnostic['facts']>[number][] = []
  for (const url of resolve(uri)) {
    try {
      const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(120_000)]) })
      if (response.ok) return ok(new Uint8Array(await response.arrayBuffer()))
      facts.push([url, `HTTP ${response.status}`])
    } catch (error) {
      signal.throwIfAborted()
      facts.push([url, errno(error instanceof Error ? error.cause : undefined) ?? String(error)])
    }
  }
  return complaints([{ code: 'lock/unreachable', severity: 'error', message: `No mirror of Debian has "${uri}"`, facts, hint: 'check the network, --suite, and mirrors: in nacre.yaml' }])
}
