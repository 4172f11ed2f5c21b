// One model of what a thing is made of. The writers (spdx.ts) say the same in a format's words.
import type { PackageRecord } from '../apk/record.ts'

export interface Checksum {
  readonly algorithm: 'SHA1' | 'SHA256' | 'SHA512'
  /** Lowercase hex. */
  readonly hex: string
}

export interface SbomFile {
  /** Relative to the root. */
  readonly path: string
  readonly sha1: string
  readonly sha256: string
}

export interface Component {
  /** Unique in the document and the same in every document that names this component. */
  readonly key: string
  readonly kind: 'apk' | 'source' | 'operating-system' | 'image'
  readonly name: string
  readonly version: string
  /** Who hands it out. */
  readonly supplier: string
  /** SPDX expression as declared, or free words. */
  readonly license?: string
  readonly description?: string
  readonly homepage?: string
  readonly download?: string
  /** Package URL (purl-spec). */
  readonly purl?: string
  readonly checksums?: readonly Checksum[]
  /** All regular files; left out where they are not listed. */
  readonly files?: readonly SbomFile[]
}

export interface Relation {
  readonly from: string
  readonly kind: 'contains' | 'depends-on' | 'generated-from'
  readonly to: string
}

export interface Sbom {
  readonly name: string
  /** Key of the component that the document is about. */
  readonly subject: string
  /** Seconds since the epoch: the source date, not the clock's. */
  readonly created: number
  /** Who made the document. */
  readonly author: string
  readonly components: readonly Component[]
  readonly relations: readonly Relation[]
}

/** Upstream content that a package was built from. */
export interface SbomSource {
  readonly name: string
  readonly version: string
  /** Where upstream has it. */
  readonly url: string
  /** Of a file. */
  readonly checksum?: Checksum
  /** Of a git repository. */
  readonly commit?: string
}

export interface Distribution {
  /** The os-release ID, in purls and as supplier of packages. */
  readonly id: string
  readonly supplier: string
}

export function apkComponent(record: PackageRecord, distribution: Distribution): Component {
  return {
    key: `apk/${record.name}@${record.version}/${record.arch}`,
    kind: 'apk',
    name: record.name,
    version: record.version,
    supplier: distribution.supplier,
    purl: apkPurl(record, distribution.id),
    ...(record.license === '' ? {} : { license: record.license }),
    ...(record.description === '' ? {} : { description: record.description }),
    ...(record.url === '' ? {} : { homepage: record.url }),
  }
}

/** `pkg:apk/…` (purl-spec types: namespace is the distribution, arch and distro are qualifiers; origin is the source package). */
export function apkPurl(record: PackageRecord, distribution: string): string {
  const origin = record.origin === '' || record.origin === record.name ? '' : `&origin=${encode(record.origin)}`
  return `pkg:apk/${encode(distribution.toLowerCase())}/${encode(record.name.toLowerCase())}@${encode(record.version)}?arch=${encode(record.arch)}&distro=${encode(distribution)}${origin}`
}

export function sourceComponent(source: SbomSource): Component {
  const identity = source.commit ?? source.checksum?.hex ?? source.url
  return {
    key: `source/${source.name}@${source.version}/${identity}`,
    kind: 'source',
    name: source.name,
    version: source.version,
    supplier: hostOf(source.url),
    download: source.commit === undefined ? source.url : gitLocation(source.url, source.commit),
    purl: sourcePurl(source),
    ...(source.checksum === undefined ? {} : { checksums: [source.checksum] }),
  }
}

function sourcePurl(source: SbomSource): string {
  const base = `pkg:generic/${encode(source.name)}@${encode(source.version)}`
  if (source.commit !== undefined) return `${base}?vcs_url=${encode(gitLocation(source.url, source.commit))}`
  const checksum = source.checksum === undefined ? '' : `checksum=${source.checksum.algorithm.toLowerCase()}:${source.checksum.hex}&`
  return `${base}?${checksum}download_url=${encode(source.url)}`
}

function gitLocation(url: string, commit: string): string {
  return `${url.startsWith('git+') ? '' : 'git+'}${url}@${commit}`
}

/** Upstream is known by where it hands its sources out. */
function hostOf(url: string): string {
  return /^[a-z+]+:\/\/([^/@]*@)?([^/:]+)/.exec(url)?.[2] ?? 'upstream'
}

function encode(text: string): string {
  return encodeURIComponent(text).replaceAll('%3A', ':').replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}
