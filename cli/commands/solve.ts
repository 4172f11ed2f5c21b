import type { Diagnostic } from '../../base/diagnostic.ts'
import { type Checked, complaints, ok } from '../../base/result.ts'
import { parseDependency } from '../../outputs/apk/dependency.ts'
import { type Reason, type Selected, solve } from '../../outputs/apk/solver.ts'
import type { Repository } from '../../outputs/apk/solver-universe.ts'
import { unsolvable } from '../../recipes/kinds/unsolvable.ts'
import { type Arguments, flag, flags, has } from '../arguments.ts'
import { exitCodes } from '../exit.ts'
import { interrupts } from '../interrupt.ts'
import { machineArch } from '../machine/places.ts'
import { openKeyring, openRepository } from '../machine/repository.ts'
import { complain } from '../output.ts'

/** `nacre solve`: what apk would install for a world, in install order, and why. */
export async function solveCommand(from: Arguments): Promise<number> {
  using interrupt = interrupts()
  const repositories = await openRepositories(from, interrupt.signal)
  if (interrupt.signal.aborted) return exitCodes.interrupted
  if (repositories.kind === 'complaints') return complain(repositories.diagnostics, from)
  const solution = solve({ world: from.words, repositories: repositories.value })
  if (solution.kind === 'unsolvable') return complain([unsolvable(`the world "${from.words.join(' ')}"`, solution.chain)], from)
  const { packages } = solution
  if (has(from, 'json')) process.stdout.write(`${JSON.stringify({ packages: packages.map((one) => plain(one, has(from, 'explain'))) })}\n`)
  else process.stdout.write(packages.map((one) => `${told(one, has(from, 'explain'))}\n`).join(''))
  return exitCodes.done
}

async function openRepositories(from: Arguments, signal: AbortSignal): Promise<Checked<readonly Repository[]>> {
  const diagnostics: Diagnostic[] = []
  const places = flags(from, 'repository')
  if (from.words.length === 0) diagnostics.push({ code: 'cli/usage', severity: 'error', message: 'nacre solve takes the packages that are wanted', hint: "nacre solve busybox 'openssl>=3' --repository DIR" })
  for (const word of from.words) if (parseDependency(word) === undefined) diagnostics.push({ code: 'cli/bad-dependency', severity: 'error', message: `"${word}" is no dependency`, hint: "expected NAME, NAME=VERSION, NAME>=VERSION, NAME~VERSION, !NAME or NAME@TAG" })
  if (places.length === 0) diagnostics.push({ code: 'cli/usage', severity: 'error', message: 'nacre solve needs a repository to choose from', hint: '--repository DIR, more than once if you like' })
  const keys = flags(from, 'keyring')
  const ring = openKeyring(keys)
  if (ring.kind === 'complaints') diagnostics.push(...ring.diagnostics)
  if (ring.kind === 'complaints' || diagnostics.length > 0) return complaints(diagnostics)
  const options = { arch: flag(from, 'arch') ?? machineArch(), offline: has(from, 'offline'), signal, ...(keys.length === 0 ? {} : { ring: ring.value }) }
  const opened = await Promise.all(places.map((place) => openRepository(place, options)))
  if (keys.length === 0) process.stderr.write('nacre: signatures are not checked: no --keyring is given\n')
  const wrong = opened.flatMap((each) => (each.kind === 'complaints' ? each.diagnostics : []))
  return wrong.length > 0 ? complaints(wrong) : ok(opened.flatMap((each) => (each.kind === 'ok' ? [each.value] : [])))
}

function plain({ record, repository, reasons }: Selected, explain: boolean): object {
  const { name, version } = record
  return explain ? { name, version, repository: repository?.name, reasons } : { name, version }
}

function told({ record, reasons }: Selected, explain: boolean): string {
  const head = `${record.name} ${record.version}`
  return explain ? [head, ...reasons.map((reason) => `  ${tellReason(reason)}`)].join('\n') : head
}

function tellReason(reason: Reason): string {
  switch (reason.kind) {
    case 'world':
      return `the world wants ${reason.dependency}`
    case 'needed':
      return `${reason.by} needs ${reason.dependency}`
    case 'install-if':
      return `it goes with ${reason.conditions.join(' ')}`
  }
}
