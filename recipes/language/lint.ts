import parseExpression from 'spdx-expression-parse'
import type { Diagnostic } from '../../base/diagnostic.ts'
import type { ParsedImage, ParsedPackage } from './recipe.ts'
import type { Step } from './schema/step.ts'
import { where } from './schema/type.ts'

/** What a package recipe may be, but had better not: each a warning with what to do. */
export function lintPackage(parsed: ParsedPackage): readonly Diagnostic[] {
  const { recipe } = parsed
  const { bootstrap } = recipe.package
  return [
    ...(bootstrap ? [] : [...untested(parsed), ...unwatched(parsed)]),
    ...licences(parsed),
    ...(recipe.package.description === '' ? [finding(parsed, { code: 'lint/no-description', message: `Package "${recipe.package.name}" has no description`, hint: 'one line that says what it is' })] : []),
    ...[recipe.pipeline, ...recipe.subpackages.map((one) => one.pipeline)].flatMap((steps) => steps.flatMap((step) => insecure(step))),
    ...unused(parsed),
  ]
}

export function lintImage(parsed: ParsedImage): readonly Diagnostic[] {
  const { recipe } = parsed
  const found: Diagnostic[] = []
  if (recipe.test.commands.length === 0) found.push(finding(parsed, { code: 'lint/no-test', message: `Image "${parsed.name}" has no test`, hint: 'test: {commands: [{run: [/usr/bin/program, --version]}]}' }))
  if (recipe.accounts.runAs === '' || recipe.accounts.runAs === '0' || recipe.accounts.runAs === 'root') {
    found.push(finding(parsed, { code: 'lint/runs-as-root', message: `Image "${parsed.name}" runs as root`, hint: 'set accounts.run-as to a user of its own' }))
  }
  return found
}

type Words = Pick<Diagnostic, 'code' | 'message'> & { readonly hint: string }

function finding(parsed: ParsedPackage | ParsedImage, words: Words): Diagnostic {
  const place = parsed.kind === 'package' ? where(parsed.recipe.package, 'name') : undefined
  return { ...words, severity: 'warning', where: place ?? { source: parsed.source, start: 0, end: 0 } }
}

function untested(parsed: ParsedPackage): readonly Diagnostic[] {
  const { recipe } = parsed
  const tested = [recipe.test, ...recipe.subpackages.map((one) => one.test)].some((test) => test !== undefined && test.pipeline.length > 0)
  return tested ? [] : [finding(parsed, { code: 'lint/no-test', message: `Package "${recipe.package.name}" has no test`, hint: 'add test: with a pipeline that runs what was built' })]
}

function unwatched(parsed: ParsedPackage): readonly Diagnostic[] {
  const { recipe } = parsed
  const written = /^update:/m.test(parsed.source.text)
  return written ? [] : [finding(parsed, { code: 'lint/no-update', message: `Nothing says where new versions of "${recipe.package.name}" are found`, hint: 'add update:, or update: {enabled: false} with an exclude-reason' })]
}

function licences(parsed: ParsedPackage): readonly Diagnostic[] {
  const { copyright, name } = parsed.recipe.package
  if (copyright.length === 0) return [finding(parsed, { code: 'lint/no-license', message: `Package "${name}" names no licence`, hint: 'add copyright: [{license: MIT}]' })]
  return copyright.flatMap((one): readonly Diagnostic[] => {
    if (one.license.includes('${{') || isExpression(one.license)) return []
    const place = where(one, 'license')
    return [{ code: 'lint/bad-license', severity: 'warning', message: `"${one.license}" is no SPDX licence expression`, ...(place === undefined ? {} : { where: place }), hint: 'spdx.org/licenses lists the names; LicenseRef-NAME stands for others' }]
  })
}

function isExpression(text: string): boolean {
  try {
    parseExpression(text)
    return true
  } catch {
    return false
  }
}

/** The digest protects the content, but whoever listens still learns what is built. */
function insecure(step: Step): readonly Diagnostic[] {
  const uri = step.uses === 'fetch' ? (step.with['uri'] ?? '') : ''
  const place = where(step, 'with', 'uri')
  const own: readonly Diagnostic[] = uri.startsWith('http://') ? [{ code: 'lint/plain-http', severity: 'warning', message: `"${uri}" is fetched without TLS`, ...(place === undefined ? {} : { where: place }), hint: 'use https:// if the server has it' }] : []
  return [...own, ...step.pipeline.flatMap(insecure)]
}

/** Pipelines of a recipe can use a variable just by its name in the text. */
function unused({ recipe, source }: ParsedPackage): readonly Diagnostic[] {
  return Object.keys(recipe.vars).flatMap((name): readonly Diagnostic[] => {
    if (new RegExp(`vars\\.${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![\\w-])`).test(source.text)) return []
    const place = where(recipe, 'vars', name)
    return [{ code: 'lint/unused-variable', severity: 'warning', message: `Variable "${name}" is never used`, ...(place === undefined ? {} : { where: place }), hint: 'remove it' }]
  })
}
