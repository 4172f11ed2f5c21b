import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { absPath, type NodeId } from '../../base/ids.ts'
import type { JsonObject } from '../../base/json.ts'
import type { Action, ActionKind, Failure, Input, Outcome, RunContext } from '../../engine/action.ts'
import { writeEnterScript } from '../../engine/sandbox/enter.ts'
import type { SandboxExit, SandboxSpec } from '../../engine/sandbox/sandbox.ts'
import { compileRe2 } from '../language/transform.ts'
import type { Catalogue } from '../plan/catalogue.ts'
import type { ImageCheck } from '../plan/planned-image.ts'
import { environmentTrees } from './build.ts'
import { lockedTrees } from './environment.ts'
import type { ImageResult } from './image.ts'
import { imageSandbox } from './image-sandbox.ts'
import { readJson } from './json-blob.ts'
import type { WorkshopPorts } from './workshop.ts'
import { fromSpec } from './spec.ts'

/** Commands run in the image's own root, which has no shell of ours: each is a program of the image, or of the packages of the environment `under` it, and its arguments. */
export function imageTestAction(order: { readonly id: NodeId; readonly name: string; readonly image: NodeId; readonly root: NodeId; readonly checks: readonly ImageCheck[]; readonly under?: NodeId }): Action {
  return {
    id: order.id,
    kind: 'image-test',
    spec: { checks: order.checks.map((check): JsonObject => ({ run: check.run, exit: check.exit, ...(check.expect === undefined ? {} : { expect: check.expect }), environment: check.environment ?? {} })) },
    inputs: { root: output(order.root, 'root'), facts: output(order.image, 'facts'), ...(order.under === undefined ? {} : { environment: output(order.under, 'lock'), glue: output(order.under, 'glue') }) },
    label: `test image ${order.name}`,
  }
}

export function imageTestKind(ports: WorkshopPorts, catalogue: Catalogue): ActionKind {
  return {
    name: 'image-test',
    version: 1,
    outputs: () => [],
    expand: async (context) => ('environment' in context.inputs ? environmentTrees(context, catalogue) : { kind: 'closed' }),
    run: (context) => test(context, ports),
  }
}

function output(node: NodeId, name: string): Input {
  return { kind: 'output', node, output: name }
}

async function test(context: RunContext, ports: WorkshopPorts): Promise<Outcome> {
  const root = context.inputs['root']
  const checks = fromSpec<readonly ImageCheck[]>(context.action.spec['checks'])
  const glue = context.inputs['glue']
  const under = glue === undefined ? [] : await lockedTrees(context.cas, context.inputs['environment'], glue.digest)
  const { run } = await readJson<ImageResult>(context.cas, context.inputs['facts'])
  for (const [index, check] of checks.entries()) {
    const printed: Uint8Array[] = []
    const scratch = absPath(join(context.scratch, String(index)))
    mkdirSync(scratch)
    const spec = await imageSandbox({ roots: ports.roots, root: root?.digest, under, run, scratch, hostname: ports.hostname, argv: check.run, ...(check.environment === undefined ? {} : { environment: check.environment }) })
    context.log(`$ ${check.run.join(' ')}\n`)
    const sandbox: SandboxSpec = { ...spec, limits: { seconds: 120 }, output: (chunk) => (printed.push(chunk), context.log(chunk)) }
    const exit = await ports.sandbox.run(sandbox, context.signal)
    const failure = judge(check, exit, Buffer.concat(printed).toString('utf8'))
    if (failure !== undefined) return { kind: 'failed', failure: kept(context, sandbox, failure) }
  }
  return { kind: 'done', outputs: {} }
}

/** What ended otherwise than it should can be looked at; an image without a shell takes a program of its own (`enter /usr/bin/jq`). */
function kept(context: RunContext, spec: SandboxSpec, failure: Failure): Failure {
  if (failure.kind !== 'exit' && failure.kind !== 'signal' && failure.kind !== 'timeout') return failure
  context.signal.throwIfAborted()
  context.keep()
  return { ...failure, kept: context.scratch, enter: writeEnterScript(spec, context.scratch) }
}

function judge(check: ImageCheck, exit: SandboxExit, printed: string): Failure | undefined {
  const step = check.run.join(' ')
  if (exit.kind === 'unavailable') return { kind: 'refused', diagnostics: [{ code: 'sandbox/unavailable', severity: 'error', message: `The sandbox can't start: ${exit.reason}`, hint: exit.hint }] }
  if (exit.kind === 'timeout') return { kind: 'timeout', seconds: exit.seconds, step }
  if (exit.kind === 'signalled') return { kind: 'signal', signal: exit.signal, step }
  if (exit.kind === 'aborted') return { kind: 'signal', signal: 'SIGTERM', step }
  if (exit.code !== check.exit) return { kind: 'exit', code: exit.code, step }
  const expected = check.expect === undefined ? undefined : expectation(check.expect)
  if (expected === undefined || expected.test(printed)) return undefined
  return { kind: 'refused', diagnostics: [{ code: 'image/unexpected-output', severity: 'error', message: `"${step}" printed something else than expected`, facts: [['expected', check.expect ?? ''], ['printed', printed.slice(0, 500)]] }] }
}

/** An expression that planning has checked; `^` and `$` stand for the ends of lines. */
function expectation(pattern: string): RegExp | undefined {
  const compiled = compileRe2(pattern)
  return compiled.kind === 'bad' ? undefined : new RegExp(compiled.expression.source, `${compiled.expression.flags.replace(/[gm]/g, '')}m`)
}
