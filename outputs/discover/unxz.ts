import xz from 'xz-decompress'

/** Unpacks an xz stream; throws on bytes that are none, and when more than `limit` bytes come out. */
export async function unxz(packed: Uint8Array, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  const source = new Blob([Uint8Array.from(packed)]).stream()
  for await (const chunk of new xz.XzReadableStream(source)) {
    size += chunk.byteLength
    if (size > limit) throw new RangeError(`over ${limit} bytes`)
    chunks.push(Uint8Array.from(chunk))
  }
  return Buffer.concat(chunks)
}
