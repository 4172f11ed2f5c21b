import { createHash } from 'node:crypto'
import { closeSync, fstatSync, openSync, readSync, renameSync, writeSync } from 'node:fs'

// A file that is believed without being hashed each time: `nacre sealed 1\n`, the boot in which it was written, the length and the sha256 of what
// follows, padded to 128 bytes. It becomes visible by a rename when it is whole, and the page cache outlives a killed process; so only when
// the machine was started anew since is it hashed before it is believed. Hashing what a no-op reads would take a tenth of its time.

const magic = 'nacre sealed 1\n'
/** Length of the head; a multiple of 8, so that columns of numbers in what follows lie where views need them. */
export const sealLength = 128
/** Bytes read at a time when a file is hashed. */
const stride = 1 << 22

export interface SealedFile extends Disposable {
  readonly length: number
  /** Bytes of the content; in shared memory, so that threads can look at them without a copy. Shorter than asked for when the file ends. */
  read(from: number, length: number): Uint8Array
}

/** Writes the parts one after the other to `temporary`, and makes them visible as `path`. `boot` names this boot of the machine. */
export function writeSealed(path: string, temporary: string, { parts, boot }: { readonly parts: Iterable<Uint8Array>; readonly boot: string }): void {
  const file = openSync(temporary, 'wx')
  try {
    const hash = createHash('sha256')
    let at = sealLength
    for (const part of parts) {
      hash.update(part)
      for (let done = 0; done < part.byteLength; ) done += writeSync(file, part, done, part.byteLength - done, at + done)
      at += part.byteLength
    }
    const head = Buffer.alloc(sealLength, ' ')
    head.write(`${magic}${boot} ${at - sealLength} ${hash.digest('hex')}`, 'latin1')
    head[sealLength - 1] = 10
    for (let done = 0; done < sealLength; ) done += writeSync(file, head, done, sealLength - done, done)
  } finally {
    closeSync(file)
  }
  renameSync(temporary, path)
}

/** Undefined for a file that is not there, not sealed, cut short, or damaged by a crash of the machine. */
export function openSealed(path: string, boot: string): SealedFile | undefined {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch {
    // Whatever the reason: without it, the build looks at everything.
    return undefined
  }
  const content: SealedFile = {
    length: fstatSync(file).size - sealLength,
    read(from, length) {
      const bytes = new Uint8Array(new SharedArrayBuffer(Math.max(0, Math.min(length, this.length - from))))
      return bytes.subarray(0, readAt(file, bytes, sealLength + from))
    },
    [Symbol.dispose]: () => closeSync(file),
  }
  if (isWhole(file, content, boot)) return content
  content[Symbol.dispose]()
  return undefined
}

function isWhole(file: number, content: SealedFile, boot: string): boolean {
  const head = Buffer.alloc(sealLength)
  if (readAt(file, head, 0) < sealLength || head.toString('latin1', 0, magic.length) !== magic) return false
  const [written, length, sha256] = head.toString('latin1', magic.length).trim().split(' ')
  if (Number(length) !== content.length) return false
  return written === boot || sha256 === hashOf(content)
}

function hashOf(content: SealedFile): string {
  const hash = createHash('sha256')
  for (let at = 0; at < content.length; at += stride) hash.update(content.read(at, stride))
  return hash.digest('hex')
}

function readAt(file: number, bytes: Uint8Array, from: number): number {
  let done = 0
  while (done < bytes.byteLength) {
    const n = readSync(file, bytes, done, bytes.byteLength - done, from + done)
    if (n === 0) break
    done += n
  }
  return done
}
