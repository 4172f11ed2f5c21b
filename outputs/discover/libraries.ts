import { type Elf, parseElf } from '../elf/elf.ts'
import { isHostLibrary } from './host-libraries.ts'
import { baseName, type Finding, folderOf, type Generator, isEntryName, type PackageFile, type PackageView } from './package-view.ts'

/** Shared libraries: `so:` by soname with the version in the soname, `so-ver:` with the package's version. */
export const libraries: Generator = {
  name: 'libraries',
  async inspect(file, content, view) {
    if (file.kind === 'symlink') return linked(file, view)
    if (file.kind !== 'file') return []
    const bytes = await content()
    const elf = parseElf(bytes)
    if (elf.kind !== 'elf' || !elf.isDynamic) return []
    return [...needs(file, elf, view), ...offers(file, elf, view), ...fips(file, bytes)]
  },
}

function needs(file: PackageFile, elf: Elf, view: PackageView): readonly Finding[] {
  const found: Finding[] = []
  const need = (entry: string): void => void found.push({ kind: 'depends', entry, path: file.path })
  // musl's loader and C library are one file, known by the library's name.
  if (elf.interpreter !== undefined) need(`so:${baseName(elf.interpreter).replace(/^ld-musl/, 'libc.musl')}`)
  for (const library of elf.needed.filter((name) => name.includes('.so.') && isEntryName(name) && !isHostLibrary(name))) {
    const vendored = vendoredCopy(file, elf, { library, view })
    if (vendored === view.subject.name) continue
    if (vendored !== undefined) {
      need(`${vendored}=${view.subject.version}`)
      continue
    }
    need(`so:${library}`)
    if (view.libraryVersion === undefined) continue
    const version = view.libraryVersion(library)
    need(version === undefined ? `so-ver:${library}` : `so-ver:${library}>=${version}`)
  }
  return found.filter(({ entry }) => isEntryName(entry.replace(/[>=]+[^>=]*$/, '')))
}

/** Who of the family has the library in a folder that this file's own search path names, outside of the folders for everybody. */
function vendoredCopy(file: PackageFile, elf: Elf, wanted: { readonly library: string; readonly view: PackageView }): string | undefined {
  const folders = elf.runpath.length > 0 ? elf.runpath : elf.rpath
  for (const folder of folders) {
    const place = absolute(folder.replaceAll(/\$(ORIGIN|\{ORIGIN\})/g, `/${folderOf(file.path)}`))
    const found = wanted.view.libraryFolders.has(place) ? undefined : wanted.view.find(place === '' ? wanted.library : `${place}/${wanted.library}`)
    if (found !== undefined) return found.owner.name
  }
  return undefined
}

function absolute(path: string): string {
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return parts.join('/')
}

/** A program with a soname is no library, but some libraries are programs too: those have `.so.` in their file name. */
function offers(file: PackageFile, elf: Elf, view: PackageView): readonly Finding[] {
  const { soname } = elf
  if (soname === undefined || !isEntryName(soname) || isHostLibrary(soname)) return []
  if (elf.interpreter !== undefined && !baseName(file.path).includes('.so.')) return []
  const kind = view.libraryFolders.has(folderOf(file.path)) ? 'provides' : 'vendored'
  return [
    { kind, entry: `so:${soname}=${versionIn(soname)}`, path: file.path },
    { kind, entry: `so-ver:${soname}=${view.subject.version}`, path: file.path },
  ]
}

function versionIn(soname: string): string {
  const version = soname.split('.so.')[1] ?? ''
  return /^[0-9.]+$/.test(version) ? version : '0'
}

/** The development link `libz.so` needs the library that it leads to, wherever in the family that is. */
async function linked(file: PackageFile, view: PackageView): Promise<readonly Finding[]> {
  if (!file.path.includes('.so')) return []
  const target = baseName(file.target ?? '')
  for (const folder of view.libraryFolders) {
    const found = view.find(`${folder}/${target}`)
    if (found === undefined || found.file.kind !== 'file') continue
    const elf = parseElf(await found.file.read())
    const soname = elf.kind === 'elf' ? elf.soname : undefined
    return soname === undefined || !isEntryName(soname) ? [] : [{ kind: 'depends', entry: `so:${soname}`, path: file.path }]
  }
  return []
}

/** A Go program built with cgo and an experiment that takes its cryptography from OpenSSL opens the library when it runs. */
function fips(file: PackageFile, bytes: Uint8Array): readonly Finding[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (!text.includes('\xff Go buildinf:', 0, 'latin1') || !text.includes('build\tCGO_ENABLED=1\n')) return []
  if (!['boringcrypto', 'systemcrypto', 'opensslcrypto'].some((name) => text.includes(`build\tGOEXPERIMENT=${name}\n`))) return []
  return ['openssl-config-fipshardened', 'so:libcrypto.so.3'].map((entry) => ({ kind: 'depends', entry, path: file.path }))
}
