import { type Arguments, has } from '../arguments.ts'
import { complain } from '../output.ts'
import { tally } from '../render/words.ts'
import { machineFor, openSession, targetsOf } from '../session.ts'
import { buildTargets } from './build.ts'

/** `nacre test`: runs the tests of targets, and builds what they need. */
export async function testCommand(from: Arguments): Promise<number> {
  const session = openSession(from)
  if (session.kind === 'complaints') return complain(session.diagnostics, from)
  const targets = targetsOf(session.value, from)
  if (targets.kind === 'complaints') return complain(targets.diagnostics, from)
  const { plan } = session.value
  const untested = targets.value.filter((target) => plan.request(target, 'test').wants.length === 0)
  for (const { kind, name } of untested) process.stderr.write(`nacre: ${kind}:${name} has no tests\n`)
  const machine = machineFor(session.value, from)
  if (machine.kind === 'complaints') return complain(machine.diagnostics, from)
  await using made = machine.value
  const { report, code } = await buildTargets({ session: session.value, machine: made, from, what: 'test' }, targets.value)
  const { ran, hit, cutOff, failed } = report.counts
  if (has(from, 'json')) process.stdout.write(`${JSON.stringify({ ran, hit, cutOff, failed, seconds: report.ms / 1000, untested: untested.map(({ kind, name }) => `${kind}:${name}`) })}\n`)
  else process.stdout.write(`${tally(report.counts, report.ms)}\n`)
  return code
}
