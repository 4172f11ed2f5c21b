import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { formatRecipe } from '../../recipes/language/format.ts'
import { readYaml } from '../../recipes/language/yaml.ts'
import { top } from '../rig.ts'

function formatted(text: string): string {
  const result = formatRecipe({ path: 'a.yaml', text })
  if (result.kind === 'complaints') throw new Error(JSON.stringify(result.diagnostics))
  return result.value
}

function yamlIn(folder: string): readonly string[] {
  return readdirSync(join(top, folder), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile() && entry.name.endsWith('.yaml')).map((entry) => join(entry.parentPath, entry.name))
}

function meaning(text: string): string {
  return JSON.stringify(readYaml({ path: 'a.yaml', text }).map(({ root }) => root), (key, value: unknown) => (key === 'span' || key === 'keySpan' ? undefined : value))
}

describe('the formatter', () => {
  it('indents by two, sets parts apart, and keeps comments, quotes and broken lines', () => {
    const text = `# First comment
package:
    name:   a
    version: "1.0"   # quoted
    description: A long description over
      two lines
environment:
    contents:
        packages:
        - x



        - y
pipeline:
- runs: |
      echo one
        echo two
- name: folded
  runs: >-
      echo three
      four

# About the update
update: {enabled: false}
`
    expect(formatted(text)).toBe(`# First comment
package:
  name: a
  version: "1.0" # quoted
  description: A long description over
    two lines

environment:
  contents:
    packages:
      - x

      - y

pipeline:
  - runs: |
      echo one
        echo two
  - name: folded
    runs: >-
      echo three
      four

# About the update
update: {enabled: false}
`)
  })

  it('keeps several documents apart', () => {
    expect(formatted('a:   1\n---\nb:   2\n')).toBe('a: 1\n---\nb: 2\n')
  })

  it('leaves spaces and empty lines alone that belong to a text', () => {
    const text = 'a:   |\n  one  \n\n\n\n  two\n'
    expect(formatted(text)).toBe('a: |\n  one  \n\n\n\n  two\n')
  })

  it('means the same for every recipe that it was ever given, and changes nothing the second time', () => {
    const files = [...yamlIn('recipes'), ...yamlIn('test/vectors/recipes')]
    expect(files.length).toBeGreaterThan(100)
    for (const path of files) {
      const text = readFileSync(path, 'utf8')
      const result = formatRecipe({ path, text })
      if (result.kind === 'complaints') continue
      expect([path, meaning(result.value)]).toEqual([path, meaning(text)])
      expect([path, formatted(result.value)]).toEqual([path, result.value])
    }
  })

  it('has been run over the catalogue', () => {
    for (const path of yamlIn('recipes')) expect([path, formatted(readFileSync(path, 'utf8'))]).toEqual([path, readFileSync(path, 'utf8')])
  })
})
