import type { Arguments } from '../arguments.ts'
import { exitCodes } from '../exit.ts'
import { commands, everywhere } from '../flags.ts'
import { complain } from '../output.ts'

/** `nacre completion`: a script for the shell to read. */
export function completionCommand(from: Arguments): number {
  const script = completionScript(from.words[0] ?? '')
  if (script === undefined || from.words.length !== 1) {
    return complain([{ code: 'cli/usage', severity: 'error', message: 'nacre completion takes the name of a shell: bash, zsh or fish', hint: 'source <(nacre completion bash)' }], from)
  }
  process.stdout.write(script)
  return exitCodes.done
}

/** A completion script for the shell, made from the table of flags; undefined for a shell that is not known. */
export function completionScript(shell: string): string | undefined {
  switch (shell) {
    case 'bash':
      return bash()
    case 'zsh':
      return `autoload -U +X bashcompinit && bashcompinit\n${bash()}`
    case 'fish':
      return fish()
    default:
      return undefined
  }
}

function bash(): string {
  const cases = commands.map((c) => `    ${c.name}) words="${flagWords(c.name)}" ;;`)
  return [
    '_nacre() {',
    '  local current="${COMP_WORDS[COMP_CWORD]}" command="${COMP_WORDS[1]}" words',
    '  case "$command" in',
    ...cases,
    '    *) words="" ;;',
    '  esac',
    `  if [ "$COMP_CWORD" -eq 1 ]; then words="${commands.map((c) => c.name).join(' ')}"`,
    '  elif [ "${current#-}" = "$current" ]; then words="$(nacre graph --format targets 2>/dev/null)"; fi',
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    '}',
    'complete -o default -F _nacre nacre',
    '',
  ].join('\n')
}

function fish(): string {
  const lines = commands.flatMap((c) => [
    `complete -c nacre -n __fish_use_subcommand -a ${c.name} -d ${quoted(c.about)}`,
    ...[...c.flags, ...everywhere].map((f) => `complete -c nacre -n '__fish_seen_subcommand_from ${c.name}' -l ${f.name}${f.value === undefined ? '' : ' -r'} -d ${quoted(f.about)}`),
  ])
  return `${lines.join('\n')}\ncomplete -c nacre -n 'not __fish_use_subcommand' -a '(nacre graph --format targets 2>/dev/null)'\n`
}

function flagWords(name: string): string {
  const command = commands.find((c) => c.name === name)
  return [...(command?.flags ?? []), ...everywhere].map((f) => `--${f.name}`).join(' ')
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "\\'")}'`
}
