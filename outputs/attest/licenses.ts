import parse from 'spdx-expression-parse'

/** A licence as SPDX documents may say it, and the references that the document must then explain. */
export interface LicenseStatement {
  readonly expression: string
  readonly references: readonly { readonly id: string; readonly name: string }[]
}

/**
 * An expression of known identifiers stays as written. Words that SPDX does not know become `LicenseRef-…`, term by term, so that a
 * document is valid whatever a recipe says (SPDX 2.3 annex D).
 */
export function licenseStatement(text: string): LicenseStatement {
  const expression = isExpression(text) ? text : termwise(text)
  const ids = [...new Set(expression.match(/LicenseRef-[A-Za-z0-9.-]+/g) ?? [])].sort()
  return { expression, references: ids.map((id) => ({ id, name: id.slice('LicenseRef-'.length) })) }
}

function termwise(text: string): string {
  const terms = text.split(/(\s+(?:AND|OR|WITH)\s+|[()])/).map((part) => part.trim()).filter((part) => part !== '')
  const known = terms.map((term) => (/^(AND|OR|WITH|\(|\))$/.test(term) || isExpression(term) ? term : reference(term)))
  const joined = known.join(' ').replaceAll('( ', '(').replaceAll(' )', ')')
  return isExpression(joined) ? joined : reference(text)
}

function reference(text: string): string {
  return `LicenseRef-${text.replace(/[^A-Za-z0-9.-]+/g, '-').replace(/^-+|-+$/g, '') || 'unnamed'}`
}

function isExpression(text: string): boolean {
  try {
    parse(text)
    return true
  } catch {
    return false
  }
}
