import type { Checksum, Component, Relation, Sbom } from './sbom.ts'

/**
 * The packages and relations of an SPDX 2 JSON document, nacre's or melange's; files are left out. Undefined when it is no such document:
 * the caller decides whether that matters.
 */
export function readSpdx(text: string): Sbom | undefined {
  const document = parsed(text)
  if (document === undefined || !String(document['spdxVersion'] ?? '').startsWith('SPDX-2')) return undefined
  const keys = new Map<string, string>()
  const components = objects(document['packages']).map((each) => {
    const component = toComponent(each)
    keys.set(String(each['SPDXID']), component.key)
    return component
  })
  const links = objects(document['relationships']).map((each) => ({ from: String(each['spdxElementId']), type: String(each['relationshipType']), to: String(each['relatedSpdxElement']) }))
  const described = links.find(({ from, type }) => from === 'SPDXRef-DOCUMENT' && type === 'DESCRIBES')?.to ?? strings(document['documentDescribes'])[0]
  const subject = keys.get(described ?? '') ?? components[0]?.key
  if (subject === undefined) return undefined
  const relations = links.flatMap(({ from, type, to }): Relation[] => {
    const [kind, source, target] = [kinds[type], keys.get(from), keys.get(to)]
    return kind === undefined || source === undefined || target === undefined ? [] : [{ from: source, kind, to: target }]
  })
  const created = Date.parse(String(object(document['creationInfo'])?.['created'] ?? '')) / 1000
  return { name: String(document['name'] ?? ''), subject, created: Number.isFinite(created) ? created : 0, author: authorOf(document), components, relations }
}

type Unknown = Readonly<Record<string, unknown>>

const kinds: Readonly<Record<string, Relation['kind']>> = { CONTAINS: 'contains', DEPENDS_ON: 'depends-on', GENERATED_FROM: 'generated-from' }
const componentKinds: Readonly<Record<string, Component['kind']>> = { INSTALL: 'apk', SOURCE: 'source', OPERATING_SYSTEM: 'operating-system', 'OPERATING-SYSTEM': 'operating-system', CONTAINER: 'image' }

function toComponent(each: Unknown): Component {
  const optional = (key: string, name: string): Record<string, string> => (typeof each[name] === 'string' && each[name] !== 'NOASSERTION' && each[name] !== '' ? { [key]: each[name] } : {})
  const purl = objects(each['externalRefs']).find((ref) => ref['referenceType'] === 'purl')?.['referenceLocator']
  const checksums = objects(each['checksums']).flatMap((sum): Checksum[] => {
    const algorithm = sum['algorithm']
    return algorithm === 'SHA1' || algorithm === 'SHA256' || algorithm === 'SHA512' ? [{ algorithm, hex: String(sum['checksumValue']) }] : []
  })
  const name = String(each['name'] ?? '')
  const version = String(each['versionInfo'] ?? '')
  const download = optional('download', 'downloadLocation')
  const kind = componentKinds[String(each['primaryPackagePurpose'] ?? '')] ?? (String(purl ?? '').startsWith('pkg:apk/') ? 'apk' : 'source')
  return {
    key: `${kind}/${name}@${version}/${checksums[0]?.hex ?? download['download'] ?? String(purl ?? each['SPDXID'])}`,
    kind,
    name,
    version,
    supplier: String(each['supplier'] ?? each['originator'] ?? 'NOASSERTION').replace(/^(Organization|Person): /, ''),
    ...download,
    ...optional('license', 'licenseDeclared'),
    ...optional('description', 'summary'),
    ...optional('homepage', 'homepage'),
    ...(typeof purl === 'string' ? { purl } : {}),
    ...(checksums.length === 0 ? {} : { checksums }),
  }
}

function authorOf(document: Unknown): string {
  const creators = strings(object(document['creationInfo'])?.['creators'])
  return (creators.find((each) => each.startsWith('Organization: ')) ?? creators[0] ?? '').replace(/^[A-Za-z]+: /, '')
}

function parsed(text: string): Unknown | undefined {
  try {
    return object(JSON.parse(text))
  } catch {
    return undefined
  }
}

function object(value: unknown): Unknown | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value)) : undefined
}

function objects(value: unknown): readonly Unknown[] {
  return Array.isArray(value) ? value.flatMap((each) => [object(each)].filter((one) => one !== undefined)) : []
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : []
}
