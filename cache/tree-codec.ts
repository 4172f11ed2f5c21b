// REAPI (build.bazel.remote.execution.v2) messages, fields by number:
//   Directory {files=1, directories=2, symlinks=3, node_properties=5}   FileNode {name=1, digest=2, is_executable=4, node_properties=6}
//   DirectoryNode {name=1, digest=2}   SymlinkNode {name=1, target=2}   Digest {hash=1, size_bytes=2}
//   NodeProperties {unix_mode=3 UInt32Value {value=1}}
// Canonical: fields in tag order, defaults left out, minimal varints, each list sorted by the UTF-8 bytes of the names.
import { byBytes } from '../base/bytes.ts'
import { type Digest, digestHash, digestSize, parseDigest, parseRelPath } from '../base/ids.ts'
import { Fault } from '../base/result.ts'
import type { Directory, DirectoryNode, FileNode, SymlinkNode, TreeNode } from './tree.ts'
import { bytesType, MalformedWire, varintType, WireReader, WireWriter } from './wire.ts'

/** The canonical bytes of a directory. A name or target that a tree can't hold is a fault: whoever takes names from outside checks them first. */
export function encodeDirectory(directory: Directory): Uint8Array {
  const names = [...directory.entries.keys()].sort(byBytes)
  const lists = [new WireWriter(names.length * 128), new WireWriter(), new WireWriter()] as const
  for (const name of names) {
    const node = directory.entries.get(name)
    if (node === undefined) continue
    if (!isTreeName(name)) throw new Fault('internal', `${JSON.stringify(name)} can't be a name in a tree`)
    if (node.kind === 'file') lists[0].messageField(1, fileMessage(name, node))
    else if (node.kind === 'directory') lists[1].messageField(2, directoryMessage(name, node))
    else lists[2].messageField(3, symlinkMessage(name, node))
  }
  const [all, ...rest] = lists
  for (const list of rest) all.append(list)
  if (directory.mode !== 0o755) all.messageField(5, modeMessage(directory.mode))
  return all.finish()
}

/** Undefined for bytes that aren't a canonical Directory: malformed, unsorted, with unknown fields, or with names that could leave it. */
export function decodeDirectory(bytes: Uint8Array): Directory | undefined {
  try {
    return readDirectory(new WireReader(bytes))
  } catch (error) {
    if (error instanceof MalformedWire) return undefined
    throw error
  }
}

/** Whether a tree can hold an entry of this name: one part of a path, valid Unicode (proto3 `string`), no control characters. */
export function isTreeName(name: string): boolean {
  return !name.includes('/') && parseRelPath(name) !== undefined && !loneSurrogate.test(name)
}

/** Symlink targets may be anything that a file system takes: not empty, no NUL, valid Unicode. */
export function isTreeTarget(target: string): boolean {
  return target !== '' && !target.includes('\0') && !loneSurrogate.test(target)
}

const loneSurrogate = /\p{Surrogate}/u

function fileMessage(name: string, node: FileNode): WireWriter {
  const message = new WireWriter()
  message.textField(1, name)
  message.messageField(2, digestMessage(node.digest))
  if ((node.mode & 0o100) !== 0) message.varintField(4, 1)
  if (node.mode !== 0o644 && node.mode !== 0o755) message.messageField(6, modeMessage(node.mode))
  return message
}

function directoryMessage(name: string, node: DirectoryNode): WireWriter {
  const message = new WireWriter()
  message.textField(1, name)
  message.messageField(2, digestMessage(node.digest))
  return message
}

function symlinkMessage(name: string, node: SymlinkNode): WireWriter {
  if (!isTreeTarget(node.target)) throw new Fault('internal', `${JSON.stringify(node.target)} can't be the target of a symlink in a tree`)
  const message = new WireWriter()
  message.textField(1, name)
  message.textField(2, node.target)
  return message
}

function digestMessage(digest: Digest): WireWriter {
  const message = new WireWriter()
  message.textField(1, digestHash(digest))
  if (digestSize(digest) !== 0) message.varintField(2, digestSize(digest))
  return message
}

function modeMessage(mode: number): WireWriter {
  if (!Number.isInteger(mode) || mode < 0 || mode > 0o7777) throw new Fault('internal', `${mode} is not a mode that a tree can hold`)
  const value = new WireWriter()
  if (mode !== 0) value.varintField(1, mode)
  const properties = new WireWriter()
  properties.messageField(3, value)
  return properties
}

function readDirectory(reader: WireReader): Directory {
  const lists: { readonly name: string; readonly node: TreeNode }[][] = [[], [], []]
  let mode = 0o755
  for (let last = 0; !reader.done; ) {
    const field = nextField(reader, last, bytesType)
    if (field === last && field === 5) reader.refuse('repeated field')
    last = field
    const message = new WireReader(reader.bytes())
    const list = lists[field - 1]
    if (field === 5) mode = readMode(message, [0o755])
    else if (list === undefined) reader.refuse('unknown field')
    else {
      const entry = readEntry(message, field)
      const before = list.at(-1)
      if (before !== undefined && byBytes(before.name, entry.name) >= 0) reader.refuse('unsorted names')
      list.push(entry)
    }
  }
  const all = lists.filter((list) => list.length > 0)
  const sorted = all.length > 1 ? all.flat().sort((a, b) => byBytes(a.name, b.name)) : (all[0] ?? [])
  const entries = new Map(sorted.map(({ name, node }) => [name, node]))
  if (entries.size !== sorted.length) reader.refuse('repeated name')
  return { mode, entries }
}

function readEntry(reader: WireReader, kind: number): { readonly name: string; readonly node: TreeNode } {
  expect(reader, 1, bytesType)
  const name = readText(reader)
  if (!isTreeName(name)) reader.refuse('bad name')
  expect(reader, 2, bytesType)
  if (kind === 3) {
    const target = readText(reader)
    if (!isTreeTarget(target) || !reader.done) reader.refuse('bad symlink')
    return { name, node: { kind: 'symlink', target } }
  }
  const digest = readDigest(new WireReader(reader.bytes()))
  if (kind === 1) return { name, node: { kind: 'file', digest, mode: readFileMode(reader) } }
  if (!reader.done) reader.refuse('unknown field')
  return { name, node: { kind: 'directory', digest } }
}

function readFileMode(reader: WireReader): number {
  let executable = false
  let mode: number | undefined
  for (let last = 2; !reader.done; ) {
    const { field, type } = reader.tag()
    if (field <= last) reader.refuse('unsorted fields')
    last = field
    if (field === 4 && type === varintType && reader.varint() === 1) executable = true
    else if (field === 6 && type === bytesType) mode = readMode(new WireReader(reader.bytes()), [0o644, 0o755])
    else reader.refuse('unknown field')
  }
  if (mode === undefined) return executable ? 0o755 : 0o644
  if (((mode & 0o100) !== 0) !== executable) reader.refuse('modes that contradict each other')
  return mode
}

/** A NodeProperties with nothing but a mode; `usual` modes are left out by whoever writes canonically. */
function readMode(reader: WireReader, usual: readonly number[]): number {
  expect(reader, 3, bytesType)
  const value = new WireReader(reader.bytes())
  if (!reader.done) reader.refuse('unknown field')
  if (value.done) return 0
  expect(value, 1, varintType)
  const mode = value.varint()
  if (mode === 0 || mode > 0o7777 || usual.includes(mode) || !value.done) value.refuse('bad mode')
  return mode
}

function readDigest(reader: WireReader): Digest {
  expect(reader, 1, bytesType)
  const hash = readText(reader)
  let size = 0
  if (!reader.done) {
    expect(reader, 2, varintType)
    size = reader.varint()
    if (size === 0 || !reader.done) reader.refuse('bad digest')
  }
  return parseDigest(`${hash}/${size}`) ?? reader.refuse('bad digest')
}

function readText(reader: WireReader): string {
  try {
    return text.decode(reader.bytes())
  } catch (error) {
    if (error instanceof MalformedWire) throw error
    return reader.refuse('text that is not UTF-8')
  }
}

const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function nextField(reader: WireReader, last: number, expected: number): number {
  const { field, type } = reader.tag()
  if (type !== expected) reader.refuse('bad wire type')
  if (field < last) reader.refuse('unsorted fields')
  return field
}

function expect(reader: WireReader, field: number, type: number): void {
  const tag = reader.tag()
  if (tag.field !== field || tag.type !== type) reader.refuse('unexpected field')
}
