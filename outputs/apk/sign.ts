import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { promisify } from 'node:util'
import type { Diagnostic } from '../../base/diagnostic.ts'
import { type Checked, complaints, ok } from '../../base/result.ts'
import { gzip } from '../archive/gzip.ts'
import { tarBytes } from '../archive/tar-write.ts'

/** An RSA key that signs packages and indexes, under the name that its public half has in /etc/apk/keys. */
export interface SigningKey {
  /** File name, ends in `.rsa.pub`. */
  readonly name: string
  readonly privateKey: KeyObject
}

/** Public keys by their file name in /etc/apk/keys: apk looks a signature's key up by its name. */
export type Keyring = ReadonlyMap<string, KeyObject>

export interface Signature {
  /** Of the tar entry: `.SIGN.RSA256.os.rsa.pub`. */
  readonly entry: string
  readonly bytes: Uint8Array
}

export type Verdict =
  | { readonly kind: 'valid'; readonly key: string }
  /** A key of the ring is named, and the signature is not its own. */
  | { readonly kind: 'invalid'; readonly key: string }
  /** No signature is of a key of the ring; `keys` are those that are named. */
  | { readonly kind: 'unknown-key'; readonly keys: readonly string[] }
  | { readonly kind: 'unsigned' }

/** A new key pair as PEM texts (PKCS #8 and SPKI). 4,096 bits as melange's. */
export function generateKeyPair(bits = 4096): { readonly privatePem: string; readonly publicPem: string } {
  const pair = generateKeyPairSync('rsa', { modulusLength: bits, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } })
  return { privatePem: pair.privateKey, publicPem: pair.publicKey }
}

/** Reads a private key, `PKCS #8` or `RSA PRIVATE KEY`. `name` gets the ending `.rsa.pub` unless it has it. Complaint `apk/bad-key`. */
export function signingKey(name: string, pem: string): Checked<SigningKey> {
  const base = name.replace(/(\.rsa)?(\.pub|\.pem)?$/, '')
  if (!/^[A-Za-z0-9._@+-]+$/.test(base)) return complaints([badKey(name, 'a name is letters, digits, and any of "._@+-"')])
  const privateKey = readKey(() => createPrivateKey(pem))
  if (privateKey?.asymmetricKeyType !== 'rsa') return complaints([badKey(name, 'expected an RSA private key as PEM')])
  return ok({ name: `${base}.rsa.pub`, privateKey })
}

/** The public half as the file in /etc/apk/keys. */
export function publicPem(key: SigningKey): string {
  return createPublicKey(key.privateKey).export({ type: 'spki', format: 'pem' }).toString()
}

/** Reads public keys, each with its file name. Complaint `apk/bad-key`. */
export function keyring(files: Iterable<readonly [name: string, pem: string]>): Checked<Keyring> {
  const ring = new Map<string, KeyObject>()
  const problems: Diagnostic[] = []
  for (const [name, pem] of files) {
    const key = readKey(() => createPublicKey(pem))
    if (key?.asymmetricKeyType === 'rsa') ring.set(name, key)
    else problems.push(badKey(name, 'expected an RSA public key as PEM'))
  }
  return problems.length > 0 ? complaints(problems) : ok(ring)
}

/**
 * The signature member of an apk or index: one gzip member, a tar of one entry without end of archive, RSA PKCS #1 v1.5 over the SHA-256 of the
 * packed bytes that follow it (apk-tools doc/apk-v2.5). `mtime` in seconds since the epoch.
 */
export async function signatureMember(signed: Uint8Array, key: SigningKey, mtime = 0): Promise<Uint8Array> {
  // On a thread of its own: a key of 4,096 bits takes 3 to 6 ms of a processor, and a shelf has a hundred packages.
  const content = await promisify(sign)('sha256', signed, key.privateKey)
  return gzip(tarBytes([{ path: `.SIGN.RSA256.${key.name}`, kind: 'file', mode: 0o644, mtime, uname: 'root', gname: 'root', content }], false))
}

/** As apk judges: the first signature whose key is known decides. */
export function checkSignatures(signatures: readonly Signature[], signed: Uint8Array, ring: Keyring): Verdict {
  if (signatures.length === 0) return { kind: 'unsigned' }
  const names: string[] = []
  for (const { entry, bytes } of signatures) {
    const [, algorithm = '', name = ''] = /^\.SIGN\.(RSA|RSA256|RSA512)\.(.+)$/.exec(entry) ?? []
    names.push(name === '' ? entry : name)
    const key = ring.get(name)
    const digest = digests.get(algorithm)
    if (key === undefined || digest === undefined) continue
    return verify(digest, signed, key, bytes) ? { kind: 'valid', key: name } : { kind: 'invalid', key: name }
  }
  return { kind: 'unknown-key', keys: names }
}

/** The complaint that a verdict is, or undefined for a valid signature. `what` names the package or index. */
export function signatureProblem(what: string, verdict: Verdict): Diagnostic | undefined {
  switch (verdict.kind) {
    case 'valid':
      return undefined
    case 'invalid':
      return { code: 'apk/bad-signature', severity: 'error', message: `${what} was changed after it was signed with "${verdict.key}"` }
    case 'unknown-key':
      return { code: 'apk/untrusted', severity: 'error', message: `${what} is signed with a key that is not trusted`, facts: verdict.keys.map((key) => ['signed with', key]), hint: 'Add the public key to the keyring if you trust it' }
    case 'unsigned':
      return { code: 'apk/untrusted', severity: 'error', message: `${what} is not signed` }
  }
}

const digests = new Map([
  ['RSA', 'sha1'],
  ['RSA256', 'sha256'],
  ['RSA512', 'sha512'],
])

function readKey(read: () => KeyObject): KeyObject | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

function badKey(name: string, message: string): Diagnostic {
  return { code: 'apk/bad-key', severity: 'error', message: `Key "${name}": ${message}` }
}
