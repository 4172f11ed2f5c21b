import { writeFileSync } from 'node:fs'
import type { Diagnostic } from '../../base/diagnostic.ts'
import { formatRecipe } from '../../recipes/language/format.ts'
import { loadSource } from '../../recipes/language/load.ts'
import { type Arguments, has } from '../arguments.ts'
import { exitCodes } from '../exit.ts'
import { complain } from '../output.ts'
import { recipeFiles } from '../recipe-files.ts'

/** `nacre fmt`: recipes in the usual layout. A file that is no YAML is told and left alone; the others are written all the same. */
export function fmtCommand(from: Arguments): number {
  const files = recipeFiles(from)
  if (files.kind === 'complaints') return complain(files.diagnostics, from)
  const diagnostics: Diagnostic[] = []
  const changed: string[] = []
  const check = has(from, 'check')
  for (const { path, shown } of files.value) {
    const source = loadSource(path, shown)
    const formatted = source.kind === 'ok' ? formatRecipe(source.value) : source
    if (source.kind === 'complaints' || formatted.kind === 'complaints') {
      diagnostics.push(...(formatted.kind === 'complaints' ? formatted.diagnostics : []))
      continue
    }
    if (formatted.value === source.value.text) continue
    changed.push(shown)
    if (!check) writeFileSync(path, formatted.value)
  }
  if (has(from, 'json') && diagnostics.length === 0) process.stdout.write(`${JSON.stringify({ changed })}\n`)
  else process.stdout.write(changed.map((shown) => `${shown}\n`).join(''))
  if (diagnostics.length > 0) return complain(diagnostics, from)
  return check && changed.length > 0 ? exitCodes.failed : exitCodes.done
}
