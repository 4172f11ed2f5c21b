import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Diagnostic } from '../../base/diagnostic.ts'
import { type Checked, complaints, ok } from '../../base/result.ts'
import type { IndexedDeb } from '../../outputs/deb/packages-index.ts'
import type { Deb, PlannedRecipe } from '../../recipes/plan/planned.ts'
import { type Arguments, flag, has } from '../arguments.ts'
import { exitCodes } from '../exit.ts'
import { interrupts } from '../interrupt.ts'
import { aptSources } from '../machine/apt-mirrors.ts'
import { debianIndex, debianKeyring, suiteOf } from '../machine/debian-index.ts'
import { mirrorResolver } from '../machine/mirrors.ts'
import { complain } from '../output.ts'
import { openSession, type Session } from '../session.ts'

/** A pin that the index has moved on from. */
interface Change {
  readonly file: string
  readonly from: Deb
  readonly to: IndexedDeb
}

/** `nacre lock`: pins of `bootstrap/debs` follow the package index; nothing else in the recipes is touched. */
export async function lockCommand(from: Arguments): Promise<number> {
  const session = openSession(from)
  if (session.kind === 'complaints') return complain(session.diagnostics, from)
  using interrupt = interrupts()
  const changes = await changesOf(session.value, from, interrupt.signal)
  if (interrupt.signal.aborted) return exitCodes.interrupted
  if (changes.kind === 'complaints') return complain(changes.diagnostics, from)
  const check = has(from, 'check')
  if (!check) for (const file of new Set(changes.value.map((change) => change.file))) rewrite(session.value, file, changes.value)
  if (has(from, 'json')) process.stdout.write(`${JSON.stringify({ changed: changes.value.map(({ file, from: old, to }) => ({ file, name: old.name, from: old.version, to: to.version })) })}\n`)
  else process.stdout.write(changes.value.length === 0 ? 'every pin is what the index has\n' : changes.value.map(({ file, from: old, to }) => `${file}: ${old.name} ${old.version} -> ${to.version}\n`).join(''))
  return check && changes.value.length > 0 ? exitCodes.failed : exitCodes.done
}

async function changesOf(session: Session, from: Arguments, signal: AbortSignal): Promise<Checked<readonly Change[]>> {
  const recipes = pinnedRecipes(session, from.words)
  if (recipes.kind === 'complaints' || recipes.value.length === 0) return recipes.kind === 'complaints' ? recipes : ok([])
  const named = suiteOf(flag(from, 'suite'), aptSources())
  if (named.kind === 'complaints') return named
  const suite = named.value
  if (has(from, 'offline')) return complaints([{ code: 'lock/offline', severity: 'error', message: 'The package index lies on a mirror, and --offline forbids fetching it', hint: 'run without --offline' }])
  const arch = session.arch === 'aarch64' ? 'arm64' : 'amd64'
  const index = await debianIndex({ arch, suite, resolve: mirrorResolver(session.workspace.config.mirrors), keyring: resolve(flag(from, 'keyring') ?? debianKeyring), unsigned: has(from, 'unsigned'), signal })
  if (index.kind === 'complaints') return index
  const diagnostics: Diagnostic[] = []
  const changes = recipes.value.flatMap((recipe) => debsOf(recipe).flatMap((deb): readonly Change[] => {
    const found = index.value.get(deb.name)
    if (found === undefined) diagnostics.push({ code: 'lock/unknown-deb', severity: 'error', message: `Suite "${suite}" has no package "${deb.name}"`, facts: [['recipe', recipe.path]], hint: 'it was renamed or removed: look for what replaced it' })
    else if (found.version !== deb.version || found.sha256 !== deb.sha256 || found.path !== deb.path) return [{ file: recipe.path, from: deb, to: found }]
    return []
  }))
  return diagnostics.length > 0 ? complaints(diagnostics) : ok(changes)
}

/** Recipes with pins: all of the workspace, or those whose name or file is given. */
function pinnedRecipes({ plan, workspace }: Session, words: readonly string[]): Checked<readonly PlannedRecipe[]> {
  const pinned = plan.catalogue.recipes.filter((recipe) => debsOf(recipe).length > 0)
  const chosen = (recipe: PlannedRecipe, word: string): boolean => word === recipe.origin || word === `package:${recipe.origin}` || resolve(word) === resolve(workspace.folder, recipe.path)
  const unknown = words.filter((word) => !pinned.some((recipe) => chosen(recipe, word)))
  if (unknown.length > 0) return complaints(unknown.map((word): Diagnostic => ({ code: 'lock/no-pins', severity: 'error', message: `"${word}" is no recipe of this workspace with pinned packages`, hint: 'recipes that use bootstrap/debs have pins' })))
  return ok(words.length === 0 ? pinned : pinned.filter((recipe) => words.some((word) => chosen(recipe, word))))
}

function debsOf(recipe: PlannedRecipe): readonly Deb[] {
  return recipe.sources.flatMap((source) => (source.kind === 'debs' ? source.debs : []))
}

/** A pin is four words with spaces between them, and the digest makes it unlike any other text of the file. */
function rewrite({ workspace }: Session, file: string, changes: readonly Change[]): void {
  const path = resolve(workspace.folder, file)
  let text = readFileSync(path, 'utf8')
  for (const { file: of, from, to } of changes) {
    if (of !== file) continue
    const [name, version, sha256, place] = [from.name, from.version, from.sha256, from.path].map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    const pin = new RegExp(`(?<=^|\\s)${name}(\\s+)${version}(\\s+)${sha256}(\\s+)${place}(?=\\s|$)`, 'gm')
    text = text.replace(pin, (_, a: string, b: string, c: string) => `${to.name}${a}${to.version}${b}${to.sha256}${c}${to.path}`)
  }
  writeFileSync(path, text)
}
