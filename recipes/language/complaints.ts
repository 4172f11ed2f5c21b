// Every mistake that a recipe can hold, one function each. Codes are `recipe/...`, closed here.
import { nearest, type Diagnostic } from '../../base/diagnostic.ts'
import type { Span } from '../../base/source.ts'
import { nodeInWords, type Node } from './node.ts'

type Place = Span | undefined
type Rest = Omit<Diagnostic, 'code' | 'severity' | 'message' | 'where'>

function complaint(code: string, where: Place, message: string, rest: Rest = {}): Diagnostic {
  return { code: `recipe/${code}`, severity: 'error', message, ...(where === undefined ? {} : { where }), ...rest }
}

function didYouMean(word: string, known: Iterable<string>, otherwise?: string): { readonly hint?: string } {
  const near = nearest(word, known)
  if (near !== undefined) return { hint: `Did you mean "${near}"?` }
  return otherwise === undefined ? {} : { hint: otherwise }
}

/** Hexadecimal digits of the inputs that are checksums, in whatever pipeline. */
export const CHECKSUMS: Readonly<Record<string, number>> = { 'expected-sha256': 64, 'expected-sha512': 128, 'expected-commit': 40 }

function listed(words: readonly string[]): string {
  return words.length === 0 ? 'none' : words.join(', ')
}

export function unreadable(path: string, reason: string): Diagnostic {
  return complaint('unreadable', undefined, `File "${path}" can't be read`, { facts: [['reason', reason]] })
}

export function badYaml(where: Span, reason: string): Diagnostic {
  const flow = where.source.text.slice(where.start - 3, where.start + 3).includes('{{')
  return complaint('bad-yaml', where, 'The file is not YAML', { facts: [['reason', reason]], ...(flow ? { hint: 'Put quotes around a variable that stands in [ ] or { }' } : {}) })
}

export function emptyFile(where: Span): Diagnostic {
  return complaint('empty-file', where, 'The file holds no recipe')
}

export function unknownKind(where: Span, keys: readonly string[]): Diagnostic {
  return complaint('unknown-kind', where, 'The file is no recipe: expected a key "package", "contents", "task" or "pipeline"', {
    facts: [['keys', listed(keys)]],
    ...didYouMean(keys[0] ?? '', ['package', 'contents', 'task', 'pipeline'], 'Leave the file out with "recipes" in nacre.yaml'),
  })
}

export function duplicateKey(where: Span, key: string, first: Span): Diagnostic {
  return complaint('duplicate-key', where, `Key "${key}" stands twice in one map`, { related: [{ where: first, label: 'first here' }] })
}

export function keyNotScalar(where: Span): Diagnostic {
  return complaint('key-not-text', where, 'A key must be text', { hint: 'Put quotes around a key that starts with { or [' })
}

export function unknownAnchor(where: Span, name: string, within: boolean): Diagnostic {
  return complaint('unknown-anchor', where, within ? `Alias "*${name}" stands inside its own anchor` : `Alias "*${name}" has no anchor before it`)
}

export function aliasTooLarge(where: Span, most: number): Diagnostic {
  return complaint('alias-too-large', where, `Aliases make the document larger than ${most} values`)
}

export function badMerge(where: Span): Diagnostic {
  return complaint('bad-merge', where, '"<<" expects a map or a list of maps')
}

export function unknownKey(where: Span, record: string, key: string, known: readonly string[]): Diagnostic {
  return complaint('unknown-key', where, `Unknown key "${key}" in ${record}`, { facts: [['known', listed(known)]], ...didYouMean(key, known) })
}

export function missingKey(where: Span, record: string, key: string): Diagnostic {
  return complaint('missing-key', where, `Key "${key}" is missing in ${record}`)
}

export function wrongType(where: Span, expected: string, found: Node): Diagnostic {
  const list = expected === 'a list' && found.kind === 'scalar'
  const quoted = expected === 'a number' && found.kind === 'scalar' && !found.plain
  return complaint('wrong-type', where, `Expected ${expected}, found ${nodeInWords(found)}`, {
    ...(list ? { hint: `Write [${found.text}]` } : {}),
    ...(quoted ? { hint: 'Leave out the quotes' } : {}),
  })
}

export function wrongText(where: Span, text: string, expected: string | readonly string[]): Diagnostic {
  if (typeof expected === 'string') return complaint('wrong-text', where, `"${text}" does not fit the pattern ${expected}`)
  return complaint('wrong-text', where, `"${text}" is not one of ${expected.map((one) => `"${one}"`).join(', ')}`, didYouMean(text, expected))
}

export function badName(where: Place, name: string, pattern: string): Diagnostic {
  const variable = name.includes('${{') ? { hint: 'Variables are replaced once, and not inside what they stand for' } : {}
  return complaint('bad-name', where, `"${name}" is no package name`, { facts: [['pattern', pattern]], ...variable })
}

export function emptyVersion(where: Place): Diagnostic {
  return complaint('empty-version', where, 'The package has no version')
}

export function duplicateName(where: Place, name: string, first: Place): Diagnostic {
  return complaint('duplicate-name', where, `Two packages of this recipe are named "${name}"`, first === undefined || first.start === where?.start ? {} : { related: [{ where: first, label: 'first here' }] })
}

export function badPriority(where: Place, text: string): Diagnostic {
  return complaint('bad-priority', where, `Priority "${text}" is no whole number`)
}

export function halfCpe(where: Place, missing: string): Diagnostic {
  return complaint('half-cpe', where, `A CPE with vendor or product needs both: "${missing}" is missing`)
}

export function badCapability(where: Place, capability: string, allowed: readonly string[]): Diagnostic {
  return complaint('bad-capability', where, `Capability "${capability}" is not allowed on a file`, { facts: [['allowed', listed(allowed)]], ...didYouMean(capability, allowed) })
}

export function capabilityReason(where: Place): Diagnostic {
  return complaint('capability-reason', where, 'A file capability needs a reason')
}

export function usesAndRuns(where: Place, uses: string): Diagnostic {
  return complaint('uses-and-runs', where, `A step has either "uses" or "runs": this one uses "${uses}" and runs a script`, { hint: 'Make two steps of it' })
}

export function withWithoutUses(where: Place): Diagnostic {
  return complaint('with-without-uses', where, 'A step with "with" needs "uses"')
}

export function unknownRange(where: Place, name: string, known: readonly string[]): Diagnostic {
  return complaint('unknown-range', where, `There is no data list "${name}"`, { facts: [['known', listed(known)]], ...didYouMean(name, known) })
}

export function unknownVariable(where: Place, name: string, known: readonly string[]): Diagnostic {
  const group = `${name.split('.')[0] ?? ''}.`
  const near = known.filter((one) => one.startsWith(group))
  const groups = [...new Set(known.map((one) => `${one.split('.')[0] ?? ''}.*`))]
  return complaint('unknown-variable', where, `Variable "${name}" is not defined here`, { facts: [['known', listed(near.length > 0 ? near : groups)]], ...didYouMean(name, known) })
}

export function badReference(where: Place, text: string): Diagnostic {
  return complaint('bad-reference', where, `"${text}" is no variable: expected \${{NAME}}`)
}

export function variableCycle(where: Place, names: readonly string[]): Diagnostic {
  return complaint('variable-cycle', where, `Variables stand for each other: ${names.join(' -> ')}`)
}

export function badRegex(where: Place, pattern: string, reason: string): Diagnostic {
  return complaint('bad-regex', where, `"${pattern}" is no RE2 expression`, { facts: [['reason', reason]] })
}

export function badCondition(where: Place, text: string, at: number, reason: string): Diagnostic {
  return complaint('bad-condition', where, `The condition can't be read: ${reason}`, {
    facts: [['condition', text.trim()], ['position', String(at)]],
    hint: 'Quote plain words; leave ${{build.arch}}, ${{inputs...}} and spaced ${{ vars.x }} without quotes of their own',
  })
}

export function badUses(where: Place, uses: string): Diagnostic {
  return complaint('bad-uses', where, `Pipeline "${uses}" must be a relative name without ".."`)
}

export function unknownPipeline(where: Place, uses: string, known: readonly string[]): Diagnostic {
  return complaint('unknown-pipeline', where, `There is no pipeline "${uses}"`, didYouMean(uses, known, 'Put it into a folder that "pipelines" in nacre.yaml names'))
}

export function pipelineCycle(where: Place, names: readonly string[]): Diagnostic {
  return complaint('pipeline-cycle', where, `A pipeline uses itself: ${names.join(' -> ')}`)
}

export function unknownInput(where: Place, input: string, uses: string, known: readonly string[]): Diagnostic {
  return complaint('unknown-input', where, `Pipeline "${uses}" has no input "${input}"`, { facts: [['known', listed(known)]], ...didYouMean(input, known) })
}

export function missingInput(where: Place, input: string, uses: string): Diagnostic {
  return complaint('missing-input', where, `Pipeline "${uses}" needs the input "${input}"`)
}

export function badChecksum(where: Place, input: string, value: string): Diagnostic {
  const length = CHECKSUMS[input] ?? 0
  const hint = value.includes('${{') ? { hint: 'Checksums are checked before variables with spaces are replaced: write ${{vars.NAME}}' } : {}
  return complaint('bad-checksum', where, `Input "${input}" must be ${length} hexadecimal digits`, { facts: [['found', `${value.length} characters`]], ...hint })
}

export function wrongArchitecture(where: Place, arch: string, listedArchs: readonly string[]): Diagnostic {
  const aliases = listedArchs.some((one) => one === 'amd64' || one === 'arm64')
  return complaint('wrong-architecture', where, `The recipe is not for ${arch}`, { facts: [['target-architecture', listed(listedArchs)]], ...(aliases ? { hint: 'Write x86_64 and aarch64' } : {}) })
}

export function removedTwice(where: Place, name: string): Diagnostic {
  return complaint('removed-twice', where, `The build option removes "${name}", which stands in the environment more than once`)
}

export function badEnvironmentFile(where: Span, line: string): Diagnostic {
  return complaint('bad-environment-file', where, `Expected NAME=value, found "${line}"`)
}

export function noDigest(where: Place, uri: string): Diagnostic {
  return complaint('no-digest', where, `Source "${uri}" has no digest: expected "expected-sha256" or "expected-sha512"`)
}

export function noCommit(where: Place, repository: string): Diagnostic {
  return complaint('no-commit', where, `Repository "${repository}" has no "expected-commit"`, { hint: 'A tag or branch can move; a commit can\'t' })
}

export function badDeb(where: Place, line: string): Diagnostic {
  return complaint('bad-deb', where, `Expected "name version sha256 path", found "${line}"`)
}

export function noPlace(where: Place, line: string): Diagnostic {
  return complaint('bad-link', where, `Expected "path target", found "${line}"`)
}

export function escapingName(where: Place, path: string): Diagnostic {
  return complaint('escaping-path', where, `Path "${path}" leads out of its folder`)
}

export function includeCycle(where: Place, paths: readonly string[]): Diagnostic {
  return complaint('include-cycle', where, `Image recipes include each other: ${paths.join(' -> ')}`)
}
