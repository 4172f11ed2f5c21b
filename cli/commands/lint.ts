import { resolve } from 'node:path'
import type { Diagnostic } from '../../base/diagnostic.ts'
import { renderDiagnostics } from '../../base/render-diagnostic.ts'
import { type Checked, complaints, ok } from '../../base/result.ts'
import { LeafRecorder } from '../../engine/leaves.ts'
import { lintImage, lintPackage } from '../../recipes/language/lint.ts'
import { loadSource } from '../../recipes/language/load.ts'
import { type ParsedRecipe, parseRecipes } from '../../recipes/language/recipe.ts'
import { recipePaths } from '../../recipes/workspace/workspace.ts'
import { type Arguments, has } from '../arguments.ts'
import { exitCodes } from '../exit.ts'
import { complain, inkOf, plain } from '../output.ts'
import { recipeFiles } from '../recipe-files.ts'
import { openSession } from '../session.ts'
import { styleOf } from '../render/style.ts'

/** `nacre lint`: all that can be known of recipes without building. Mistakes give 2, warnings 1. */
export function lintCommand(from: Arguments): number {
  const found = findings(from)
  if (found.kind === 'complaints') return complain(found.diagnostics, from)
  if (has(from, 'json')) process.stdout.write(`${JSON.stringify({ diagnostics: found.value.map(plain) })}\n`)
  else if (found.value.length > 0) process.stdout.write(`${renderDiagnostics(found.value, inkOf(styleOf(process.stdout, process.env)))}\n`)
  return found.value.length > 0 ? exitCodes.failed : exitCodes.done
}

/** The files that are named; without names the whole workspace, which is also compiled. */
function findings(from: Arguments): Checked<readonly Diagnostic[]> {
  if (from.words.length === 0) {
    const session = openSession(from)
    if (session.kind === 'complaints') return session
    const { folder, config } = session.value.workspace
    return lintFiles(recipePaths(folder, config, new LeafRecorder(0)).map((path) => ({ path: resolve(folder, path), shown: path })))
  }
  const files = recipeFiles(from)
  return files.kind === 'complaints' ? files : lintFiles(files.value)
}

function lintFiles(files: readonly { readonly path: string; readonly shown: string }[]): Checked<readonly Diagnostic[]> {
  const wrong: Diagnostic[] = []
  const found: Diagnostic[] = []
  for (const { path, shown } of files) {
    const source = loadSource(path, shown)
    const parsed = source.kind === 'ok' ? parseRecipes(source.value) : source
    if (parsed.kind === 'complaints') wrong.push(...parsed.diagnostics)
    else found.push(...parsed.value.flatMap(lint))
  }
  return wrong.length > 0 ? complaints(wrong) : ok(found)
}

function lint(parsed: ParsedRecipe): readonly Diagnostic[] {
  switch (parsed.kind) {
    case 'package':
      return lintPackage(parsed)
    case 'image':
      return lintImage(parsed)
    case 'task':
    case 'pipeline':
      return []
  }
}
