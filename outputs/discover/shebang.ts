import { baseName, type Generator, isEntryName } from './package-view.ts'

const folders = ['bin/', 'sbin/', 'usr/bin/', 'usr/sbin/', 'usr/local/bin/', 'usr/local/sbin/']

/** Links in every distribution, which are nobody's command. */
const everywhere = new Set(['sh', 'python', 'python3', 'awk', 'luajit'])

/** What Linux reads of a first line (BINPRM_BUF_SIZE). */
const lineLimit = 256

/** Scripts need the interpreter that their first line names. */
export const shebang: Generator = {
  name: 'shebang',
  async inspect(file, content) {
    if (file.kind !== 'file' || !folders.some((folder) => file.path.startsWith(folder))) return []
    const interpreter = interpreterOf(await content())
    const name = interpreter === undefined ? '' : baseName(interpreter)
    return isEntryName(name) && !everywhere.has(name) ? [{ kind: 'depends', entry: `cmd:${name}`, path: file.path }] : []
  },
}

/** The program that runs a script: `env` is looked through where it is plain which one it starts. Undefined for anything else. */
export function interpreterOf(bytes: Uint8Array): string | undefined {
  if (bytes[0] !== 0x23 || bytes[1] !== 0x21) return undefined
  const line = Buffer.from(bytes.subarray(2, lineLimit)).toString('latin1').split('\n', 1)[0] ?? ''
  const [program, ...words] = line.split(/[ \t\r]+/).filter((word) => word !== '')
  if (program === undefined || program.includes('\0')) return undefined
  if (baseName(program) !== 'env') return program
  const [first, second] = words
  if (first === '-S') return second === undefined || second.startsWith('-') || second.includes('=') ? undefined : second
  return words.length === 1 ? first : undefined
}
