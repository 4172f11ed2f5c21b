import { resolve } from 'node:path'
import type { AbsPath } from '../base/ids.ts'
import { complaints, type Checked, ok } from '../base/result.ts'
import { systemClock, systemRandom } from '../base/ports.ts'
import { layoutOf } from '../cache/layout.ts'
import { ParseMemo } from '../cache/parse-memo.ts'
import { Scratch } from '../cache/scratch.ts'
import { currentSession } from '../cache/session.ts'
import { LeafRecorder } from '../engine/leaves.ts'
import type { Plan } from '../recipes/plan/plan.ts'
import { type PlannedWorkspace, planWorkspace } from '../recipes/plan/planner.ts'
import { resolveTarget, type Target } from '../recipes/workspace/workspace.ts'
import { type Arguments, flag, has } from './arguments.ts'
import { loadLimit } from './machine/load.ts'
import { findWorkspace, machineArch, storePlace } from './machine/places.ts'
import type { MirrorConfig } from './machine/mirrors.ts'
import { planningProgram } from './planning-program.ts'
import { type Machine, wire, type WireOptions } from './wire.ts'

/** A workspace that was read and planned, for the commands that need one. */
export interface Session {
  readonly workspace: Pick<PlannedWorkspace, 'folder' | 'config'>
  readonly plan: Plan
  readonly arch: string
  readonly store: AbsPath
  /** What was read so far; a build adds its own. */
  readonly leaves: LeafRecorder
}

export function openSession(from: Arguments): Checked<Session> {
  const folder = workspaceFolder(from)
  if (folder.kind === 'complaints') return folder
  const leaves = new LeafRecorder(systemClock.now())
  const arch = flag(from, 'arch') ?? machineArch()
  const store = storePlace(flag(from, 'store'), process.env)
  const layout = layoutOf(store)
  const scratch = new Scratch(layout, { session: currentSession(), clock: systemClock, random: systemRandom })
  const planned = planWorkspace(folder.value, { arch, leaves, path: process.env['PATH'] ?? '', memo: { store: new ParseMemo(layout, scratch), name: planningProgram() } })
  scratch.close()
  return planned.kind === 'complaints' ? planned : ok({ workspace: planned.value, plan: planned.value.plan, arch, store, leaves })
}

export function workspaceFolder(from: Arguments): Checked<AbsPath> {
  const given = flag(from, 'workspace')
  const folder = findWorkspace(given === undefined ? process.cwd() : resolve(given))
  if (folder !== undefined) return ok(folder)
  return complaints([{ code: 'cli/no-workspace', severity: 'error', message: `There is no nacre.yaml in "${given ?? process.cwd()}" or above it`, hint: 'make one: an empty nacre.yaml is a workspace' }])
}

/** The machine for a session's builds; `other` is what a rebuild varies. */
export function machineFor(session: Session, from: Arguments, other: Pick<WireOptions, 'hostname' | 'beneath'> = {}): Checked<Machine> {
  const jobs = flag(from, 'jobs')
  const sandbox = flag(from, 'sandbox')
  if (jobs !== undefined && !/^[1-9][0-9]{0,3}$/.test(jobs)) return complaints([{ code: 'cli/bad-value', severity: 'error', message: `--jobs takes a number of at least 1, not "${jobs}"` }])
  if (loadLimit(from) === 'wrong') return complaints([{ code: 'cli/bad-value', severity: 'error', message: `--load takes a number above 0, not "${flag(from, 'load') ?? ''}"` }])
  if (sandbox !== undefined && sandbox !== 'bubblewrap' && sandbox !== 'namespaces') {
    return complaints([{ code: 'cli/bad-value', severity: 'error', message: `--sandbox takes bubblewrap or namespaces, not "${sandbox}"` }])
  }
  return ok(
    wire({
      store: session.store,
      offline: has(from, 'offline'),
      environment: process.env,
      mirrors: session.workspace.config.mirrors satisfies MirrorConfig,
      closure: session.plan,
      complaints: (task) => session.plan.tasks.complaintsOf(task),
      ...(sandbox === undefined ? {} : { sandbox }),
      ...(jobs === undefined ? {} : { jobs: Number(jobs) }),
      keepSteps: has(from, 'keep-steps'),
      ...other,
    }),
  )
}

/** The targets that the words name; without words those of `default:`, with --all everything. */
export function targetsOf(session: Session, from: Arguments): Checked<readonly Target[]> {
  const names = session.plan.names()
  if (has(from, 'all')) return ok(session.plan.all())
  const words = from.words.length > 0 ? from.words : session.workspace.config.default
  if (words.length === 0) {
    return complaints([{ code: 'cli/no-target', severity: 'error', message: 'No target was named, and nacre.yaml has no default', hint: 'name one, or use --all; nacre graph --format targets lists them' }])
  }
  const found = words.map((word) => resolveTarget(word, names))
  const wrong = found.flatMap((each) => (each.kind === 'complaints' ? each.diagnostics : []))
  return wrong.length > 0 ? complaints(wrong) : ok(found.flatMap((each) => (each.kind === 'ok' ? [each.value] : [])))
}
