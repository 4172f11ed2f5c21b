import { digestBytes } from '../../base/digest.ts'
import { type Digest, digestSize } from '../../base/ids.ts'

/** A file's bytes: at hand, or in a store under their digest. */
export type Content = { readonly kind: 'bytes'; readonly bytes: Uint8Array } | { readonly kind: 'blob'; readonly digest: Digest }

/** Opens a stored blob. Throws when the store does not have it: whoever names a digest has put it there. */
export type ReadBlob = (digest: Digest) => AsyncIterable<Uint8Array>

export function textContent(text: string): Content {
  return { kind: 'bytes', bytes: Buffer.from(text) }
}

export function contentDigest(content: Content): Digest {
  return content.kind === 'blob' ? content.digest : digestBytes(content.bytes)
}

/** In bytes. */
export function contentSize(content: Content): number {
  return content.kind === 'blob' ? digestSize(content.digest) : content.bytes.byteLength
}

export async function* openContent(content: Content, read: ReadBlob): AsyncIterable<Uint8Array> {
  if (content.kind === 'blob') yield* read(content.digest)
  else if (content.bytes.byteLength > 0) yield content.bytes
}

/** The whole of it, in memory: for files that are edited or parsed, not for those that are only passed on. */
export async function readContent(content: Content, read: ReadBlob): Promise<Uint8Array> {
  if (content.kind === 'bytes') return content.bytes
  const chunks: Uint8Array[] = []
  for await (const chunk of read(content.digest)) chunks.push(chunk)
  return Buffer.concat(chunks)
}
