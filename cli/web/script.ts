import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The page's program, compiled. The one path fits from this file and from dist/bundle. */
const entry = fileURLToPath(new URL('../../dist/cli/web/page/main.js', import.meta.url))

/** Imports and exports as the compiler writes them: one statement a line, by name. */
const importLine = /^import \{([^}]*)\} from '([^']+)';?$/gm
const exportWord = /^export (?=(?:async )?(?:function\*?|class|const) ([\w$]+))/gm

/** The page's modules as one script without imports: each becomes a function that is called once, after those that it imports. */
export function pageScript(): string {
  const modules = new Map<string, string>()
  link(entry, modules)
  return `'use strict';\nconst modules = {};\n${[...modules.values()].join('\n')}\n`
}

function link(file: string, modules: Map<string, string>): void {
  if (modules.has(file)) return
  const source = readFileSync(file, 'utf8')
  const imports = [...source.matchAll(importLine)].map(([, names = '', from = '']) => ({ names, file: join(dirname(file), from) }))
  for (const { file: imported } of imports) link(imported, modules)
  const names = [...source.matchAll(exportWord)].map(([, name]) => name ?? '')
  const body = source.replace(importLine, '').replace(exportWord, '').replace(/^export \{\};?$/gm, '')
  const given = imports.map(({ names: each, file: imported }) => `const {${each.replaceAll(' as ', ': ')}} = modules[${nameOf(imported)}];`)
  modules.set(file, `modules[${nameOf(file)}] = (() => {\n${given.join('\n')}\n${body}\nreturn { ${names.join(', ')} };\n})();`)
}

/** Relative, so that the page is the same wherever nacre is installed. */
function nameOf(file: string): string {
  const from = dirname(dirname(dirname(entry)))
  return JSON.stringify(file.slice(from.length + 1))
}
