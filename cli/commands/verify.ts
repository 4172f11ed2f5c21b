import type { Target } from '../../recipes/workspace/workspace.ts'
import { type Arguments, has } from '../arguments.ts'
import { exitCodes } from '../exit.ts'
import { nameOf } from '../foresight.ts'
import { complain } from '../output.ts'
import { machineFor, openSession, type Session, targetsOf } from '../session.ts'
import { exceptionOf, ownActions } from '../verify/own-actions.ts'
import { rebuild, type Rebuilt } from '../verify/rebuild.ts'
import { rehash } from '../verify/rehash.ts'
import type { Machine } from '../wire.ts'
import { buildTargets } from './build.ts'

/** What came out for one target: an object for programs, lines for people, and the exit code. */
interface Verdict {
  readonly json: object
  readonly lines: readonly string[]
  readonly code: number
}

/** `nacre verify`: the store holds what the target is said to be; with --rebuild, another build gives the same bytes. */
export async function verifyCommand(from: Arguments): Promise<number> {
  const session = openSession(from)
  if (session.kind === 'complaints') return complain(session.diagnostics, from)
  const targets = targetsOf(session.value, from)
  if (targets.kind === 'complaints') return complain(targets.diagnostics, from)
  const machine = machineFor(session.value, from)
  if (machine.kind === 'complaints') return complain(machine.diagnostics, from)
  await using made = machine.value
  const verdicts: Verdict[] = []
  for (const target of targets.value) {
    const verdict = await verify({ session: session.value, machine: made, from }, target)
    if (typeof verdict === 'number') return verdict
    verdicts.push(verdict)
    if (!has(from, 'json')) process.stdout.write(verdict.lines.map((line) => `${line}\n`).join(''))
  }
  if (has(from, 'json')) process.stdout.write(`${JSON.stringify({ targets: verdicts.map(({ json }) => json) })}\n`)
  return Math.max(exitCodes.done, ...verdicts.map(({ code }) => code))
}

interface Setting {
  readonly session: Session
  readonly machine: Machine
  readonly from: Arguments
}

/** A number is the exit code of a build that did not come to its end. */
async function verify(setting: Setting, target: Target): Promise<Verdict | number> {
  const { session, machine, from } = setting
  const { report, code } = await buildTargets({ ...setting, what: 'build', quiet: true }, [target])
  if (report.outcome !== 'done') return code
  if (!has(from, 'rebuild')) {
    const { blobs, apks, problems } = await rehash(machine.store, report)
    return {
      json: { target: nameOf(target), blobs, apks, problems },
      lines: problems.length === 0 ? [`${nameOf(target)} is what the store says: ${blobs} blobs hashed again${apks > 0 ? `, ${apks} apks unpacked` : ''}`] : [`${nameOf(target)} is not what the store says; the next build makes it again`, ...problems.map((line) => `  ${line}`)],
      code: problems.length === 0 ? exitCodes.done : exitCodes.failed,
    }
  }
  const own = ownActions(session, report, target)
  const rebuilt = await rebuild({ ...setting, first: report, own })
  if (rebuilt.kind === 'complaints') return complain(rebuilt.diagnostics, from)
  if (rebuilt.value.code !== exitCodes.done) return rebuilt.value.code
  return verdictOf(target, rebuilt.value, exceptionOf(session, target))
}

function verdictOf(target: Target, { same, different, below }: Rebuilt, exception: string | undefined): Verdict {
  const name = nameOf(target)
  const json = { target: name, reproducible: different.length === 0, same, different, below, ...(exception === undefined ? {} : { exception }) }
  if (different.length === 0) {
    const stale = exception === undefined ? [] : [`  its recipe says that it can't be, and that may go: ${exception}`]
    return { json, lines: [`${name} is reproducible: ${same.length} actions gave the same bytes again`, ...stale], code: exitCodes.done }
  }
  const places = different.flatMap(({ id, places: each }) => [`  ${id} gave something else:`, ...each.map((place) => `    ${place}`)])
  const rest = below.length > 0 ? [`  and so did what is made of it: ${below.join(', ')}`] : []
  if (exception !== undefined) return { json, lines: [`${name} is not reproducible, as its recipe says: ${exception}`, ...places, ...rest], code: exitCodes.done }
  return { json, lines: [`${name} is not reproducible`, ...places, ...rest], code: exitCodes.failed }
}
