import { statSync } from 'node:fs'
import { join } from 'node:path'
import { type Digest, parseDigest } from '../../base/ids.ts'
import type { Receipts } from '../../cache/receipts.ts'
import type { PackageRecord } from '../../outputs/apk/record.ts'

/** A file of the repository as it was left there. */
interface WrittenFile {
  /** Relative to the repository. */
  readonly file: string
  readonly size: number
  readonly mtime: number
}

interface WrittenApk extends WrittenFile {
  readonly apk: string
  readonly record: PackageRecord
}

interface Memo {
  /** Who signed: another key's signatures are not what is wanted. */
  readonly key: string
  readonly apks: readonly WrittenApk[]
  readonly index?: WrittenFile
}

/** What a former build left in the store's own repository, so that the next one writes only what changed. A file that somebody touched doesn't count. */
export class Written {
  readonly #receipts: Receipts
  readonly #folder: string
  readonly #key: string
  readonly #apks: Map<Digest, WrittenApk>
  #index: WrittenFile | undefined

  /** `key` names the signing key by its content. */
  constructor(receipts: Receipts, folder: string, key: string) {
    this.#receipts = receipts
    this.#folder = folder
    this.#key = key
    const memo = memoOf(receipts.get(name))
    const known = memo?.key === key ? memo : undefined
    this.#index = known?.index
    this.#apks = new Map((known?.apks ?? []).flatMap((each) => {
      const digest = parseDigest(each.apk)
      return digest === undefined ? [] : [[digest, each] as const]
    }))
  }

  /** The index entry of an apk that lies in the repository as it was written. */
  record(apk: Digest): PackageRecord | undefined {
    const known = this.#apks.get(apk)
    return known !== undefined && this.#untouched(known) ? known.record : undefined
  }

  indexUntouched(): boolean {
    return this.#index !== undefined && this.#untouched(this.#index)
  }

  wroteApk(apk: Digest, file: string, record: PackageRecord): void {
    // A file bears one apk: whichever it bore before is gone.
    for (const [digest, each] of this.#apks) if (each.file === file) this.#apks.delete(digest)
    this.#apks.set(apk, { ...this.#look(file), apk, record })
  }

  wroteIndex(file: string): void {
    this.#index = this.#look(file)
    const memo: Memo = { key: this.#key, apks: [...this.#apks.values()], index: this.#index }
    this.#receipts.put(name, Buffer.from(JSON.stringify(memo)))
  }

  #look(file: string): WrittenFile {
    const { size, mtimeMs } = statSync(join(this.#folder, file))
    return { file, size, mtime: mtimeMs }
  }

  #untouched({ file, size, mtime }: WrittenFile): boolean {
    const stat = statSync(join(this.#folder, file), { throwIfNoEntry: false })
    return stat !== undefined && stat.size === size && stat.mtimeMs === mtime
  }
}

/** Not the folder's path: a store that is moved or restored, with the times of its files, keeps its repository. */
const name = 'repository of the shelf'

/** The receipt's own checksum has said that it is what was put. */
function memoOf(bytes: Uint8Array | undefined): Memo | undefined {
  return bytes === undefined ? undefined : (JSON.parse(Buffer.from(bytes).toString('utf8')) as Memo)
}
