import { type NodeId, nodeId } from '../../base/ids.ts'
import { causes, type Known, type Reason, tellPastReason, tellReason } from '../../engine/explain.ts'
import type { Foreseen } from '../../engine/foresee.ts'
import { type Arguments, has } from '../arguments.ts'
import { exitCodes } from '../exit.ts'
import { type Prospect, withProspect } from '../foresight.ts'
import { complain } from '../output.ts'
import { Past } from '../past.ts'
import { tellFailure } from '../render/build-lines.ts'
import { targetOf } from '../target-of.ts'

/** One node and why it would run, or ran: nearest cause first. */
interface Account {
  readonly id: NodeId
  readonly label: string
  readonly state: 'would run' | 'may run' | 'fails' | 'up to date'
  readonly why: readonly Cause[]
  /** What the last build did with it, where that is not said by the causes. */
  readonly lastBuild: readonly string[]
}

interface Cause {
  readonly id: NodeId
  readonly label: string
  readonly because: readonly string[]
  readonly reason?: Reason
}

/** `nacre why`: what a build would run and why; of what is up to date, why it ran the last time. */
export async function whyCommand(from: Arguments): Promise<number> {
  const [word = '', ...more] = from.words
  if (word === '' || more.length > 0) return complain([{ code: 'cli/usage', severity: 'error', message: 'nacre why takes one target', hint: 'nacre why package:zlib, or a node of it as nacre graph prints it: package:zlib/build' }], from)
  // A node is named in full, by its target and a step: `package:zlib/build`. A bare word with a slash is a task's name.
  const target = word.includes(':') ? targetOf(word) : word
  const told = await withProspect({ ...from, words: [target] }, (prospect) => tell(prospect, { from, node: target === word ? undefined : nodeId(word) }))
  return told.kind === 'ok' ? told.value : complain(told.diagnostics, from)
}

async function tell(prospect: Prospect, { from, node }: { readonly from: Arguments; readonly node: NodeId | undefined }): Promise<number> {
  const { foresight, wants } = prospect
  if (node !== undefined && !foresight.nodes.has(node)) {
    return complain([{ code: 'cli/unknown-node', severity: 'error', message: `There is no action "${node}" in the graph as far as it is known`, hint: `nacre graph ${targetOf(node)} lists them` }], from)
  }
  const past = new Past(prospect)
  const accounts: Account[] = []
  for (const id of node === undefined ? [...wants.values()].flat() : [node]) accounts.push(await account(prospect, id, past))
  if (has(from, 'json')) process.stdout.write(`${JSON.stringify({ nodes: accounts })}\n`)
  else process.stdout.write(accounts.map(text).join(''))
  return exitCodes.done
}

async function account(prospect: Prospect, id: NodeId, past: Past): Promise<Account> {
  const { graph, nodes } = prospect.foresight
  const label = (one: NodeId): string => graph.action(one)?.label ?? one
  const told = (of: NodeId, known: Known, words: (reason: Reason) => readonly string[]): readonly Cause[] =>
    causes(of, graph, known).map((one) => ({ id: one.id, label: label(one.id), because: words(one.reason), reason: one.reason }))
  const ahead = (of: NodeId): readonly Cause[] => told(of, { reasonOf: (one) => reasonAhead(nodes.get(one)) }, tellReason)
  const seen = nodes.get(id)
  const ends = seen?.kind === 'known' || seen === undefined
  const common = { id, label: label(id), lastBuild: ends ? past.end(id) : past.failure(id) }
  switch (seen?.kind) {
    case 'runs':
      return { ...common, state: 'would run', why: ahead(id) }
    case 'waits': {
      const why = seen.on.flatMap(ahead)
      const reason: Reason = { kind: 'first' }
      const first = prospect.machine.store.history.get(id) === undefined ? [{ id, label: label(id), because: tellReason(reason), reason }] : []
      return { ...common, state: 'may run', why: [...first, ...why] }
    }
    case 'fails':
      return { ...common, state: 'fails', why: [{ id, label: label(id), because: tellFailure(seen.failure) }] }
    case 'known':
    case undefined: {
      return { ...common, state: 'up to date', why: told(id, await past.known(), tellPastReason) }
    }
  }
}

function reasonAhead(seen: Foreseen | undefined): Reason | undefined {
  return seen?.kind === 'runs' ? seen.reason : undefined
}

function text({ id, state, why, lastBuild }: Account): string {
  const head = state === 'up to date' ? `${id} is up to date` : `${id} ${state}`
  const lines = why.flatMap(({ id: cause, label, because }) => [`  ${cause === id ? (state === 'up to date' ? 'last ran because' : 'because') : `${label}:`}`, ...because.map((one) => `    ${one}`)])
  return `${[head, ...lastBuild.map((line) => `  ${line}`), ...lines].join('\n')}\n`
}
