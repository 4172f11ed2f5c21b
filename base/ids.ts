// The branded words that every floor shares. Each brand is minted in this file and nowhere else.

/** Content address: `<64 lowercase hex of sha256>/<size in bytes>`, the text form of a REAPI Digest. */
export type Digest = string & { readonly brand: 'Digest' }
/** Digest of an action's canonical manifest; the manifest's bytes are themselves in the store under it. */
export type ActionKey = Digest & { readonly brand2: 'ActionKey' }
/** Name of a node in a graph, unique in a build, stable between builds: `package:zlib/build`. */
export type NodeId = string & { readonly brand: 'NodeId' }
/** A relative path in `/` form without `.`, `..`, empty parts, leading `/`, or control characters. */
export type RelPath = string & { readonly brand: 'RelPath' }
/** An absolute path on this machine. Never part of a key. */
export type AbsPath = string & { readonly brand: 'AbsPath' }

const digestForm = /^[0-9a-f]{64}\/(0|[1-9][0-9]*)$/

/** Mints a digest from sha256 hex and a size in bytes. */
export function digestOf(hex: string, size: number): Digest {
  return parseDigest(`${hex}/${size}`) ?? fail(`not a sha256 and a size: "${hex}/${size}"`)
}

export function parseDigest(text: string): Digest | undefined {
  return digestForm.test(text) ? (text as Digest) : undefined
}

export function digestHash(digest: Digest): string {
  return digest.slice(0, 64)
}

export function digestSize(digest: Digest): number {
  return Number(digest.slice(65))
}

/** The key is the digest of the manifest that the engine has just encoded. */
export function actionKey(manifest: Digest): ActionKey {
  return manifest as ActionKey
}

export function nodeId(text: string): NodeId {
  return text as NodeId
}

/** A path that may come from a user or an archive: refuses everything that could leave the folder it is relative to. */
export function parseRelPath(text: string): RelPath | undefined {
  if (text === '' || text.length > 4096) return undefined
  for (const part of text.split('/')) if (part === '' || part === '.' || part === '..') return undefined
  return /[\u0000-\u001f\u007f]/.test(text) ? undefined : (text as RelPath)
}

export function relPath(text: string): RelPath {
  return parseRelPath(text) ?? fail(`not a relative path: ${JSON.stringify(text)}`)
}

export function absPath(text: string): AbsPath {
  return text.startsWith('/') ? (text as AbsPath) : fail(`not an absolute path: ${JSON.stringify(text)}`)
}

function fail(message: string): never {
  throw new TypeError(message)
}
