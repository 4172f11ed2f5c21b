import type { Check } from '../../engine/sandbox/detect.ts'
import { type Arguments, flag, has } from '../arguments.ts'
import { exitCodes } from '../exit.ts'
import { examine } from '../machine/examine.ts'
import { storePlace } from '../machine/places.ts'
import { type Style, styleOf } from '../render/style.ts'

/** `nacre doctor`: whether this machine can build, and what to do where it can't. */
export async function doctorCommand(from: Arguments): Promise<number> {
  const checks = await examine(storePlace(flag(from, 'store'), process.env))
  const well = checks.every(({ required, result }) => !required || result.kind === 'ok')
  if (has(from, 'json')) process.stdout.write(`${JSON.stringify({ ok: well, checks: checks.map(({ name, required, result }) => ({ name, required, ...result })) })}\n`)
  else process.stdout.write(tell(checks, styleOf(process.stdout, process.env)))
  return well ? exitCodes.done : exitCodes.machine
}

function tell(checks: readonly Check[], style: Style): string {
  const width = Math.max(...checks.map(({ name }) => name.length))
  const lines = checks.flatMap(({ name, required, result }) => {
    if (result.kind === 'ok') return [`${style.green('ok     ')}  ${name.padEnd(width)}  ${result.detail}`]
    const mark = required ? style.red('missing') : style.yellow('without')
    return [`${mark}  ${name.padEnd(width)}  ${result.reason}`, `${' '.repeat(width + 11)}hint: ${result.hint}`]
  })
  return `${lines.join('\n')}\n`
}
