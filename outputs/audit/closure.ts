import { interpreterOf } from '../discover/shebang.ts'
import { type Elf, isElf, parseElf } from '../elf/elf.ts'
import { readContent, type ReadBlob } from '../rootfs/content.ts'
import { libraryDirectories } from '../rootfs/ld-directories.ts'
import type { VirtualTree } from '../rootfs/virtual-tree.ts'
import { Loader, type Loaded } from './loader.ts'

/** Something that a file of the tree needs and that isn't in the tree. */
export interface ClosureFinding {
  /** The file, relative. */
  readonly path: string
  readonly kind: 'interpreter' | 'library' | 'version' | 'malformed'
  /** Sentence case, no full stop. */
  readonly problem: string
}

/**
 * Proves that a tree needs nothing from outside: every interpreter of a program or script, every library and every version of a
 * symbol is found inside, by the search that glibc's loader makes (ld.so(8)). Programs are loaded as a whole; libraries that no
 * program loads (plugins) each by themselves. No finding is the proof.
 */
export async function auditClosure(tree: VirtualTree, read: ReadBlob): Promise<readonly ClosureFinding[]> {
  const findings: ClosureFinding[] = []
  const objects = new Map<string, Elf>()
  for (const [path, entry] of tree.sorted()) {
    if (entry.kind !== 'file') continue
    const bytes = await readContent(entry.content, read)
    if (isElf(bytes)) {
      const elf = parseElf(bytes)
      if (elf.kind === 'malformed') findings.push({ path, kind: 'malformed', problem: `Not an ELF file that can be read: ${elf.reason}` })
      if (elf.kind === 'elf' && elf.type !== 'relocatable' && elf.type !== 'core') objects.set(path, elf)
    } else if ((entry.mode & 0o111) !== 0) findings.push(...scriptFindings(tree, path, bytes))
  }
  const loader = new Loader(tree, objects, await libraryDirectories(tree, read))
  return [...findings, ...objectFindings(tree, objects, loader)]
}

function scriptFindings(tree: VirtualTree, path: string, bytes: Uint8Array): readonly ClosureFinding[] {
  const program = firstWord(bytes)
  if (program === undefined) return []
  const missing = (name: string): ClosureFinding => ({ path, kind: 'interpreter', problem: `Interpreter "${name}" is not in the image` })
  if (!program.startsWith('/') || tree.file(program) === undefined) return [missing(program)]
  const interpreter = interpreterOf(bytes)
  if (interpreter === undefined || interpreter.includes('/')) return []
  return searchPath.some((folder) => tree.file(`${folder}/${interpreter}`) !== undefined) ? [] : [missing(interpreter)]
}

const searchPath = ['usr/local/sbin', 'usr/local/bin', 'usr/sbin', 'usr/bin', 'sbin', 'bin']

function firstWord(bytes: Uint8Array): string | undefined {
  if (bytes[0] !== 0x23 || bytes[1] !== 0x21) return undefined
  return /^[ \t]*([^\s\0]+)/.exec(Buffer.from(bytes.subarray(2, 256)).toString('latin1').split('\n', 1)[0] ?? '')?.[1]
}

function objectFindings(tree: VirtualTree, objects: ReadonlyMap<string, Elf>, loader: Loader): readonly ClosureFinding[] {
  const findings = new Map<string, ClosureFinding>()
  const add = (finding: ClosureFinding): void => void findings.set(`${finding.path} ${finding.problem}`, finding)
  const loaded = new Set<string>()
  const start = (path: string, elf: Elf): void => {
    const set = loader.load(path, elf)
    for (const object of set.objects) loaded.add(object.path)
    for (const { path: by, library } of set.missing) add({ path: by, kind: 'library', problem: `Library "${library}" is not in the image` })
    for (const object of set.objects) for (const problem of versionProblems(object)) add({ path: object.path, kind: 'version', problem })
  }
  for (const [path, elf] of objects) {
    const { interpreter } = elf
    if (interpreter !== undefined && tree.file(interpreter) === undefined) add({ path, kind: 'interpreter', problem: `Interpreter "${interpreter}" is not in the image` })
    if (interpreter !== undefined || elf.type === 'executable') start(path, elf)
  }
  for (const [path, elf] of objects) if (!loaded.has(path)) start(path, elf)
  return [...findings.values()]
}

function versionProblems({ elf, needs }: Loaded): readonly string[] {
  const problems: string[] = []
  for (const { library, versions } of elf.versionNeeds) {
    const found = needs.get(library)
    if (found === undefined) continue
    const defined = new Set(found.elf.versionDefinitions)
    for (const { name, weak } of versions) {
      if (!weak && !defined.has(name)) problems.push(`Version "${name}" of "${library}" is not in "${found.path}"`)
    }
  }
  return problems
}
