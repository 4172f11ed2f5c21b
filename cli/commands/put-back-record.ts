// What nacre knows of the outputs that it put into a workspace. The record lies in the workspace, so it goes where the outputs go, and a
// lost or another store doesn't make strangers of them.
import { hash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { byBytes } from '../../base/bytes.ts'
import { type AbsPath, type Digest, parseDigest, parseRelPath, type RelPath } from '../../base/ids.ts'
import { errno } from '../../base/result.ts'
import { recordFolder } from '../../recipes/workspace/record-folder.ts'

/** One output as it is to stand in the workspace. */
export type Placed =
  | { readonly kind: 'file'; readonly digest: Digest; readonly executable: boolean }
  | { readonly kind: 'symlink'; readonly target: string }

export interface Owned {
  readonly task: string
  readonly content: Placed
}

export interface OutputRecord {
  readonly files: Map<RelPath, Owned>
  /** Folders that were made for outputs: they go when nothing is left in them. */
  readonly folders: Set<string>
  /** The output globs that each task had. */
  readonly globs: Map<string, readonly string[]>
}

/** The record of a workspace; an empty one when there is none or it is damaged: then nothing that stands there is taken for ours. */
export function readRecord(workspace: AbsPath): OutputRecord {
  const empty: OutputRecord = { files: new Map(), folders: new Set(), globs: new Map() }
  let text: string
  try {
    text = readFileSync(fileOf(workspace), 'utf8')
  } catch (error) {
    if (errno(error) === 'ENOENT' || errno(error) === 'ENOTDIR') return empty
    throw error
  }
  const record = decode(text) ?? empty
  for (const line of readAmended(workspace)) takeOver(record, line)
  return record
}

/**
 * Writes what is other than in the record after it, in time that doesn't grow with the record: rows of files that it has, and folders that were
 * made. `part` holds just these. The record takes them over when it is written whole the next time.
 */
export function amendRecord(workspace: AbsPath, part: Pick<OutputRecord, 'files' | 'folders'>): void {
  const known = readAmended(workspace)
  const lines = [...(known.length === 0 ? [identityOf(workspace)] : []), ...part.folders, ...[...part.files].map(encodeFile)].map((line) => `${JSON.stringify(line)}\n`)
  if (known.length < mostAmended) writeFileSync(amendedFile(workspace), `\n${lines.join('')}`, { flag: known.length === 0 ? 'w' : 'a' })
  else writeRecord(workspace, merged(readRecord(workspace), part))
}

/** A text that is the same for the same record; written whole or not at all. */
export function writeRecord(workspace: AbsPath, record: OutputRecord): void {
  const folder = join(workspace, recordFolder)
  mkdirSync(folder, { recursive: true })
  // Whoever keeps the workspace in git does not want this in it.
  if (!existsSync(join(folder, '.gitignore'))) writeFileSync(join(folder, '.gitignore'), '*\n')
  stampTasks(workspace, record)
  const text = encode(record)
  const amended = readAmended(workspace).length > 0
  if (!amended && existsSync(fileOf(workspace)) && readFileSync(fileOf(workspace), 'utf8') === text) return
  const temporary = join(folder, `outputs.${process.pid}`)
  writeFileSync(temporary, text)
  renameSync(temporary, fileOf(workspace))
  // What was amended is of the file that was there before: nobody reads it any more.
  if (amended) rmSync(amendedFile(workspace), { force: true })
}

/**
 * A small file that is another when tasks, or the globs of their outputs, are others. It is a leaf of every build: when one request has made
 * outputs of a task that is gone by now, the next build of any other request has to remove them, although nothing that it reads has changed.
 */
export function tasksStamp(workspace: AbsPath): string {
  return join(workspace, recordFolder, 'tasks')
}

/** Comes before the record itself: a stamp without its record costs a plan, a record without its stamp would be overlooked. */
function stampTasks(workspace: AbsPath, { globs }: OutputRecord): void {
  const text = `${hash('sha256', JSON.stringify([...globs].sort(([a], [b]) => byBytes(a, b))))}\n`
  const place = tasksStamp(workspace)
  if (existsSync(place) && readFileSync(place, 'utf8') === text) return
  const temporary = `${place}.${process.pid}`
  writeFileSync(temporary, text)
  renameSync(temporary, place)
}

const version = 1
/** Lines after which the record is written whole: reading as many takes about as long as reading a record of as many rows. */
const mostAmended = 1000

type Line = string | readonly (string | number)[]

function amendedFile(workspace: AbsPath): string {
  return join(workspace, recordFolder, 'outputs.amended')
}

/** Names the very text that the record is, also where the workspace was copied with its times. */
function identityOf(workspace: AbsPath): string {
  const stat = statSync(fileOf(workspace), { bigint: true, throwIfNoEntry: false })
  return stat === undefined ? 'none' : `${stat.mtimeNs} ${stat.size}`
}

/** Nothing for lines of another record. What a killed process left unfinished is a line of its own, and no line. */
function readAmended(workspace: AbsPath): readonly Line[] {
  if (!existsSync(amendedFile(workspace))) return []
  const lines: Line[] = []
  for (const text of readFileSync(amendedFile(workspace), 'utf8').split('\n')) {
    const line = parseLine(text)
    if (line !== undefined) lines.push(line)
  }
  const [identity, ...rest] = lines
  return identity === identityOf(workspace) ? rest : []
}

function parseLine(text: string): Line | undefined {
  try {
    const line: Line = JSON.parse(text)
    return line
  } catch {
    return undefined
  }
}

function takeOver(record: OutputRecord, line: Line): void {
  const path = parseRelPath(typeof line === 'string' ? line : String(line[0]))
  if (path === undefined) return
  const content = typeof line === 'string' ? undefined : decodeContent(line)
  if (typeof line === 'string') record.folders.add(line)
  else if (content !== undefined) record.files.set(path, { task: String(line[1]), content })
}

function merged(record: OutputRecord, part: Pick<OutputRecord, 'files' | 'folders'>): OutputRecord {
  for (const [path, owned] of part.files) record.files.set(path, owned)
  for (const folder of part.folders) record.folders.add(folder)
  return record
}

function fileOf(workspace: AbsPath): string {
  return join(workspace, recordFolder, 'outputs.json')
}

function encode({ files, folders, globs }: OutputRecord): string {
  const rows = [...files].sort(([a], [b]) => byBytes(a, b)).map(encodeFile)
  return `${JSON.stringify({ version, globs: Object.fromEntries([...globs].sort(([a], [b]) => byBytes(a, b))), folders: [...folders].sort(byBytes), files: rows })}\n`
}

function encodeFile([path, { task, content }]: readonly [RelPath, Owned]): readonly (string | number)[] {
  return content.kind === 'file' ? [path, task, content.digest, content.executable ? 1 : 0] : [path, task, content.target]
}

function decode(text: string): OutputRecord | undefined {
  try {
    const value: { version: unknown; globs: Record<string, string[]>; folders: string[]; files: (readonly (string | number)[])[] } = JSON.parse(text)
    if (value.version !== version) return undefined
    const files = new Map<RelPath, Owned>()
    for (const row of value.files) {
      const path = parseRelPath(String(row[0]))
      const content = decodeContent(row)
      if (path !== undefined && content !== undefined) files.set(path, { task: String(row[1]), content })
    }
    return { files, folders: new Set(value.folders.filter((folder) => parseRelPath(folder) !== undefined)), globs: new Map(Object.entries(value.globs)) }
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined
    throw error
  }
}

function decodeContent([, , content, executable]: readonly (string | number)[]): Placed | undefined {
  if (executable === undefined) return { kind: 'symlink', target: String(content) }
  const digest = parseDigest(String(content))
  return digest === undefined ? undefined : { kind: 'file', digest, executable: executable === 1 }
}
