// What an engine is to the benchmark: how it is told of a graph, how it is started, and what it is known to do.
import type { Graph, Shape } from './graph.ts'
import type { Command } from './launch.ts'
import type { Layout } from './layout.ts'

export type ScenarioName = 'plan' | 'replan' | 'cold' | 'no-op' | 'touch' | 'leaf' | 'equal' | 'root' | 'lost' | 'restore' | 'resume'

/** Where an engine works. */
export interface Place {
  /** The checkout. */
  readonly work: string
  /** Stores, caches, homes of resident processes: what outlives a checkout. */
  readonly home: string
  readonly counter: string
  /** How many actions may run at once. */
  readonly jobs: number
}

/** What it runs, by its design, where the ideal is less: a benchmark that finds another count says so. */
export interface Habits {
  /** A source has a new time and the old content. Ideal: none. */
  readonly touch: 'none' | 'one'
  /** An action writes what it wrote before. Ideal: that one. */
  readonly equal: 'one' | 'all'
  /** An output is gone. Ideal: none. */
  readonly lost: 'none' | 'one'
  /** It is killed. Ideal: what was in flight runs again. */
  readonly killed: 'flight' | 'all'
}

export interface Engine {
  readonly name: string
  readonly layout: Layout
  readonly habits: Habits
  /** The most actions that it bears within a cap of minutes, as measured before. */
  readonly most: number
  /** It takes so long that above 100 actions it is run on the lattice alone, unless shapes are named. */
  readonly dear?: boolean
  /** Says why a scenario has no meaning for it. */
  readonly cannot: Partial<Readonly<Record<ScenarioName, string>>>
  /** Its version, or why it can't take part. */
  find(): Found
  /** Writes what it needs beside the sources. Not measured. */
  describe(graph: Graph, place: Place): void
  build(place: Place): Command
  /** Says what a build would do, and does nothing. */
  plan?(place: Place): Command
  /** Milliseconds within which it takes two changes of a file for one. So long is waited before each change. */
  readonly blind?: number
  /** Gives up what a build that died may still hold in a place, so that the place can be deleted. */
  leave?(place: Place): void
  /** A resident process that makes builds faster. */
  readonly resident?: Resident
  /** The shapes that it is for; otherwise, all. */
  readonly shapes?: readonly Shape[]
}

export type Found = { readonly version: string } | { readonly absent: string }

export interface Resident {
  start(place: Place): Promise<void>
  stop(place: Place): Promise<void>
}

/** What every engine finds in its environment. */
export function environment(place: Place): Readonly<Record<string, string>> {
  return { PATH: process.env['PATH'] ?? '', HOME: place.home, NO_COLOR: '1', LC_ALL: 'C.UTF-8' }
}
