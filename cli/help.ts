import { commands, type CommandSpec, everywhere, type Flag } from './flags.ts'

export function generalHelp(): string {
  const width = Math.max(...commands.map((c) => c.usage.length))
  return [
    'nacre: declarative recipes to a minimal, signed, reproducible Linux OS',
    '',
    'usage: nacre COMMAND [TARGET…] [FLAG…]',
    '',
    ...commands.map((c) => `  ${c.usage.padEnd(width)}  ${c.about}`),
    '',
    'A target is package:NAME, image:NAME or task:NAME, or the bare name where just one thing bears it.',
    '',
    'everywhere:',
    ...flagLines(everywhere),
    '',
    'nacre COMMAND --help tells more.',
    '',
  ].join('\n')
}

export function commandHelp(command: CommandSpec): string {
  return [
    `nacre ${command.name}: ${command.about}`,
    '',
    `usage: nacre ${command.usage}`,
    '',
    ...(command.flags.length === 0 ? [] : ['flags:', ...flagLines(command.flags), '']),
    'everywhere:',
    ...flagLines(everywhere),
    '',
    'example:',
    `  ${command.example}`,
    '',
  ].join('\n')
}

function flagLines(flags: readonly Flag[]): readonly string[] {
  const names = flags.map((flag) => (flag.value === undefined ? `--${flag.name}` : `--${flag.name} ${flag.value}`))
  const width = Math.max(...names.map((name) => name.length))
  return flags.map((flag, i) => `  ${(names[i] ?? '').padEnd(width)}  ${flag.about}`)
}
