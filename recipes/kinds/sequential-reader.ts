import { closeSync, openSync, readSync } from 'node:fs'
import { digestBytes } from '../../base/digest.ts'
import { type AbsPath, digestSize } from '../../base/ids.ts'
import { errno } from '../../base/result.ts'
import type { Cas } from '../../cache/cache.ts'
import type { ReadBlob } from '../../outputs/rootfs/content.ts'
import { reader } from './environment-glue.ts'

/** Sizes of blobs that go through the buffer: smaller ones may lie in the index, larger ones are streamed. */
const least = 64 << 10
const most = 1 << 20

/**
 * Streams blobs like `reader`, verified, but through one buffer, which stays in the processor's cache: for who reads many files one after
 * another. What is yielded is valid until the next bytes are asked for, and no second blob may be begun before the first one's end. A fresh
 * buffer for each of 1,000 files of 100 kB made a quarter of the time that packing spends beside compressing.
 */
export function sequentialReader(cas: Cas): ReadBlob {
  const read = reader(cas)
  const buffer = Buffer.allocUnsafeSlow(most)
  return async function* sequential(digest) {
    const size = digestSize(digest)
    const path = size >= least && size <= most ? await cas.file(digest, false) : undefined
    const bytes = path === undefined ? undefined : filled(path, buffer.subarray(0, size))
    // Bytes that are not what their digest says are the store's business: `read` puts them aside.
    if (bytes !== undefined && digestBytes(bytes) === digest) yield bytes
    else yield* read(digest)
  }
}

/** The buffer, filled from the file; undefined when there is no such file any more, or a shorter one. */
function filled(path: AbsPath, buffer: Uint8Array): Uint8Array | undefined {
  try {
    const file = openSync(path, 'r')
    try {
      let length = 0
      for (let n = 1; n > 0 && length < buffer.length; length += n) n = readSync(file, buffer, length, buffer.length - length, null)
      return length === buffer.length ? buffer : undefined
    } finally {
      closeSync(file)
    }
  } catch (error) {
    if (errno(error) === 'ENOENT') return undefined
    throw error
  }
}
