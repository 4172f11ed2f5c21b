import { createHash, createPublicKey } from 'node:crypto'
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { type AbsPath, absPath } from '../../base/ids.ts'
import { type Checked, complaints, errno, Fault, ok } from '../../base/result.ts'
import type { Locks } from '../../engine/ports.ts'
import { generateKeyPair, type SigningKey, signingKey } from '../../outputs/apk/sign.ts'

/** A key that signs, and the file that it was read from. */
export interface KeyFile {
  readonly key: SigningKey
  readonly path: AbsPath
}

/** Where keys lie that the user did not name: beside the store's versioned content, so no garbage collection meets them. */
export function keyFolder(store: AbsPath): AbsPath {
  return absPath(join(store, 'keys'))
}

/** The key of nacre.yaml's `keys.sign`, else the store's own; undefined when there is none yet. */
export function findKey(order: { readonly store: AbsPath; readonly workspace?: AbsPath; readonly sign?: string }): Checked<KeyFile | undefined> {
  const { store, workspace, sign } = order
  if (sign !== undefined && sign !== '' && workspace !== undefined) return readKey(absPath(resolve(workspace, sign)))
  const own = ownKeys(keyFolder(store))[0]
  return own === undefined ? ok(undefined) : readKey(own)
}

/** As `findKey`, but makes the store's own key when there is none; however many processes ask at once, they get one key. */
export async function findOrMakeKey(order: Parameters<typeof findKey>[0] & { readonly locks: Locks; readonly signal: AbortSignal }): Promise<Checked<KeyFile>> {
  await using _ = await order.locks.acquire('signing-key', order.signal)
  const found = findKey(order)
  if (found.kind === 'complaints') return found
  return found.value === undefined ? makeKey(keyFolder(order.store)) : ok(found.value)
}

/**
 * A new key pair: `FILE` and `FILE.pub`, or in a folder under a name that the public key gives, so that keys of two machines can lie in one
 * /etc/apk/keys. Never replaces a file.
 */
export function makeKey(place: AbsPath, exact = false): Checked<KeyFile> {
  const { privatePem, publicPem } = generateKeyPair()
  const path = exact ? place : absPath(join(place, `nacre-${fingerprint(publicPem)}.rsa`))
  const key = signingKey(basename(path), privatePem)
  if (key.kind === 'complaints') return key
  try {
    mkdirSync(dirname(path), { recursive: true, ...(exact ? {} : { mode: 0o700 }) })
    writeFileSync(path, privatePem, { flag: 'wx', mode: 0o600 })
    chmodSync(path, 0o600)
    writeFileSync(publicFile(path, key.value), publicPem, { flag: 'wx', mode: 0o644 })
  } catch (error) {
    if (errno(error) === 'EEXIST') return complaints([{ code: 'cli/key-exists', severity: 'error', message: `"${path}" exists already, and a key is never replaced`, hint: 'name another file with --to, or remove it yourself' }])
    throw new Fault('machine', `Can't write a key to "${path}": ${errno(error) ?? String(error)}`, { cause: error })
  }
  return ok({ key: key.value, path })
}

/** The public half beside the private one, under the name that signatures give. */
export function publicFile(path: AbsPath, key: SigningKey): AbsPath {
  return absPath(join(dirname(path), key.name))
}

/** First 8 hex digits of the sha256 of the public key's DER. */
export function fingerprint(publicPem: string): string {
  return createHash('sha256').update(createPublicKey(publicPem).export({ type: 'spki', format: 'der' })).digest('hex').slice(0, 8)
}

function readKey(path: AbsPath): Checked<KeyFile> {
  try {
    const key = signingKey(basename(path), readFileSync(path, 'utf8'))
    return key.kind === 'ok' ? ok({ key: key.value, path }) : key
  } catch (error) {
    if (errno(error) === undefined) throw error
    return complaints([{ code: 'cli/unreadable', severity: 'error', message: `Key "${path}" can't be read`, facts: [['system', errno(error) ?? '']], hint: 'nacre key new makes it' }])
  }
}

function ownKeys(folder: AbsPath): readonly AbsPath[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.rsa'))
      .sort()
      .map((name) => absPath(join(folder, name)))
  } catch (error) {
    if (errno(error) === 'ENOENT') return []
    throw new Fault('machine', `Can't look for keys in "${folder}": ${errno(error) ?? String(error)}`, { cause: error })
  }
}
