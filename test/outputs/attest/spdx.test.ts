import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { execFileSync, spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { PackageRecord } from '../../../outputs/apk/record.ts'
import { imageSbom } from '../../../outputs/attest/image-sbom.ts'
import { licenseStatement } from '../../../outputs/attest/licenses.ts'
import { packageSbom, packageSbomPath } from '../../../outputs/attest/package-sbom.ts'
import { readSpdx } from '../../../outputs/attest/read-spdx.ts'
import { apkPurl } from '../../../outputs/attest/sbom.ts'
import { elementId, spdxBytes, spdxDocument, verificationCode } from '../../../outputs/attest/spdx.ts'

const distribution = { id: 'vector', supplier: 'Vector Linux' }
const folder = mkdtempSync(join(tmpdir(), 'nacre-spdx-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function record(name: string, more: Partial<PackageRecord> = {}): PackageRecord {
  return {
    name, version: '1.2-r0', arch: 'x86_64', description: `The ${name} program`, url: 'https://example.test/', license: 'MIT', origin: name, maintainer: '', commit: '',
    buildDate: 1700000000, installedSize: 1, depends: [], provides: [], replaces: [], installIf: [], triggers: [], ...more,
  }
}

const zlib = packageSbom({
  record: record('zlib', { license: 'Zlib AND My Own License', provides: ['so:libz.so.1=1.2'] }),
  distribution,
  sources: [
    { name: 'zlib', version: '1.2', url: 'https://example.test/zlib-1.2.tar.gz', checksum: { algorithm: 'SHA256', hex: 'a'.repeat(64) } },
    { name: 'zlib-tests', version: '1.2', url: 'https://example.test/tests.git', commit: 'b'.repeat(40) },
  ],
  files: [
    { path: 'usr/lib/libz.so.1', sha1: '2'.repeat(40), sha256: '3'.repeat(64) },
    { path: 'usr/lib/b', sha1: '1'.repeat(40), sha256: '4'.repeat(64) },
  ],
})

const image = imageSbom({
  name: 'tools', digest: `sha256:${'c'.repeat(64)}`, arch: 'amd64', created: 1700000000, distribution, distributionVersion: '1',
  packages: [
    { record: record('zlib', { provides: ['so:libz.so.1=1.2'] }), checksums: [{ algorithm: 'SHA256', hex: 'd'.repeat(64) }], ...one(readSpdx(Buffer.from(spdxBytes(zlib)).toString())) },
    { record: record('curl', { depends: ['so:libz.so.1', 'nothing', '!zlib-ng'] }), checksums: [{ algorithm: 'SHA256', hex: 'e'.repeat(64) }] },
  ],
})

describe('an SPDX document', () => {
  it('of a package names what it was generated from and every file', () => {
    const document = spdxDocument(zlib)
    const id = elementId('apk/zlib@1.2-r0/x86_64')
    const types = document.relationships.map(({ relationshipType }) => relationshipType)
    expect(types).toEqual(['DESCRIBES', 'GENERATED_FROM', 'GENERATED_FROM', 'CONTAINS', 'CONTAINS'])
    expect(document.packages.find(({ SPDXID }) => SPDXID === id)).toMatchObject({
      versionInfo: '1.2-r0', filesAnalyzed: true, supplier: 'Organization: Vector Linux', licenseDeclared: 'Zlib AND LicenseRef-My-Own-License', primaryPackagePurpose: 'INSTALL',
      externalRefs: [{ referenceType: 'purl', referenceLocator: 'pkg:apk/vector/zlib@1.2-r0?arch=x86_64&distro=vector' }],
    })
    expect(document.files?.map(({ fileName }) => fileName)).toEqual(['./usr/lib/b', './usr/lib/libz.so.1'])
    expect(document.hasExtractedLicensingInfos?.map(({ licenseId }) => licenseId)).toEqual(['LicenseRef-My-Own-License'])
  })

  it('has the verification code that the specification defines', () => {
    // sha1sum of 40 times "1" and 40 times "2", whatever the order of the files.
    const sum = execFileSync('sha1sum', { input: '1'.repeat(40) + '2'.repeat(40), encoding: 'utf8' }).slice(0, 40)
    expect(verificationCode(zlib.components[0]?.files ?? [])).toBe(sum)
  })

  it('has a namespace that changes with what it says and with nothing else', () => {
    expect(spdxDocument(zlib).documentNamespace).toBe(spdxDocument({ ...zlib, components: zlib.components.toReversed() }).documentNamespace)
    expect(spdxDocument({ ...zlib, created: 1 }).documentNamespace).not.toBe(spdxDocument(zlib).documentNamespace)
  })

  it('of an image has every package, also one without a document of its own, and their dependencies', () => {
    const document = spdxDocument(image)
    expect(document.packages.map(({ name }) => name)).toEqual(['curl', 'zlib', 'tools', 'vector', 'zlib-tests', 'zlib'])
    const relations = document.relationships.map(({ spdxElementId, relationshipType, relatedSpdxElement }) => [spdxElementId, relationshipType, relatedSpdxElement])
    expect(relations).toContainEqual([elementId('apk/curl@1.2-r0/x86_64'), 'DEPENDS_ON', elementId('apk/zlib@1.2-r0/x86_64')])
    expect(relations.filter(([, type]) => type === 'GENERATED_FROM')).toHaveLength(2)
    expect(document.packages.find(({ name }) => name === 'vector')?.primaryPackagePurpose).toBe('OPERATING_SYSTEM')
    expect(document.files).toBeUndefined()
  })

  it('gives two things two identifiers', () => {
    const keys = ['a/b', 'a-b', 'a.b', 'a--b', 'a-2f-b', 'a@b', 'a/-b', 'a-/b']
    expect(new Set(keys.map(elementId)).size).toBe(keys.length)
    for (const key of keys) expect(elementId(key)).toMatch(/^SPDXRef-[A-Za-z0-9.-]+$/)
  })

  it('is not read from what is none', () => {
    expect(readSpdx('no json')).toBeUndefined()
    expect(readSpdx('{"bomFormat":"CycloneDX"}')).toBeUndefined()
    expect(readSpdx('{"spdxVersion":"SPDX-2.3","packages":[]}')).toBeUndefined()
  })
})

describe('names', () => {
  it.each([
    ['MIT', 'MIT'],
    ['GPL-2.0-or-later WITH Classpath-exception-2.0 AND BSD-3-Clause', 'GPL-2.0-or-later WITH Classpath-exception-2.0 AND BSD-3-Clause'],
    ['(MIT OR Apache-2.0) AND public domain', '(MIT OR Apache-2.0) AND LicenseRef-public-domain'],
    ['LicenseRef-scancode-x', 'LicenseRef-scancode-x'],
    ['MIT AND', 'LicenseRef-MIT-AND'],
    ['', 'LicenseRef-unnamed'],
  ])('the licence "%s" becomes %s', (text, expression) => {
    expect(licenseStatement(text).expression).toBe(expression)
  })

  it('a purl escapes what its specification says', () => {
    expect(apkPurl(record('libstdc++', { version: '1:2+b~3-r0', origin: 'gcc' }), 'nacre')).toBe('pkg:apk/nacre/libstdc%2B%2B@1:2%2Bb~3-r0?arch=x86_64&distro=nacre&origin=gcc')
  })

  it('a package keeps its document where scanners look', () => {
    expect(packageSbomPath(record('zlib'))).toBe('var/lib/db/sbom/zlib-1.2-r0.spdx.json')
  })
})

describe.each([['package', zlib], ['image', image]] as const)('the document of a %s', (name, sbom) => {
  const file = join(folder, `${name}.spdx.json`)
  writeFileSync(file, spdxBytes(sbom))

  it.skipIf(!has('pyspdxtools'))('is valid for pyspdxtools', () => {
    const broken = join(folder, `broken-${name}.spdx.json`)
    writeFileSync(broken, Buffer.from(spdxBytes(sbom)).toString().replace('"DESCRIBES"', '"DESCRIBES_NOT"'))
    expect([spawnSync('pyspdxtools', ['-i', file]).status, spawnSync('pyspdxtools', ['-i', broken]).status]).toEqual([0, 1])
  })

  it.skipIf(!has('ntia-checker'))('has all that ntia-checker asks for', () => {
    expect(execFileSync('ntia-checker', ['--file', file], { encoding: 'utf8', stdio: 'pipe' })).toMatch(/Conformant: True/)
  })
})

function one<T>(sbom: T | undefined): { readonly sbom: T } | Record<string, never> {
  return sbom === undefined ? {} : { sbom }
}

function has(program: string): boolean {
  try {
    execFileSync(program, ['--help'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
