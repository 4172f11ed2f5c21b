import type { AbsPath } from '../../base/ids.ts'

/** A script for a ready shell. */
export interface ShellJob {
  readonly script: string
  readonly directory: AbsPath
  /** The whole environment. */
  readonly environment: Readonly<Record<string, string>>
  /** Both streams, in their order. */
  output(chunk: Uint8Array): void
  readonly signal: AbortSignal
  /** Wall-clock seconds. */
  readonly seconds?: number
}

/** The programs of one way to start a job in a process group of its own. */
export interface Launcher {
  /** The shell that waits for jobs, and its options. */
  readonly worker: readonly [string, ...string[]]
  /** Its first command. */
  readonly prepare: string
  /** How it runs the file `job` in a subshell, in which no signal may be ignored, and waits for that. */
  readonly run: string
  /** What the job's own shell is started through. */
  readonly through: string
  readonly env: string
}

/** Bytes: a longer script is a file of its own, since Linux takes at most 128 KiB as one argument. */
const longestArgument = 100_000

/** Names that mean something to the shell that would set them, or that it would refuse to set: env(1) sets these. */
const special = /^(_|IFS|PPID|PWD|OLDPWD|SHLVL|LINENO|OPT\w*|E?UID|GROUPS|S?RANDOM|SECONDS|EPOCH\w*|HIST\w*|BASH\w*|SHELLOPTS|DIRSTACK|FUNCNAME|COMP_\w*|PIPESTATUS|LINES|COLUMNS|POSIXLY_CORRECT)$/

export interface JobText {
  /** What the waiting shell reads in a subshell of its own. */
  readonly text: string
  /** The script, when it has to be a file at `scriptFile`. */
  readonly file: string | undefined
}

/**
 * The job as text for the waiting shell. Its first line of output is the number of its process, which is that of its group. A shell that
 * sets variables may complain (bash of an unknown locale), so stderr is opened last.
 */
export function jobText({ script, directory, environment }: ShellJob, launcher: Launcher, scriptFile: string): JobText {
  const own = Object.entries(environment).filter(([name]) => !plainName(name))
  const exports = Object.entries(environment).filter(([name]) => plainName(name)).map(([name, value]) => `export ${name}=${quote(value)}\n`)
  const through = [launcher.through, ...(own.length === 0 ? [] : [launcher.env, ...own.map(([name, value]) => quote(`${name}=${value}`))])].join(' ')
  const long = Buffer.byteLength(script) > longestArgument
  const text = `exec </dev/null >out 2>/dev/null
cd ${quote(directory)} && read -r pid rest </proc/self/stat || exit
unset OLDPWD SHLVL
${exports.join('')}echo "$pid"
exec 2>&1
exec ${through} /bin/sh -e ${long ? quote(scriptFile) : `-c -- ${quote(script)} run`}
`
  return { text, file: long ? script : undefined }
}

/** As one word of a shell. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

function plainName(name: string): boolean {
  return /^[A-Za-z_]\w*$/.test(name) && !special.test(name) && name !== 'pid' && name !== 'rest'
}
