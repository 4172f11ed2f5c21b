import { chmodSync, closeSync, createReadStream, fstatSync, lstatSync, openSync, readFileSync, renameSync, utimesSync } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { digestBytes, emptyDigest, Hasher } from '../base/digest.ts'
import { type AbsPath, type Digest, digestHash, digestOf, digestSize } from '../base/ids.ts'
import { errno, Fault } from '../base/result.ts'
import { type BlobFiles, discard } from './blob-files.ts'
import { type BlobPart, type Cas, DigestMismatch } from './cache.ts'
import { chunksOf, hashFile, hashSmallFile, openToRead, readWhole, smallFile } from './file-hash.ts'
import { type FilePart, Joiner } from './joiner.ts'
import { blobMode, blobMtime, blobPath } from './layout.ts'
import { machineFault } from './machine-fault.ts'
import { MissingBlob } from './missing-blob.ts'
import type { Scratch } from './scratch.ts'
import { smallBlob, type SmallBlobs } from './small-blobs.ts'
import type { Space } from './space.ts'

export interface LocalCasParts {
  readonly files: BlobFiles
  readonly scratch: Scratch
  readonly space: Space
  readonly small: SmallBlobs
  /** Milliseconds since the epoch. */
  now(): number
}

/** Content by digest in files of one folder (layout.ts). Any number of processes may use it at once. */
export class LocalCas implements Cas {
  readonly #files: BlobFiles
  readonly #scratch: Scratch
  readonly #space: Space
  readonly #small: SmallBlobs
  readonly #now: () => number
  readonly #joiner = new Joiner()

  constructor(parts: LocalCasParts) {
    this.#files = parts.files
    this.#scratch = parts.scratch
    this.#space = parts.space
    this.#small = parts.small
    this.#now = parts.now
  }

  has(digest: Digest): boolean {
    return digest === emptyDigest || this.#isSmall(digest) || this.#files.whole(digest)
  }

  missing(digests: Iterable<Digest>): Digest[] {
    const asked = new Set(digests)
    return [...asked].filter((digest) => !this.has(digest))
  }

  async put(bytes: Uint8Array, hint?: 'many'): Promise<Digest> {
    return this.#guard('write to the store', () => this.#putBytes(bytes, hint))
  }

  async putStream(bytes: AsyncIterable<Uint8Array>, expected?: Digest): Promise<Digest> {
    const temporary = this.#scratch.path()
    try {
      const digest = await this.#fill(temporary, bytes)
      if (expected !== undefined && digest !== expected) throw new DigestMismatch(expected, digest)
      if (this.#files.use(digest)) discard(temporary)
      else this.#files.publish(temporary, digest)
      return digest
    } catch (error) {
      discard(temporary)
      throw isDiskError(error) ? machineFault(error, 'write to the store') : error
    }
  }

  async putJoined(parts: readonly (Uint8Array | BlobPart)[]): Promise<Digest> {
    const temporary = this.#scratch.path()
    try {
      for (const part of parts) this.#space.reserve(part instanceof Uint8Array ? part.byteLength : part.to - part.from)
      const sources = await Promise.all(parts.map((part) => (part instanceof Uint8Array ? part : this.#source(part))))
      const joined = await this.#joiner.join({ path: temporary, mode: blobMode, atime: this.#now() / 1000, mtime: blobMtime, parts: sources })
      if (joined.kind === 'failed') throw Object.assign(new Error(joined.message), joined.system)
      if (joined.kind === 'unlike') throw await this.#unlike(parts[joined.part])
      const digest = digestOf(joined.hash, joined.size)
      if (this.#files.use(digest)) discard(temporary)
      else this.#files.publish(temporary, digest)
      return digest
    } catch (error) {
      discard(temporary)
      throw isDiskError(error) ? machineFault(error, 'write to the store') : error
    }
  }

  /** Lets go of the thread that `putJoined` works on. */
  async close(): Promise<void> {
    await this.#joiner.close()
  }

  async putFile(path: AbsPath, how: 'copy' | 'move', hint?: 'many'): Promise<Digest> {
    return this.#guard(`store "${path}"`, () => {
      const file = openSync(path, openToRead)
      try {
        const stat = fstatSync(file)
        if (!stat.isFile()) throw new Fault('internal', `"${path}" is not a regular file`)
        if (hint === 'many' && stat.size <= smallBlob) {
          const digest = this.#putBytes(readWhole(file, stat.size), hint)
          if (how === 'move') discard(path)
          return digest
        }
        // Another link, or another owner, could still change the file after it was hashed: such a file is copied.
        const own = how === 'move' && stat.nlink === 1 && stat.uid === process.geteuid?.()
        if (own) {
          const digest = stat.size <= smallFile ? hashSmallFile(file) : undefined
          return digest === undefined ? this.#adoptLarge(path) : this.#adopt(path, digest)
        }
        if (stat.size > smallFile) return this.#copyLarge(path, how)
        const digest = this.#putBytes(readWhole(file, stat.size))
        if (how === 'move') discard(path)
        return digest
      } finally {
        closeSync(file)
      }
    })
  }

  async read(digest: Digest): Promise<Uint8Array | undefined> {
    if (digest === emptyDigest) return new Uint8Array()
    const small = this.#read(digest)
    if (small !== undefined) return small
    if (!this.#files.whole(digest)) return undefined
    const path = blobPath(this.#files.layout, digest)
    try {
      const bytes = digestSize(digest) <= smallFile ? readFileSync(path) : await readFile(path)
      if (digestBytes(bytes) === digest) return bytes
      this.#files.quarantine(digest)
      return undefined
    } catch (error) {
      if (errno(error) === 'ENOENT') return undefined
      throw machineFault(error, `read ${digest} from the store`)
    }
  }

  async open(digest: Digest): Promise<Readable | undefined> {
    if (digest === emptyDigest) return Readable.from([])
    const small = this.#read(digest)
    if (small !== undefined) return Readable.from([Buffer.from(small)])
    if (!this.#files.whole(digest)) return undefined
    try {
      // Opened here, so that a sweep between this call and the first read can't take the blob away.
      const handle = await open(blobPath(this.#files.layout, digest), openToRead)
      return createReadStream('', { fd: handle, highWaterMark: 256 * 1024 })
    } catch (error) {
      if (errno(error) === 'ENOENT') return undefined
      throw machineFault(error, `read ${digest} from the store`)
    }
  }

  async file(digest: Digest, executable: boolean): Promise<AbsPath | undefined> {
    return this.#guard(`read ${digest} from the store`, () => {
      const path = blobPath(this.#files.layout, digest, executable)
      if (this.#files.use(digest, executable)) return path
      if (digest === emptyDigest) this.#putBytes(new Uint8Array())
      const small = this.#read(digest)
      if (small !== undefined && !this.#files.whole(digest)) this.#putFile(digest, small)
      if (this.#files.use(digest, executable)) return path
      if (!executable) return digest === emptyDigest ? path : undefined
      if (!this.#files.use(digest)) return undefined
      this.#space.reserve(digestSize(digest))
      return this.#files.addExecutable(digest) ? path : undefined
    })
  }

  #putBytes(bytes: Uint8Array, hint?: 'many'): Digest {
    const digest = digestBytes(bytes)
    if (hint === 'many' && bytes.byteLength <= smallBlob && digest !== emptyDigest) {
      this.#files.begin()
      this.#space.reserve(bytes.byteLength)
      this.#small.put(digest, bytes)
    } else if (!this.#files.use(digest)) this.#putFile(digest, bytes)
    return digest
  }

  #putFile(digest: Digest, bytes: Uint8Array): void {
    this.#space.reserve(bytes.byteLength)
    this.#files.write(digest, bytes)
  }

  #isSmall(digest: Digest): boolean {
    return digestSize(digest) <= smallBlob && this.#small.exists && this.#small.has(digest)
  }

  #read(digest: Digest): Uint8Array | undefined {
    return digestSize(digest) <= smallBlob && this.#small.exists ? this.#small.get(digest) : undefined
  }

  async #source({ blob, from, to }: BlobPart): Promise<FilePart> {
    const path = await this.file(blob, false)
    if (path === undefined) throw new MissingBlob(blob)
    return { path, hash: digestHash(blob), from, to }
  }

  /** Reading it whole puts a blob that is not what it should be into quarantine. */
  async #unlike(part: Uint8Array | BlobPart | undefined): Promise<Error> {
    if (part === undefined || part instanceof Uint8Array) return new Fault('internal', 'bytes at hand are unlike themselves')
    if ((await this.read(part.blob)) !== undefined) return new Fault('internal', `blob ${part.blob} has no bytes up to ${part.to}`)
    return new MissingBlob(part.blob)
  }

  async #adoptLarge(path: AbsPath): Promise<Digest> {
    return this.#adopt(path, await hashFile(path))
  }

  /** Renames a hashed file into the store. A file on another file system is copied. */
  #adopt(path: AbsPath, digest: Digest): Digest | Promise<Digest> {
    if (this.#files.use(digest)) {
      discard(path)
      return digest
    }
    const temporary = this.#scratch.path()
    try {
      renameSync(path, temporary)
    } catch (error) {
      if (errno(error) === 'EXDEV') return this.#copyLarge(path, 'move')
      throw error
    }
    chmodSync(temporary, blobMode)
    utimesSync(temporary, this.#now() / 1000, blobMtime)
    if (lstatSync(temporary).size !== digestSize(digest)) {
      discard(temporary)
      throw new Fault('internal', `"${path}" changed while it was being moved into the store`)
    }
    this.#files.publish(temporary, digest)
    return digest
  }

  async #copyLarge(path: AbsPath, how: 'copy' | 'move'): Promise<Digest> {
    const digest = await this.putStream(chunksOf(path))
    if (how === 'move') discard(path)
    return digest
  }

  /** Writes a stream to a new sealed file, hashing on the way. */
  async #fill(temporary: AbsPath, bytes: AsyncIterable<Uint8Array>): Promise<Digest> {
    const handle = await open(temporary, 'wx', blobMode)
    try {
      const hasher = new Hasher()
      for await (const chunk of bytes) {
        this.#space.reserve(chunk.byteLength)
        // Hashed while it is written: the kernel takes longer for it than the hash does.
        const writing = handle.write(chunk)
        hasher.update(chunk)
        for (let at = (await writing).bytesWritten; at < chunk.byteLength; ) at += (await handle.write(chunk, at)).bytesWritten
      }
      this.#files.seal(handle.fd, blobMode)
      return hasher.digest()
    } finally {
      await handle.close()
    }
  }

  async #guard<T>(doing: string, act: () => T | Promise<T>): Promise<T> {
    try {
      return await act()
    } catch (error) {
      throw isDiskError(error) ? machineFault(error, doing) : error
    }
  }
}

/** Of what a stream throws, only errors of the file system are the machine's; the rest belongs to whoever made the stream. */
function isDiskError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && 'errno' in error && diskCodes.has(errno(error) ?? '')
}

const diskCodes: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EACCES', 'EPERM', 'EROFS', 'EIO', 'EMFILE', 'ENFILE', 'ENOENT', 'ENOTDIR', 'ELOOP'])
