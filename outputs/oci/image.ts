// Configuration, manifest and index of an image, from what was asked for and what the layers turned out to be.
import type { Diagnostic } from '../../base/diagnostic.ts'
import { byBytes } from '../../base/bytes.ts'
import { digestBytes } from '../../base/digest.ts'
import type { Digest } from '../../base/ids.ts'
import { type Checked, complaints, ok } from '../../base/result.ts'
import { resolveRunAs } from '../rootfs/accounts.ts'
import type { ImageConfiguration } from './image-config.ts'
import type { LayerFacts } from './layer-tar.ts'
import { describe, type Descriptor, encodeDocument, type ImageFile, type Index, type Manifest, mediaTypes, ociDigest, rfc3339, type RunConfig } from './media.ts'
import { type Platform, platformOf } from './platform.ts'
import { shellWords } from './shell-words.ts'

export interface ImageFacts {
  /** apk's architecture name. */
  readonly arch: string
  /** Seconds since the epoch. */
  readonly created: number
  /** Bottom first; `comment` names what is in it. */
  readonly layers: readonly (LayerFacts & { readonly comment: string })[]
  readonly run: RunConfig
  readonly annotations: Readonly<Record<string, string>>
}

/** An image of one platform: two documents, and the layers that they name. */
export interface Image {
  readonly platform: Platform
  readonly manifest: Digest
  readonly config: Digest
  readonly layers: readonly LayerFacts[]
  /** Bytes of `manifest` and `config`. */
  readonly documents: ReadonlyMap<Digest, Uint8Array>
}

const defaultEnvironment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/bin:/usr/sbin:/sbin:/bin',
  SSL_CERT_FILE: '/etc/ssl/certs/ca-certificates.crt',
}

const author = 'nacre'

/** How the image runs. `passwd` is the text of its etc/passwd. Keys stand in the order of the specification. */
export function runConfig(config: ImageConfiguration, passwd: string, labels: Readonly<Record<string, string>>): Checked<RunConfig> {
  const diagnostics: Diagnostic[] = []
  const entrypoint = entrypointOf(config)
  const command = config.cmd === undefined ? [] : shellWords(config.cmd)
  const runAs = config.accounts?.['run-as']
  const user = runAs === undefined || runAs === '' ? undefined : resolveRunAs(runAs, passwd)
  if (entrypoint === undefined) diagnostics.push(unclosed('entrypoint.command', config.entrypoint?.command ?? ''))
  if (command === undefined) diagnostics.push(unclosed('cmd', config.cmd ?? ''))
  if (typeof user === 'object') diagnostics.push(user)
  if (diagnostics.length > 0 || entrypoint === undefined || command === undefined || typeof user === 'object') return complaints(diagnostics)
  const environment = { ...defaultEnvironment, ...config.environment }
  return ok({
    ...(user === undefined ? {} : { User: user }),
    Env: Object.entries(environment).map(([name, value]) => `${name}=${value}`).sort(byBytes),
    ...(entrypoint.length === 0 ? {} : { Entrypoint: entrypoint }),
    ...(command.length === 0 ? {} : { Cmd: command }),
    ...((config.volumes ?? []).length === 0 ? {} : { Volumes: Object.fromEntries([...(config.volumes ?? [])].sort(byBytes).map((path) => [path, {}])) }),
    ...(config['work-dir'] === undefined || config['work-dir'] === '' ? {} : { WorkingDir: config['work-dir'] }),
    Labels: labels,
    ...(config['stop-signal'] === undefined || config['stop-signal'] === '' ? {} : { StopSignal: config['stop-signal'] }),
  })
}

/** The configuration's annotations, and those that follow from it: when, and where the configuration came from. Sorted by name. */
export function imageAnnotations(config: ImageConfiguration, created: number): Readonly<Record<string, string>> {
  const [url, revision] = splitVcs(config['vcs-url'] ?? '')
  const all: Record<string, string> = { 'org.opencontainers.image.created': rfc3339(created) }
  if (url !== '') all['org.opencontainers.image.source'] = url
  if (revision !== '') all['org.opencontainers.image.revision'] = revision
  return sortedRecord({ ...all, ...config.annotations })
}

export function makeImage(facts: ImageFacts): Image {
  const platform = platformOf(facts.arch)
  const created = rfc3339(facts.created)
  const file: ImageFile = {
    architecture: platform.architecture,
    ...(platform.variant === undefined ? {} : { variant: platform.variant }),
    author,
    created,
    history: facts.layers.map(({ comment }) => ({ author, created, created_by: author, comment })),
    os: platform.os,
    rootfs: { type: 'layers', diff_ids: facts.layers.map((layer) => ociDigest(layer.diffId)) },
    config: facts.run,
  }
  const config = encodeDocument(file)
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: describe(mediaTypes.config, digestBytes(config)),
    layers: facts.layers.map((layer) => describe(mediaTypes.layer, layer.blob)),
    annotations: facts.annotations,
  }
  const text = encodeDocument(manifest)
  const documents = new Map([[digestBytes(config), config], [digestBytes(text), text]])
  return { platform, manifest: digestBytes(text), config: digestBytes(config), layers: facts.layers, documents }
}

/** An index of one image for each platform, in the order given. */
export function makeIndex(images: readonly Image[], annotations: Readonly<Record<string, string>>): Index {
  return { schemaVersion: 2, mediaType: mediaTypes.index, manifests: images.map(describeImage), annotations }
}

export function describeImage(image: Image): Descriptor {
  return { ...describe(mediaTypes.manifest, image.manifest), platform: image.platform }
}

/** The latest build date of the packages: the date of an image that is given none. */
export function newestBuild(records: readonly { readonly buildDate: number }[]): number {
  return records.reduce((latest, { buildDate }) => Math.max(latest, buildDate), 0)
}

function entrypointOf({ entrypoint }: ImageConfiguration): readonly string[] | undefined {
  if (entrypoint?.type === 'service-bundle') return ['/bin/s6-svscan', '/sv']
  const fragment = entrypoint?.['shell-fragment']
  if (fragment !== undefined && fragment !== '') return ['/bin/sh', '-c', fragment]
  return shellWords(entrypoint?.command ?? '')
}

function splitVcs(text: string): readonly [url: string, revision: string] {
  const at = text.lastIndexOf('@')
  return at <= 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

function sortedRecord(record: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => byBytes(a, b)))
}

function unclosed(field: string, value: string): Diagnostic {
  return { code: 'image/bad-command', severity: 'error', message: `A quote or an escape in ${field} is not closed`, facts: [['text', value]] }
}
