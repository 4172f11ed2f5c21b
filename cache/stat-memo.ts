import { type BigIntStats, closeSync, fstatSync, openSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { digestBytes, Hasher } from '../base/digest.ts'
import { type AbsPath, type Digest, parseDigest } from '../base/ids.ts'
import type { Clock } from '../base/ports.ts'
import { readWhole, smallFile } from './file-hash.ts'
import type { IndexDb, Table } from './index-db.ts'

/** Nanoseconds within which two writes of a file may leave the same time on it: the kernel's tick is up to 10 ms long. */
const tick = 20_000_000n
/** The same for file systems that keep whole seconds, or two (FAT). */
const coarseTick = 2_000_000_000n
/** How often a file that changes under our eyes is read anew before its last digest is taken. */
const attempts = 3

/**
 * Remembers digests of files by their stat. Git's rule for racy entries: a file that was as young as the memo when it was hashed could
 * change once more without its stat showing it, so such a memo isn't even written.
 */
export class StatMemo {
  readonly #table: Table<string>
  readonly #clock: Clock

  constructor(index: IndexDb, clock: Clock) {
    this.#table = index.texts('stats')
    this.#clock = clock
  }

  /** Digest of a regular file's bytes; symlinks are followed. Rejects with the system's error when the file can't be read. */
  async digest(path: AbsPath): Promise<Digest> {
    const remembered = this.lookup(path)
    if (remembered !== undefined) return remembered
    for (let attempt = 1; ; attempt++) {
      const read = await hashOpened(path)
      if (!read.steady && attempt < attempts) continue
      if (read.steady) this.#record(path, read)
      return read.digest
    }
  }

  /** The same, and remembers nothing: a look at the store leaves it as it was. */
  async peek(path: AbsPath): Promise<Digest> {
    const remembered = this.lookup(path)
    if (remembered !== undefined) return remembered
    for (let attempt = 1; ; attempt++) {
      const read = await hashOpened(path)
      if (read.steady || attempt >= attempts) return read.digest
    }
  }

  /** The remembered digest when the file's stat is what it was; one stat and one read of the index. */
  lookup(path: AbsPath): Digest | undefined {
    const stat = statSync(path, { bigint: true, throwIfNoEntry: false })
    if (stat === undefined) return undefined
    const text = this.#table.get(path)
    const identity = identityOf(stat)
    return text?.startsWith(identity) === true ? parseDigest(text.slice(identity.length)) : undefined
  }

  #record(path: AbsPath, read: OpenedFile): void {
    const now = BigInt(Math.floor(this.#clock.now())) * 1_000_000n
    const { mtimeNs, ctimeNs } = read.stat
    const coarse = mtimeNs % 1_000_000_000n === 0n && ctimeNs % 1_000_000_000n === 0n
    const youngest = mtimeNs > ctimeNs ? mtimeNs : ctimeNs
    if (youngest + (coarse ? coarseTick : tick) >= now) return
    this.#table.remember(path, identityOf(read.stat) + read.digest)
  }
}

/** Everything that changes when a file does: size, both times to the nanosecond, inode, device, mode. */
function identityOf(stat: BigIntStats): string {
  return `${stat.size} ${stat.mtimeNs} ${stat.ctimeNs} ${stat.ino} ${stat.dev} ${stat.mode} `
}

interface OpenedFile {
  readonly digest: Digest
  readonly stat: BigIntStats
  /** Its stat was the same before and after it was read. */
  readonly steady: boolean
}

async function hashOpened(path: AbsPath): Promise<OpenedFile> {
  const file = openSync(path, 'r')
  try {
    const before = fstatSync(file, { bigint: true })
    if (before.size <= BigInt(smallFile)) {
      const digest = digestBytes(readWhole(file, Number(before.size)))
      const stat = fstatSync(file, { bigint: true })
      return { digest, stat, steady: identityOf(before) === identityOf(stat) }
    }
  } finally {
    closeSync(file)
  }
  return hashLarge(path)
}

async function hashLarge(path: AbsPath): Promise<OpenedFile> {
  await using handle = await open(path, 'r')
  const before = await handle.stat({ bigint: true })
  const hasher = new Hasher()
  const chunk = Buffer.allocUnsafe(smallFile)
  for (let n = 1; n > 0; ) {
    n = (await handle.read(chunk, 0, chunk.length)).bytesRead
    hasher.update(chunk.subarray(0, n))
  }
  const stat = await handle.stat({ bigint: true })
  return { digest: hasher.digest(), stat, steady: identityOf(before) === identityOf(stat) }
}
