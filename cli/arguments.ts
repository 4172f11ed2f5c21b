import { nearest } from '../base/diagnostic.ts'
import { commandNamed, commands, type CommandSpec, everywhere, type Flag } from './flags.ts'

/** What the user asked for, checked against the table of flags. */
export interface Arguments {
  readonly command: CommandSpec
  readonly words: readonly string[]
  /** Words after `--`. */
  readonly rest: readonly string[]
  readonly values: ReadonlyMap<string, readonly string[]>
}

export type ParsedArguments =
  | { readonly kind: 'run'; readonly arguments: Arguments }
  | { readonly kind: 'help'; readonly command?: CommandSpec }
  | { readonly kind: 'version' }
  | { readonly kind: 'wrong'; readonly message: string; readonly hint?: string }

export function parseArguments(argv: readonly string[]): ParsedArguments {
  const at = argv.findIndex((word, i) => !word.startsWith('-') && !takesNext(argv[i - 1]))
  const first = argv[at]
  if (first === undefined) {
    if (argv.length === 0 || argv.includes('--help') || argv.includes('-h')) return { kind: 'help' }
    return argv.includes('--version') ? { kind: 'version' } : wrongFlag(argv[0] ?? '', everywhere)
  }
  if (first === 'help') {
    const about = commandNamed(argv[at + 1] ?? '')
    return about === undefined ? { kind: 'help' } : { kind: 'help', command: about }
  }
  const command = commandNamed(first)
  if (command === undefined) {
    const meant = nearest(first, commands.map((c) => c.name))
    return { kind: 'wrong', message: `There is no command "${first}"`, hint: meant === undefined ? 'nacre --help lists the commands' : `did you mean "${meant}"?` }
  }
  return parseWords(command, [...argv.slice(0, at), ...argv.slice(at + 1)])
}

/** Whether the word after this one is its value: `nacre --store DIR build`. */
function takesNext(word: string | undefined): boolean {
  return everywhere.some((each) => each.value !== undefined && word === `--${each.name}`)
}

function parseWords(command: CommandSpec, argv: readonly string[]): ParsedArguments {
  const known = [...command.flags, ...everywhere]
  const words: string[] = []
  const values = new Map<string, string[]>()
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? ''
    if (word === '--') return { kind: 'run', arguments: { command, words, rest: argv.slice(i + 1), values } }
    if (word === '-h') return { kind: 'help', command }
    if (!word.startsWith('-') || word === '-') {
      words.push(word)
      continue
    }
    const [name = '', inline] = split(word.replace(/^--?/, ''))
    const flag = known.find((f) => f.name === name)
    if (flag === undefined) return wrongFlag(word, known)
    if (flag.name === 'help') return { kind: 'help', command }
    if (flag.value === undefined && inline !== undefined) return { kind: 'wrong', message: `--${name} takes no value` }
    const value = flag.value === undefined ? 'true' : (inline ?? argv[++i])
    if (value === undefined) return { kind: 'wrong', message: `--${name} needs a value: --${name} ${flag.value ?? ''}` }
    const list = values.get(name) ?? []
    if (list.length > 0 && flag.value !== undefined && flag.many !== true) return { kind: 'wrong', message: `--${name} is given twice` }
    list.push(value)
    values.set(name, list)
  }
  return { kind: 'run', arguments: { command, words, rest: [], values } }
}

function split(word: string): readonly [string, string | undefined] {
  const at = word.indexOf('=')
  return at === -1 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)]
}

function wrongFlag(word: string, known: readonly Flag[]): ParsedArguments {
  const name = word.replace(/^--?/, '').replace(/=.*$/, '')
  const meant = nearest(name, known.map((f) => f.name))
  return { kind: 'wrong', message: `There is no flag "${word}"`, ...(meant === undefined ? {} : { hint: `did you mean "--${meant}"?` }) }
}

/** The value of a flag that is given at most once. */
export function flag(from: Arguments, name: string): string | undefined {
  return from.values.get(name)?.[0]
}

export function flags(from: Arguments, name: string): readonly string[] {
  return from.values.get(name) ?? []
}

export function has(from: Arguments, name: string): boolean {
  return from.values.has(name)
}
