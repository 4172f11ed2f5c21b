import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { absPath, nodeId, type NodeId } from '../../base/ids.ts'
import type { Diagnostic } from '../../base/diagnostic.ts'
import { captureTree } from '../../cache/tree-capture.ts'
import type { Action, ActionKind, Outcome, RunContext } from '../../engine/action.ts'
import { runProcess } from '../../engine/sandbox/process.ts'

export interface GitSource {
  readonly repository: string
  readonly commit: string
  /** Tag or branch that should hold the commit, tried first since servers need not serve bare commits. */
  readonly refs: readonly string[]
  readonly submodules: boolean
  readonly label: string
}

export function gitNode(source: GitSource): NodeId {
  return nodeId(`git:${source.commit}${source.submodules ? '+submodules' : ''}`)
}

/** A commit names its content, so the repository's address is not part of the key. */
export function gitAction(source: GitSource): Action {
  return {
    id: gitNode(source),
    kind: 'git-checkout',
    spec: { commit: source.commit, submodules: source.submodules },
    inputs: {},
    aside: { repository: source.repository, refs: source.refs },
    label: `check out ${source.label}`,
    resources: { cpu: 0, network: true },
  }
}

export interface GitPorts {
  readonly offline: boolean
  readonly environment: Readonly<Record<string, string>>
}

/** Fetches one commit with the machine's git, checks that it is that commit, and drops the history. */
export function gitKind(ports: GitPorts): ActionKind {
  return {
    name: 'git-checkout',
    version: 1,
    outputs: () => ['tree'],
    run: (context) => checkout(context, ports),
  }
}

async function checkout(context: RunContext, ports: GitPorts): Promise<Outcome> {
  const commit = String(context.action.spec['commit'])
  const repository = String(context.action.aside?.['repository'])
  const refs = Array.isArray(context.action.aside?.['refs']) ? context.action.aside['refs'].map(String) : []
  // A tag or a short name would be whatever the server makes of it today, and never fetched again.
  if (!fullCommit.test(commit)) return refused(noCommit(repository, commit, ['expected-commit is no full commit']))
  if (ports.offline) return refused(offline(repository, commit))
  const folder = absPath(join(context.scratch, 'checkout'))
  const git = gitIn(context, ports)
  if (!(await git('init', '-q', folder))) return refused(missingGit())
  if (!(await fetched(git, { folder, repository, commit, refs }))) return refused(noCommit(repository, commit, refs))
  if (context.action.spec['submodules'] === true && !(await git('-C', folder, 'submodule', 'update', '-q', '--init', '--recursive', '--depth=1'))) {
    return refused(noCommit(repository, commit, ['submodules']))
  }
  rmSync(join(folder, '.git'), { recursive: true, force: true })
  const captured = await captureTree(context.cas, folder, { move: true })
  if (captured.kind === 'refused') return { kind: 'failed', failure: { kind: 'refused', diagnostics: captured.diagnostics } }
  return { kind: 'done', outputs: { tree: { kind: 'tree', digest: captured.digest } } }
}

/** SHA-1 or SHA-256. */
const fullCommit = /^[0-9a-f]{40}([0-9a-f]{24})?$/

type Git = (...argv: readonly string[]) => Promise<boolean>

/** The machine's git without the machine's settings: neither its configuration nor its umask may show in the tree. */
function gitIn(context: RunContext, ports: GitPorts): Git {
  return async (...argv) => {
    const exit = await runProcess({
      argv: ['/bin/sh', '-c', 'umask 022 && exec git "$@"', 'git', '-c', 'advice.detachedHead=false', '-c', 'core.autocrlf=false', '-c', 'protocol.ext.allow=never', ...argv],
      directory: context.scratch,
      environment: { ...ports.environment, GIT_TERMINAL_PROMPT: '0', GIT_CONFIG_NOSYSTEM: '1', HOME: context.scratch },
      output: (chunk) => context.log(chunk),
      signal: context.signal,
    })
    context.signal.throwIfAborted()
    return exit.kind === 'exited' && exit.code === 0
  }
}

/** By the names that should lead to the commit, then by the commit itself, then, for servers that give no bare commits, by everything. */
async function fetched(git: Git, from: { readonly folder: string; readonly repository: string; readonly commit: string; readonly refs: readonly string[] }): Promise<boolean> {
  const { folder, repository, commit } = from
  const ways = [...[...from.refs, commit].map((ref) => ['--depth=1', '--', repository, ref]), ['--', repository, '+refs/*:refs/fetched/*']]
  for (const way of ways) {
    if ((await git('-C', folder, 'fetch', '-q', ...way)) && (await git('-C', folder, 'checkout', '-q', '--detach', commit))) return true
  }
  return false
}

function refused(diagnostic: Diagnostic): Outcome {
  return { kind: 'failed', failure: { kind: 'refused', diagnostics: [diagnostic] } }
}

function offline(repository: string, commit: string): Diagnostic {
  return { code: 'source/offline', severity: 'error', message: `Commit ${commit} of "${repository}" is not in the store, and --offline forbids fetching it`, hint: 'run once without --offline' }
}

function missingGit(): Diagnostic {
  return { code: 'source/no-git', severity: 'error', message: 'This source needs the program "git"', hint: 'install git' }
}

function noCommit(repository: string, commit: string, refs: readonly string[]): Diagnostic {
  return {
    code: 'source/no-commit',
    severity: 'error',
    message: `"${repository}" does not give commit ${commit}`,
    facts: [['tried', [...refs, commit].join(', ')]],
    hint: 'check expected-commit against the tag',
  }
}
