// SPDX 2.3 as JSON (spdx-spec v2.3, schemas/spdx-schema.json): deterministic, and valid by its validators.
import { createHash } from 'node:crypto'
import { byBytes } from '../../base/bytes.ts'
import { digestText } from '../../base/digest.ts'
import { digestHash } from '../../base/ids.ts'
import { licenseStatement } from './licenses.ts'
import type { Checksum, Component, Relation, Sbom, SbomFile } from './sbom.ts'

export interface SpdxPackage {
  readonly SPDXID: string
  readonly name: string
  readonly versionInfo: string
  readonly supplier: string
  readonly downloadLocation: string
  readonly filesAnalyzed: boolean
  readonly packageVerificationCode?: { readonly packageVerificationCodeValue: string }
  readonly checksums?: readonly { readonly algorithm: string; readonly checksumValue: string }[]
  readonly homepage?: string
  readonly licenseConcluded: string
  readonly licenseDeclared: string
  readonly copyrightText: string
  readonly summary?: string
  readonly externalRefs?: readonly { readonly referenceCategory: string; readonly referenceType: string; readonly referenceLocator: string }[]
  readonly primaryPackagePurpose: string
}

export interface SpdxDocument {
  readonly SPDXID: 'SPDXRef-DOCUMENT'
  readonly spdxVersion: 'SPDX-2.3'
  readonly dataLicense: 'CC0-1.0'
  readonly name: string
  readonly documentNamespace: string
  readonly creationInfo: { readonly created: string; readonly creators: readonly string[] }
  readonly packages: readonly SpdxPackage[]
  readonly files?: readonly { readonly SPDXID: string; readonly fileName: string; readonly checksums: readonly { readonly algorithm: string; readonly checksumValue: string }[] }[]
  readonly hasExtractedLicensingInfos?: readonly { readonly licenseId: string; readonly name: string; readonly extractedText: string }[]
  readonly relationships: readonly { readonly spdxElementId: string; readonly relationshipType: string; readonly relatedSpdxElement: string }[]
}

/** The document. Its namespace is derived from all that it says, so that two that differ never share one. */
export function spdxDocument(sbom: Sbom): SpdxDocument {
  const components = [...sbom.components].sort((a, b) => byBytes(a.key, b.key))
  const body = {
    packages: components.map(spdxPackage),
    ...filesOf(components),
    ...licensesOf(components),
    relationships: [
      { spdxElementId: documentId, relationshipType: 'DESCRIBES', relatedSpdxElement: elementId(sbom.subject) },
      ...[...sbom.relations].sort(byRelation).map(({ from, kind, to }) => ({ spdxElementId: elementId(from), relationshipType: relationTypes[kind], relatedSpdxElement: elementId(to) })),
      ...components.flatMap((component) => (component.files ?? []).toSorted(byFilePath).map((file) => ({ spdxElementId: elementId(component.key), relationshipType: 'CONTAINS', relatedSpdxElement: fileId(component, file) }))),
    ],
  }
  const creationInfo = { created: new Date(sbom.created * 1000).toISOString().replace('.000Z', 'Z'), creators: ['Tool: nacre', `Organization: ${sbom.author}`] }
  const hash = digestHash(digestText(JSON.stringify([sbom.name, creationInfo, body])))
  const documentNamespace = `https://spdx.org/spdxdocs/nacre/${encodeURIComponent(sbom.name)}-${hash}`
  return { SPDXID: documentId, spdxVersion: 'SPDX-2.3', dataLicense: 'CC0-1.0', name: sbom.name, documentNamespace, creationInfo, ...body }
}

/** The document's bytes. */
export function spdxBytes(sbom: Sbom): Uint8Array {
  return Buffer.from(`${JSON.stringify(spdxDocument(sbom))}\n`)
}

/** SHA-1 over the sorted SHA-1s of the files (spdx-spec 7.9). */
export function verificationCode(files: readonly SbomFile[]): string {
  return createHash('sha1').update(files.map(({ sha1 }) => sha1).sort().join('')).digest('hex')
}

/** An identifier of letters, digits, `.` and `-` for any text; two texts never get the same. */
export function elementId(key: string): string {
  return `SPDXRef-${key.replace(/[^A-Za-z0-9.]/g, (c) => (c === '/' ? '--' : `-${c.charCodeAt(0).toString(16)}-`))}`
}

const documentId = 'SPDXRef-DOCUMENT'
const noAssertion = 'NOASSERTION'
const relationTypes: Readonly<Record<Relation['kind'], string>> = { contains: 'CONTAINS', 'depends-on': 'DEPENDS_ON', 'generated-from': 'GENERATED_FROM' }
const purposes: Readonly<Record<Component['kind'], string>> = { apk: 'INSTALL', source: 'SOURCE', 'operating-system': 'OPERATING_SYSTEM', image: 'CONTAINER' }

function spdxPackage(component: Component): SpdxPackage {
  const license = component.license === undefined ? noAssertion : licenseStatement(component.license).expression
  const { files } = component
  return {
    SPDXID: elementId(component.key),
    name: component.name,
    versionInfo: component.version,
    supplier: `Organization: ${component.supplier}`,
    downloadLocation: component.download ?? noAssertion,
    filesAnalyzed: files !== undefined,
    ...(files === undefined ? {} : { packageVerificationCode: { packageVerificationCodeValue: verificationCode(files) } }),
    ...(component.checksums === undefined ? {} : { checksums: component.checksums.map(spdxChecksum) }),
    ...(component.homepage === undefined ? {} : { homepage: component.homepage }),
    licenseConcluded: license,
    licenseDeclared: license,
    copyrightText: noAssertion,
    ...(component.description === undefined ? {} : { summary: component.description }),
    ...(component.purl === undefined ? {} : { externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: component.purl }] }),
    primaryPackagePurpose: purposes[component.kind],
  }
}

function filesOf(components: readonly Component[]): Pick<SpdxDocument, 'files'> {
  const listed = components.flatMap((component) => [...(component.files ?? [])].sort(byFilePath).map((file) => ({ component, file })))
  if (listed.length === 0) return {}
  const files = listed.map(({ component, file }) => ({
    SPDXID: fileId(component, file),
    fileName: `./${file.path}`,
    checksums: [spdxChecksum({ algorithm: 'SHA1', hex: file.sha1 }), spdxChecksum({ algorithm: 'SHA256', hex: file.sha256 })],
  }))
  return { files }
}

function licensesOf(components: readonly Component[]): Pick<SpdxDocument, 'hasExtractedLicensingInfos'> {
  const references = new Map(components.flatMap(({ license }) => (license === undefined ? [] : licenseStatement(license).references)).map(({ id, name }) => [id, name]))
  if (references.size === 0) return {}
  const sorted = [...references].sort(([a], [b]) => byBytes(a, b))
  return { hasExtractedLicensingInfos: sorted.map(([licenseId, name]) => ({ licenseId, name, extractedText: `The licence that its package calls "${name}"; the text is in the package or its source` })) }
}

/** Short, and bound to the package and the path: paths are long, and documents of big packages are mostly these. */
function fileId(component: Component, file: SbomFile): string {
  return `SPDXRef-File-${digestHash(digestText(`${component.key}\0${file.path}`)).slice(0, 32)}`
}

function spdxChecksum({ algorithm, hex }: Checksum): { readonly algorithm: string; readonly checksumValue: string } {
  return { algorithm, checksumValue: hex }
}

function byFilePath(a: SbomFile, b: SbomFile): number {
  return byBytes(a.path, b.path)
}

function byRelation(a: Relation, b: Relation): number {
  return byBytes(a.from, b.from) || byBytes(a.kind, b.kind) || byBytes(a.to, b.to)
}
