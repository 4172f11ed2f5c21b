import type { Diagnostic } from './diagnostic.ts'
import { codeFrame, positionOf, type Span } from './source.ts'

/** Marks parts of a rendered diagnostic for a terminal; the default marks nothing. */
export interface Ink {
  readonly error: (text: string) => string
  readonly warning: (text: string) => string
  readonly strong: (text: string) => string
  readonly faint: (text: string) => string
}

const same = (text: string): string => text
export const plainInk: Ink = { error: same, warning: same, strong: same, faint: same }

/**
 * A diagnostic as text, without a new line at its end:
 *
 *     path:line:column error[code] message
 *       the source line
 *           ^^^^
 *       label: fact
 *       hint: what to do
 */
export function renderDiagnostic(diagnostic: Diagnostic, ink: Ink = plainInk): string {
  const { where, severity, code, message, related = [], facts = [], hint } = diagnostic
  const mark = severity === 'error' ? ink.error : ink.warning
  const place = where === undefined ? '' : `${ink.strong(placeOf(where))} `
  return [
    `${place}${mark(`${severity}[${code}]`)} ${visible(message)}`,
    ...(where === undefined ? [] : frame(where, mark)),
    ...related.flatMap((one) => [`  ${ink.strong(placeOf(one.where))} ${visible(one.label)}`, ...frame(one.where, ink.faint)]),
    ...facts.flatMap(([label, value]) => fact(label, value)),
    ...(hint === undefined ? [] : [`  hint: ${visible(hint)}`]),
  ].join('\n')
}

/** Diagnostics in the order of their places in each file, a blank line between two. */
export function renderDiagnostics(diagnostics: readonly Diagnostic[], ink: Ink = plainInk): string {
  return inOrder(diagnostics).map((one) => renderDiagnostic(one, ink)).join('\n\n')
}

/** `path:line:column`, which terminals and editors make a link of. */
export function placeOf(where: Span): string {
  const { line, column } = positionOf(where.source, where.start)
  return `${visible(where.source.path)}:${line}:${column}`
}

function inOrder(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const files = [...new Set(diagnostics.map((one) => one.where?.source.path))]
  return files.flatMap((path) => diagnostics.filter((one) => one.where?.source.path === path).sort((a, b) => (a.where?.start ?? 0) - (b.where?.start ?? 0)))
}

function frame(where: Span, mark: (text: string) => string): readonly string[] {
  const [line, carets] = codeFrame(where)
  return line.trim() === '' ? [] : [`  ${visible(line)}`, `  ${mark(carets)}`]
}

function fact(label: string, value: string): readonly string[] {
  const [first = '', ...rest] = value.split('\n').map(visible)
  return [`  ${visible(label)}: ${first}`, ...rest.map((line) => `    ${line}`)]
}

/** A recipe or a log can hold escape sequences; a terminal must not obey them. */
function visible(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, (character) => (character === '\n' || character === '\t' ? ' ' : '\ufffd'))
}
