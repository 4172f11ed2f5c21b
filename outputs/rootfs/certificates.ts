// Extra certificate authorities (apko's `certificates`): files for update-ca-certificates, and the bundle that programs read.
import { digestBytes } from '../../base/digest.ts'
import { digestHash } from '../../base/ids.ts'
import { readContent, type ReadBlob } from './content.ts'
import { join, parentOf, plainDirectory, plainFile, type VirtualTree } from './virtual-tree.ts'

export interface Certificates {
  readonly additional?: readonly { readonly name: string; readonly content: string }[]
  /** Names that packages provide; what those packages have in usr/local/share/ca-certificates joins the bundle. */
  readonly providers?: readonly string[]
}

export interface CertificateOptions {
  readonly read: ReadBlob
  /** Seconds since the epoch for the files that are made. */
  readonly time: number
  /** Paths of the certificate files of the packages that provide one of `providers`, in install order. */
  readonly provided: readonly string[]
}

/** Places that distributions keep the bundle in; each that exists is extended. */
const bundles = ['etc/ssl/certs/ca-certificates.crt', 'var/lib/ca-certificates/ca-bundle.pem', 'etc/pki/tls/certs/ca-bundle.crt']
const folder = 'usr/local/share/ca-certificates'

export function isCertificatePath(path: string): boolean {
  return path.startsWith(`${folder}/`) && path.endsWith('.crt')
}

/** Adds the certificates to every bundle, each once, and a `.NAME.sha256` beside a bundle that changed. */
export async function addCertificates(tree: VirtualTree, certificates: Certificates, options: CertificateOptions): Promise<void> {
  const texts: string[] = []
  for (const path of options.provided) {
    const file = tree.file(path)
    if (file !== undefined) texts.push(Buffer.from(await readContent(file.content, options.read)).toString())
  }
  for (const { name, content } of certificates.additional ?? []) {
    texts.push(content)
    writeCertificate(tree, name, content, options.time)
  }
  if (texts.length > 0) for (const bundle of bundles) await extend(tree, bundle, texts, options)
}

/** Named by the digest of its DER bytes, so that two of one name do not clash. */
function writeCertificate(tree: VirtualTree, name: string, content: string, time: number): void {
  const directory = tree.makeDirectory(folder, plainDirectory)
  const base = name.replace(/[^A-Za-z0-9._-]/g, '_')
  const bytes = Buffer.from(content)
  if (directory !== undefined) tree.set(join(directory, `${base}-${fingerprint(content)}.crt`), { ...plainFile({ kind: 'bytes', bytes }), mtime: time })
}

function fingerprint(pem: string): string {
  const body = /-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----/.exec(pem)?.[1]
  return digestHash(digestBytes(body === undefined ? Buffer.from(pem) : Buffer.from(body.replace(/\s+/g, ''), 'base64')))
}

async function extend(tree: VirtualTree, bundle: string, texts: readonly string[], options: CertificateOptions): Promise<void> {
  const real = tree.resolve(bundle)
  const file = tree.file(bundle)
  if (real === undefined || file === undefined) return
  let text = Buffer.from(await readContent(file.content, options.read)).toString()
  const before = text
  for (const each of texts) if (!text.includes(each.trim())) text = `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${each}\n`
  if (text === before) return
  const bytes = Buffer.from(text)
  const name = real.slice(real.lastIndexOf('/') + 1)
  const sum = Buffer.from(`${digestHash(digestBytes(bytes))}  ${name}\n`)
  tree.set(real, { ...file, content: { kind: 'bytes', bytes }, mtime: options.time })
  tree.set(join(parentOf(real), `.${name}.sha256`), { ...plainFile({ kind: 'bytes', bytes: sum }, 0o444), mtime: options.time })
}
