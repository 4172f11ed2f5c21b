import { digestOf } from '../base/ids.ts'
import type { KnownLeaves } from './known-leaves.ts'
import { sameStat, statLeaf } from './leaves.ts'
import type { StatMemo } from './ports.ts'

/** Digests that the last build's leaves tell: one stat for a file that is as it was then. For anything else `memo` is asked. */
export function knownFiles(known: KnownLeaves, memo: StatMemo): StatMemo {
  return {
    digest: async (path) => {
      const number = known.find(path)
      const leaf = number === undefined ? undefined : known.at(number)
      const holds = leaf?.kind === 'file' && !leaf.young && sameStat(leaf.stat, statLeaf('file', path))
      return holds ? digestOf(leaf.hash, Number(leaf.stat.size)) : memo.digest(path)
    },
  }
}
