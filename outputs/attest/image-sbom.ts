import { parseDependency, parseProvide } from '../apk/dependency.ts'
import type { PackageRecord } from '../apk/record.ts'
import { apkComponent, type Checksum, type Component, type Distribution, type Relation, type Sbom } from './sbom.ts'

export interface ImagePackage {
  readonly record: PackageRecord
  /** Of the .apk file. */
  readonly checksums: readonly Checksum[]
  /** The document inside the package, read by `readSpdx`; a package without one is listed all the same. */
  readonly sbom?: Sbom
}

export interface ImageSbomOrder {
  readonly name: string
  /** `sha256:…` of the manifest. */
  readonly digest: string
  readonly arch: string
  /** Seconds since the epoch. */
  readonly created: number
  readonly distribution: Distribution
  /** The os-release VERSION_ID. */
  readonly distributionVersion: string
  readonly packages: readonly ImagePackage[]
}

/** Every installed package, what each was generated from, and which of them it depends on in this image. Files stay in the packages' own documents. */
export function imageSbom(order: ImageSbomOrder): Sbom {
  const image = imageComponent(order)
  const system = systemComponent(order)
  const components = new Map<string, Component>([[image.key, image], [system.key, system]])
  const relations: Relation[] = [{ from: image.key, kind: 'contains', to: system.key }]
  const keys = new Map<string, string>()
  for (const each of order.packages) {
    const component = { ...apkComponent(each.record, order.distribution), checksums: each.checksums }
    keys.set(each.record.name, component.key)
    components.set(component.key, component)
    relations.push({ from: image.key, kind: 'contains', to: component.key })
    for (const [source, relation] of upstream(each, component.key)) {
      components.set(source.key, source)
      relations.push(relation)
    }
  }
  relations.push(...dependencies(order.packages.map(({ record }) => record), keys))
  return { name: order.name, subject: image.key, created: order.created, author: order.distribution.supplier, components: [...components.values()], relations }
}

function imageComponent({ name, digest, arch, distribution }: ImageSbomOrder): Component {
  const purl = `pkg:oci/${encodeURIComponent(name)}@${encodeURIComponent(digest)}?arch=${encodeURIComponent(arch)}&mediaType=${encodeURIComponent('application/vnd.oci.image.manifest.v1+json')}`
  return { key: `image/${name}@${digest}`, kind: 'image', name, version: digest, supplier: distribution.supplier, purl, checksums: [{ algorithm: 'SHA256', hex: digest.replace(/^sha256:/, '') }] }
}

function systemComponent({ distribution, distributionVersion }: ImageSbomOrder): Component {
  return { key: `os/${distribution.id}@${distributionVersion}`, kind: 'operating-system', name: distribution.id, version: distributionVersion, supplier: distribution.supplier }
}

function upstream({ sbom }: ImagePackage, key: string): readonly (readonly [Component, Relation])[] {
  if (sbom === undefined) return []
  const named = new Set(sbom.relations.filter(({ from, kind }) => from === sbom.subject && kind === 'generated-from').map(({ to }) => to))
  return sbom.components.filter((each) => named.has(each.key)).map((each) => [each, { from: key, kind: 'generated-from', to: each.key }])
}

/** A dependency is on whatever in the image provides it; a package of that very name comes first. */
function dependencies(records: readonly PackageRecord[], keys: ReadonlyMap<string, string>): readonly Relation[] {
  const providers = new Map<string, string>()
  for (const { name, provides } of records) for (const text of provides) if (!providers.has(parseProvide(text)?.name ?? '')) providers.set(parseProvide(text)?.name ?? '', name)
  for (const { name } of records) providers.set(name, name)
  return records.flatMap((record) => {
    const needed = record.depends.map(parseDependency).filter((each) => each !== undefined && !each.conflict).map((each) => providers.get(each?.name ?? ''))
    return [...new Set(needed)].flatMap((name): Relation[] => {
      const from = keys.get(record.name)
      const to = name === undefined || name === record.name ? undefined : keys.get(name)
      return from === undefined || to === undefined ? [] : [{ from, kind: 'depends-on', to }]
    })
  })
}
