import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Habits, ScenarioName } from './engine.ts'
import { leafOf, reachOf, rootOf, type Graph } from './graph.ts'
import type { Session } from './session.ts'

/** The places of a graph where scenarios change something. */
export interface Landmarks {
  readonly size: number
  readonly leaf: number
  readonly root: number
  /** Actions that a change of the source of `root` reaches. */
  readonly reach: number
  readonly common: boolean
}

export interface Scenario {
  readonly name: ScenarioName
  readonly about: string
  /** It runs many actions: fewer rounds, and at large sizes not for every shape. */
  readonly heavy: boolean
  /** It changes a file of a checkout that was built. */
  readonly edits: boolean
  /** It only asks what would be built. */
  readonly plans?: boolean
  /** Not measured. */
  prepare(session: Session, at: Landmarks): Promise<void> | void
  /** The actions that must run: by what the engine decides, and at least. */
  actions(at: Landmarks, habits: Habits): number
}

const best: Habits = { touch: 'none', equal: 'one', lost: 'none', killed: 'flight' }

export function ideal(scenario: Scenario, at: Landmarks): number {
  return scenario.actions(at, best)
}

export function landmarksOf(graph: Graph): Landmarks {
  const root = rootOf(graph)
  return { size: graph.needs.length, leaf: leafOf(graph), root, reach: reachOf(graph, root), common: graph.common }
}

/** In this order, each from where the one before ended. */
export const scenarios: readonly Scenario[] = [
  { name: 'plan', about: 'what a first build would run', heavy: true, edits: false, plans: true, prepare: (session) => session.fresh(), actions: () => 0 },
  { name: 'replan', about: 'the same, asked again', heavy: false, edits: false, plans: true, prepare: () => {}, actions: () => 0 },
  { name: 'cold', about: 'nothing was ever built', heavy: true, edits: false, prepare: (session) => session.fresh(), actions: ({ size }) => size },
  { name: 'no-op', about: 'nothing changed', heavy: false, edits: false, prepare: () => {}, actions: () => 0 },
  {
    name: 'touch',
    about: 'one source has a new time and the old content',
    heavy: false,
    edits: true,
    prepare: ({ checkout }, { leaf }) => checkout.touch(leaf),
    actions: (_, { touch }) => (touch === 'none' ? 0 : 1),
  },
  { name: 'leaf', about: 'one source changed that one action reads', heavy: false, edits: true, prepare: ({ checkout }, { leaf }) => checkout.change(leaf), actions: () => 1 },
  {
    name: 'equal',
    about: 'the source of the root changed, and its output did not',
    heavy: false,
    edits: true,
    prepare: ({ checkout }, { root }) => checkout.annotate(root),
    actions: ({ reach }, { equal }) => (equal === 'one' ? 1 : reach),
  },
  {
    name: 'root',
    about: 'a source changed that nearly all depend on',
    heavy: true,
    edits: true,
    prepare: ({ checkout }, { root, common }) => (common ? checkout.changeCommon() : checkout.change(root)),
    actions: ({ reach, size, common }) => (common ? size : reach),
  },
  {
    name: 'lost',
    about: 'one output was deleted',
    heavy: false,
    edits: true,
    prepare: ({ checkout, engine }, { leaf }) => rmSync(join(checkout.folder, engine.layout.output(leaf))),
    actions: (_, { lost }) => (lost === 'none' ? 0 : 1),
  },
  { name: 'restore', about: 'a fresh checkout, everything in the local cache', heavy: false, edits: false, prepare: (session) => session.move(), actions: () => 0 },
  { name: 'resume', about: 'after kill -9 in the middle of a cold build', heavy: true, edits: false, prepare: interrupted, actions: ({ size }, { killed }) => (killed === 'flight' ? Math.ceil(size / 2) : size) },
]

async function interrupted(session: Session, { size }: Landmarks): Promise<void> {
  await session.fresh()
  await session.build({ killAfter: Math.floor(size / 2) })
}
