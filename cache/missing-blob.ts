import type { Digest } from '../base/ids.ts'

/** A tree names content that the store doesn't have. Whoever got the tree from an action result treats that result as a miss. */
export class MissingBlob extends Error {
  readonly digest: Digest

  constructor(digest: Digest) {
    super(`blob ${digest} is not in the store`)
    this.name = 'MissingBlob'
    this.digest = digest
  }
}
