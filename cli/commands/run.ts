import { constants } from 'node:os'
import { Fault } from '../../base/result.ts'
import type { Output } from '../../cache/cache.ts'
import type { SandboxExit } from '../../engine/sandbox/sandbox.ts'
import type { ImageResult } from '../../recipes/kinds/image.ts'
import { commandOf, imageSandbox } from '../../recipes/kinds/image-sandbox.ts'
import { readJson } from '../../recipes/kinds/json-blob.ts'
import { imageNode } from '../../recipes/plan/image-actions.ts'
import { ActionGraph } from '../../engine/graph.ts'
import { type Arguments, flag } from '../arguments.ts'
import { exitCodes } from '../exit.ts'
import { interrupts } from '../interrupt.ts'
import { complain } from '../output.ts'
import { machineFor, openSession, targetsOf } from '../session.ts'
import type { Machine } from '../wire.ts'
import { buildNodes } from '../run-build.ts'

/** `nacre run`: an image's program in the sandbox, on the user's own terminal. Its exit code is the program's. */
export async function runImageCommand(from: Arguments): Promise<number> {
  const session = openSession(from)
  if (session.kind === 'complaints') return complain(session.diagnostics, from)
  if (from.words.length !== 1) return complain([{ code: 'cli/usage', severity: 'error', message: 'nacre run takes one image; what follows -- goes to its program', hint: "nacre run image:jq -- -n '1+1'" }], from)
  const targets = targetsOf(session.value, { ...from, words: from.words.map((word) => imageWord(word, session.value.plan.names().image)) })
  if (targets.kind === 'complaints') return complain(targets.diagnostics, from)
  const image = session.value.plan.images.find((each) => targets.value.some(({ kind, name }) => kind === 'image' && name === each.name))
  if (image === undefined) return complain([{ code: 'cli/not-an-image', severity: 'error', message: `"${from.words[0] ?? ''}" is not an image, and only images run`, hint: 'nacre graph --format targets lists the images' }], from)
  const machine = machineFor(session.value, from)
  if (machine.kind === 'complaints') return complain(machine.diagnostics, from)
  await using made = machine.value
  const graph = new ActionGraph()
  for (const action of session.value.plan.request({ kind: 'image', name: image.name }, 'build').actions) graph.add(action)
  const node = imageNode(image, 'layout')
  const root = imageNode(image, 'root')
  const { report, code } = await buildNodes({ folder: session.value.workspace.folder, leaves: session.value.leaves, machine: made, from, quiet: true }, graph, [node, root])
  const outputs = { ...report.outputs.get(node), ...report.outputs.get(root) }
  return 'facts' in outputs && 'root' in outputs ? await runProgram(from, made, outputs) : code
}

/** A bare name that an image bears means the image here, whatever else bears it. */
function imageWord(word: string, images: readonly string[]): string {
  return images.includes(word) ? `image:${word}` : word
}

async function runProgram(from: Arguments, machine: Machine, outputs: Readonly<Record<string, Output>>): Promise<number> {
  const { run } = await readJson<ImageResult>(machine.store.cas, outputs['facts'])
  const { sandbox, roots, hostname } = machine.workshop
  const argv = commandOf(run, from.rest, flag(from, 'entrypoint'))
  if (argv.length === 0) return complain([{ code: 'cli/no-program', severity: 'error', message: 'The image names no program to run', hint: 'name one with --entrypoint' }], from)
  await using scratch = machine.store.temp('run')
  const terminal = process.env['TERM']
  const spec = await imageSandbox({ roots, root: outputs['root']?.digest, run, scratch: scratch.path, hostname, argv, ...(terminal === undefined ? {} : { environment: { TERM: terminal } }) })
  using interrupt = interrupts()
  return codeOf(await sandbox.run({ ...spec, network: 'loopback', limits: {}, output: () => undefined, stdio: 'inherit' }, interrupt.signal))
}

/** As shells tell it: 128 and the number of the signal. */
function codeOf(exit: SandboxExit): number {
  switch (exit.kind) {
    case 'exited':
      return exit.code
    case 'signalled':
      return 128 + (Object.entries(constants.signals).find(([name]) => name === exit.signal)?.[1] ?? 0)
    case 'aborted':
      return exitCodes.interrupted
    case 'timeout':
      throw new Fault('internal', 'a program without a time limit ran into one')
    case 'unavailable':
      throw new Fault('machine', `The sandbox can't start: ${exit.reason}`, { hint: exit.hint })
  }
}
