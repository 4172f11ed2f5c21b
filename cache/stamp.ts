import { hash } from 'node:crypto'
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, readSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { errno } from '../base/result.ts'
import type { Layout } from './layout.ts'

/** The 256 folders of the CAS, whose times change when a blob comes or goes. */
const folders = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'))

/**
 * Equal to an earlier stamp only if no blob has left the store since: 256 stats in place of one for each blob. Another stamp says nothing;
 * then each blob that matters is looked for. What is removed by hand within the tick of the clock (4 ms) of the stamp is not seen here, but
 * when somebody needs it; what this program removes raises the generation.
 */
export function storeStamp(layout: Layout): string {
  const options = { bigint: true, throwIfNoEntry: false } as const
  const times = folders.map((folder) => {
    const stat = statSync(`${layout.cas}/${folder}`, options)
    return stat === undefined ? '' : `${stat.ino} ${stat.mtimeNs} ${stat.ctimeNs}`
  })
  // Small blobs are rows of the index: another index has none of them.
  const index = statSync(layout.index, options)
  const rest = hash('sha256', [index === undefined ? '' : String(index.ino), ...times].join('\n'))
  const generation = generationOf(layout)
  return [hash('sha256', breakage(generation)), times.filter((time) => time !== '').length, hash('sha256', generation), rest].join(' ')
}

/**
 * Whether single blobs went between two stamps: into quarantine, or by hand with a whole folder. Then what a blob leads to, files of a tree say,
 * may be gone although the blob itself is there. Garbage collection takes a tree before its files. A stamp that is empty says nothing.
 */
export function tookAway(before: string, now: string): boolean {
  if (before === '') return false
  const [[brokenBefore, foldersBefore], [brokenNow, foldersNow]] = [before.split(' '), now.split(' ')]
  return brokenBefore !== brokenNow || Number(foldersNow) < Number(foldersBefore)
}

/**
 * Differs after somebody took blobs out of the store: garbage collection, a quarantine. For whoever adds blobs himself, so that the stamp is
 * another anyway, and wants to know whether any went meanwhile.
 */
export function generationOf(layout: Layout): string {
  try {
    return readFileSync(fileOf(layout), 'latin1')
  } catch {
    return ''
  }
}

/** Comes before the first blob goes. `unique` is a line that was never used before; `broken`: a single blob goes, and not all that leads to it. */
export function raiseGeneration(layout: Layout, unique: string, what: 'swept' | 'broken'): void {
  mkdirSync(layout.base, { recursive: true })
  const temporary = `${fileOf(layout)}.${process.pid}`
  writeFileSync(temporary, `${unique}\n${what === 'broken' ? unique : breakage(generationOf(layout))}`)
  renameSync(temporary, fileOf(layout))
}

/** The second line: of the last blob that went alone. */
export function breakage(generation: string): string {
  return generation.split('\n')[1] ?? ''
}

/** Bytes at the beginning of the index that hold the two pages of LMDB's state (mdb.c, `MDB_meta`), whatever the size of a page. */
const metaPages = 65_536

/**
 * Equal to an earlier stamp only if nothing was written to the index since, and no blob has left the store: each commit of LMDB rewrites one of the first
 * two pages, with the number of the transaction. Empty when there is no index.
 */
export function resultsStamp(layout: Layout): string {
  const pages = Buffer.alloc(metaPages)
  try {
    const file = openSync(layout.index, 'r')
    try {
      const { ino, size } = fstatSync(file, { bigint: true })
      const length = readSync(file, pages, 0, metaPages, 0)
      return `${storeStamp(layout)} ${ino} ${size} ${hash('sha256', pages.subarray(0, length))}`
    } finally {
      closeSync(file)
    }
  } catch (error) {
    if (errno(error) === 'ENOENT') return ''
    throw error
  }
}

function fileOf(layout: Layout): string {
  return `${layout.base}/generation`
}
