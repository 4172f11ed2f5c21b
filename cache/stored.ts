import { existsSync } from 'node:fs'
import { emptyDigest } from '../base/digest.ts'
import type { Digest } from '../base/ids.ts'
import type { Clock } from '../base/ports.ts'
import { IndexDb } from './index-db.ts'
import { blobPath, type Layout } from './layout.ts'
import { SmallBlobs } from './small-blobs.ts'

/** Tells whether content is there, for whoever opens no store: the index is loaded only for what is in no file. Nothing is hashed but small content. */
export function storedIn(layout: Layout, clock: Clock): (digest: Digest) => boolean {
  const small = new SmallBlobs(new IndexDb(layout), clock)
  return (digest) => digest === emptyDigest || existsSync(blobPath(layout, digest)) || (small.exists && small.has(digest))
}
