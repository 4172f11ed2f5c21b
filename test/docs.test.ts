import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { commands, type CommandSpec, everywhere, type Flag } from '../cli/flags.ts'
import { exitCodes } from '../cli/exit.ts'
import { openPipelines } from '../recipes/language/pipelines.ts'
import { parseRecipes } from '../recipes/language/recipe.ts'

// UPDATE=1 rewrites the generated parts: in each page, what stands between `<!-- from WHAT -->` and `<!-- end -->`.
const top = fileURLToPath(new URL('..', import.meta.url))
const update = process.env['UPDATE'] === '1'
const pages = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z', '*.md'], { cwd: top, encoding: 'utf8' })
  .split('\0')
  .filter((file) => file !== '' && !file.startsWith('test/') && existsSync(join(top, file)))
const read = (file: string): string => readFileSync(join(top, file), 'utf8')

describe('the pages', () => {
  it.each(pages)('%s links to files and headings that are there', (page) => {
    expect(deadLinks(page)).toEqual([])
  })

  it.each(pages.filter((page) => /^docs\/[a-z-]+\.md$/.test(page)))('%s is under 100 lines', (page) => {
    expect(read(page).split('\n').length).toBeLessThan(100)
  })

  it.each(pages)('%s has only recipes that parse where it says so', (page) => {
    const wrong = recipesIn(read(page)).flatMap((text) => {
      const parsed = parseRecipes({ path: page, text })
      return parsed.kind === 'ok' ? (parsed.value.length > 0 ? [] : [text]) : parsed.diagnostics.map(({ message }) => message)
    })
    expect(wrong).toEqual([])
  })

  it('finds a link that leads nowhere, and a recipe that does not parse', () => {
    expect(deadLinksOf('README.md', '[a](no/such.md) [b](LICENSE) [c](#nowhere)\n# Here\n[d](#here)')).toEqual(['no/such.md', '#nowhere'])
    expect(recipesIn('```yaml nacre\ntask: {}\n```\n```yaml\nno: recipe\n```')).toEqual(['task: {}\n'])
    expect(parseRecipes({ path: 'x', text: 'task: {nmae: x}\n' }).kind).toBe('complaints')
  })

  it('lists every page of docs/ in docs/README.md', () => {
    const index = read('docs/README.md')
    expect(pages.filter((page) => /^docs\/(commands\/)?[a-z-]+\.md$/.test(page) && !index.includes(`](${page.slice('docs/'.length)})`))).toEqual([])
  })
})

describe('the page of each command', () => {
  it('is there, and there is none of a command that is not', () => {
    expect(readdirSync(join(top, 'docs/commands')).sort()).toEqual(commands.map(({ name }) => `${name}.md`).sort())
  })

  it.each(commands.map((command) => [command.name, command] as const))('%s has the flags of the table', (name, command) => {
    expectPart(`docs/commands/${name}.md`, 'cli/flags.ts', commandPart(command))
  })

  it.each(commands.map(({ name }) => [name] as const))('%s tells its exit codes, and has an example', (name) => {
    const page = read(`docs/commands/${name}.md`)
    expect(page).toMatch(/^## Exit codes$/m)
    expect(page).toMatch(/^\$ nacre /m)
  })
})

describe('the tables in the pages', () => {
  it('docs/README.md has the flags of every command', () => {
    expectPart('docs/README.md', 'cli/flags.ts', flagTable(everywhere).join('\n'))
  })

  it('docs/pipelines.md has every built-in pipeline with its inputs', () => {
    expectPart('docs/pipelines.md', 'recipes/pipelines', pipelinePart())
  })

  it('docs/commands/lint.md has every warning', () => {
    const codes = (text: string): readonly string[] => [...new Set([...text.matchAll(/['`](lint\/[a-z-]+)['`]/g)].map(([, code]) => code ?? ''))].sort()
    expect(codes(read('docs/commands/lint.md'))).toEqual(codes(read('recipes/language/lint.ts')))
  })

  it('docs/exit-codes.md has every exit code', () => {
    const codes = [...read('docs/exit-codes.md').matchAll(/^\| ([0-9]+) \|/gm)].map(([, code]) => Number(code))
    expect(codes).toEqual(Object.values(exitCodes))
  })
})

function commandPart(command: CommandSpec): string {
  const common = `[flags of every command](../README.md#flags-of-every-command): ${everywhere.map(({ name }) => `\`--${name}\``).join(', ')}`
  return ['```', `nacre ${command.usage}`, '```', ...(command.flags.length === 0 ? [] : flagTable(command.flags)), '', common].join('\n')
}

function flagTable(flags: readonly Flag[]): readonly string[] {
  const rows = flags.map(({ name, value, many, about }) => `| \`--${name}${value === undefined ? '' : ` ${value}`}\`${many === true ? ' (repeatable)' : ''} | ${about.replaceAll('|', '\\|')} |`)
  return ['', '| flag | meaning |', '| --- | --- |', ...rows]
}

function pipelinePart(): string {
  const library = openPipelines([])
  const rows = library.names().map((name) => {
    const step = library.find(name)?.step
    const inputs = Object.entries(step?.inputs ?? {}).map(([input, { required }]) => `\`${input}\`${required ? ' (required)' : ''}`)
    return `| [${name}](recipes/built-in-pipelines.md#${anchor(name)}) | ${step?.name ?? ''} | ${inputs.join(', ')} | ${step?.scope === 'output' ? 'split' : ''} |`
  })
  return ['', '| pipeline | what it does | inputs | |', '| --- | --- | --- | --- |', ...rows, ''].join('\n')
}

function expectPart(page: string, from: string, wanted: string): void {
  const [begin, end] = [`<!-- from ${from} -->\n`, '\n<!-- end -->']
  const text = read(page)
  const at = text.indexOf(begin) + begin.length
  const to = text.indexOf(end, at)
  expect([page, text.includes(begin), to > at]).toEqual([page, true, true])
  if (update) writeFileSync(join(top, page), `${text.slice(0, at)}${wanted}${text.slice(to)}`)
  else expect(text.slice(at, to)).toBe(wanted)
}

function deadLinks(page: string): readonly string[] {
  return deadLinksOf(page, read(page))
}

function deadLinksOf(page: string, text: string): readonly string[] {
  const prose = text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '')
  const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, to]) => to ?? '')
  return links.filter((to) => !/^(https?|mailto):/.test(to) && !leadsSomewhere(page, to, text))
}

function leadsSomewhere(page: string, to: string, text: string): boolean {
  const [path = '', heading] = to.split('#')
  const file = path === '' ? page : normalize(join(dirname(page), path))
  if (!existsSync(join(top, file))) return false
  if (heading === undefined || statSync(join(top, file)).isDirectory()) return heading === undefined
  const target = path === '' ? text : read(file)
  return [...target.matchAll(/^#+ (.+)$/gm)].some(([, title]) => anchor(title ?? '') === heading)
}

/** As forges make it: lower case, blanks to hyphens, other punctuation gone. */
function anchor(title: string): string {
  return title.trim().toLowerCase().replace(/[^\p{L}\p{N}_ -]/gu, '').replaceAll(' ', '-')
}

function recipesIn(text: string): readonly string[] {
  return [...text.matchAll(/^```yaml nacre\n([\s\S]*?)^```/gm)].map(([, recipe]) => recipe ?? '')
}
