/** Values by variable name (`package.name`, without `${{ }}`). */
export interface Variables {
  get(name: string): string | undefined
  has(name: string): boolean
  keys(): Iterable<string>
}

/** The names of both; what `inner` says counts. A step has a scope of its own, and copying those above it took a third of compiling. */
export function layered(outer: Variables, inner: Variables): Variables {
  return {
    get: (name) => inner.get(name) ?? outer.get(name),
    has: (name) => inner.has(name) || outer.has(name),
    keys: () => new Set([...outer.keys(), ...inner.keys()]),
  }
}

export type Problem =
  | { readonly kind: 'unknown'; readonly name: string }
  /** `${{` without a name, or without its `}}`. */
  | { readonly kind: 'bad'; readonly text: string }

export interface Substituted {
  readonly text: string
  readonly problems: readonly Problem[]
}

/**
 * The parse pass: replaces the exact text `${{name}}` wherever it stands, once, never looking at what it put in.
 * Unknown names, and names with spaces around them, stay as they are. Source: Go's strings.Replacer over such pairs.
 */
export function replaceExact(text: string, variables: Variables): string {
  let out = ''
  let done = 0
  for (let at = text.indexOf('${{'); at !== -1; at = text.indexOf('${{', at)) {
    const end = text.indexOf('}}', at)
    const value = end === -1 ? undefined : variables.get(text.slice(at + 3, end))
    if (value === undefined) {
      at += 1
      continue
    }
    out += text.slice(done, at) + value
    done = at = end + 2
  }
  return out + text.slice(done)
}

const REFERENCE = /\$\{\{(\s*)([A-Za-z0-9._-]*)(\s*)(\}\})?/g

/** The compile pass: replaces `${{ name }}`, spaces allowed; an unknown name is a problem and stays as written. */
export function substitute(text: string, variables: Variables, options: { readonly quoted?: boolean } = {}): Substituted {
  if (!text.includes('${{')) return { text, problems: [] }
  const problems: Problem[] = []
  const replaced = text.replace(REFERENCE, (whole: string, _before: string, name: string, _after: string, close: string | undefined) => {
    if (name === '' || close === undefined) {
      problems.push({ kind: 'bad', text: whole })
      return whole
    }
    const value = variables.get(name)
    if (value === undefined) {
      problems.push({ kind: 'unknown', name })
      return whole
    }
    return options.quoted === true ? JSON.stringify(value) : value
  })
  return { text: replaced, problems }
}

/** The names that a text refers to in the compile pass. */
export function referencesIn(text: string): readonly string[] {
  return !text.includes('${{') ? [] : [...text.matchAll(REFERENCE)].flatMap(([, , name]) => (name === undefined || name === '' ? [] : [name]))
}
