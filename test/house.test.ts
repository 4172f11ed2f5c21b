import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const top = fileURLToPath(new URL('..', import.meta.url))
const floors = ['base', 'cache', 'engine', 'outputs', 'recipes', 'factory', 'cli']
const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], { cwd: top, encoding: 'utf8' }).split('\0').filter((f) => f !== '' && existsSync(join(top, f)))
const product = files.filter((f) => f.endsWith('.ts') && floors.includes(f.split('/')[0] ?? ''))
const text = new Map(files.filter((f) => /\.(ts|md|ya?ml|json|js)$/.test(f)).map((f) => [f, readFileSync(join(top, f), 'utf8')]))
const floorOf = (file: string): number => floors.indexOf(file.split('/')[0] ?? '')

/** Relative imports of a file, type imports included, as paths from the top. */
function importsOf(file: string): readonly string[] {
  const found = (text.get(file) ?? '').matchAll(/(?:^|\n)\s*(?:import|export)\b[^'"]*?from\s*'(\.[^']+)'|import\(\s*'(\.[^']+)'\s*\)|^\s*import '(\.[^']+)'/gm)
  return [...found].map((m) => normalize(join(dirname(file), m[1] ?? m[2] ?? m[3] ?? ''))).filter((f) => text.has(f))
}

describe('the house', () => {
  it('imports go down only, types included', () => {
    const up = product.flatMap((f) => importsOf(f).filter((to) => floorOf(to) > floorOf(f) || floorOf(to) === -1).map((to) => `${f} -> ${to}`))
    expect(up).toEqual([])
  })

  it('no file imports itself, over whatever way', () => {
    const done = new Set<string>()
    const path: string[] = []
    const cycles: string[] = []
    const walk = (file: string): void => {
      const at = path.indexOf(file)
      if (at !== -1) cycles.push([...path.slice(at), file].join(' -> '))
      if (at !== -1 || done.has(file)) return
      path.push(file)
      for (const to of importsOf(file)) walk(to)
      path.pop()
      done.add(file)
    }
    for (const file of product) walk(file)
    expect(cycles).toEqual([])
  })

  it('no file of the product is longer than 300 lines', () => {
    const long = product.map((f) => [f, (text.get(f) ?? '').split('\n').length] as const).filter(([, lines]) => lines > 300)
    expect(long).toEqual([])
  })

  it('has no any, no non-null assertion, no enum, no default export and no suppressed error', () => {
    const escapes = product.flatMap((f) =>
      (text.get(f) ?? '')
        .split('\n')
        .map((line, i) => [`${f}:${i + 1}`, line] as const)
        .filter(([, line]) => /\bas any\b|: any\b|<any>|@ts-(ignore|expect-error|nocheck)|^\s*(export )?(const )?enum |export default/.test(line.replace(/\/\/.*|'[^']*'/g, '')))
        .map(([place]) => place),
    )
    expect(escapes).toEqual([])
  })

  it('takes the clock, randomness and the environment through ports only', () => {
    const leaks = product
      .filter((f) => !f.startsWith('cli/') && f !== 'base/ports.ts')
      .flatMap((f) => (text.get(f) ?? '').split('\n').flatMap((line, i) => (/\bDate\.now\(|new Date\(\)|Math\.random\(|process\.env\b|localeCompare\(/.test(line) ? [`${f}:${i + 1}`] : [])))
    expect(leaks).toEqual([])
  })

  it('covers every diagnostic code with a test or a case', () => {
    const codes = new Set(product.flatMap((f) => [...(text.get(f) ?? '').matchAll(/code: '([a-z-]+\/[a-z0-9-]+)'/g)].map((m) => m[1] ?? '')))
    const tested = [...text].filter(([f]) => f.startsWith('test/')).map(([, t]) => t).join('\n') + files.filter((f) => f.startsWith('test/cases/') && !text.has(f)).map((f) => readFileSync(join(top, f), 'utf8')).join('\n')
    expect([...codes].filter((code) => !tested.includes(code)).sort()).toEqual([])
  })

  it('keeps ARCHITECTURE.md under 150 lines, and its links lead somewhere', () => {
    const page = text.get('ARCHITECTURE.md') ?? ''
    expect(page.split('\n').length).toBeLessThan(150)
    const dead = [...page.matchAll(/\]\(([^)#]+)\)/g)].map((m) => m[1] ?? '').filter((to) => !/^https?:/.test(to) && !existsSync(join(top, to)))
    expect(dead).toEqual([])
  })
})
