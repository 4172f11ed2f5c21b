import type { JsonObject } from '../base/json.ts'
import type { BuildEvent } from './events.ts'
import { tellReason } from './explain.ts'
import { Rows } from './rows.ts'

/**
 * A build's events as a trace that Perfetto and Chrome's tracing page show: the JSON object form of the Trace Event Format. One slice for each run, in as
 * many lanes as ran at once; the critical path in a lane of its own, with arrows from run to run; hits and other moments as instants; what runs and
 * what queues as a counter. Times are microseconds since the build began. A lane's events are in the order of their times.
 */
export function traceOf(events: Iterable<BuildEvent>): JsonObject {
  const trace = new Trace()
  for (const event of events) trace.add(event)
  return { displayTimeUnit: 'ms', traceEvents: trace.events() }
}

const pid = 1
/** Threads of the trace: marks and the critical path first, then the lanes. */
const marks = 1
const critical = 2
const firstLane = 3

type Started = Extract<BuildEvent, { readonly kind: 'started' }>

interface Slice {
  readonly event: Started
  readonly lane: number
  readonly end: number
  readonly how: string
}

class Trace {
  readonly #rows = new Rows<string>()
  readonly #open = new Map<string, { readonly event: Started; readonly lane: number }>()
  readonly #slices: Slice[] = []
  readonly #moments: JsonObject[] = []
  #path: readonly string[] = []

  add(event: BuildEvent): void {
    switch (event.kind) {
      case 'started':
        this.#open.set(event.id, { event, lane: firstLane + this.#rows.open(event.id) })
        break
      case 'finished':
      case 'failed': {
        const how = event.kind === 'failed' ? 'failed' : event.how
        if (!this.#close(event.id, event.at, how)) this.#mark(event, `${how} ${event.label}`, event.kind === 'finished' ? { id: event.id, key: event.key, saved: event.saved } : { id: event.id })
        break
      }
      case 'restarted':
      case 'rewound':
        this.#close(event.id, event.at, event.kind)
        this.#mark(event, `${event.kind} ${event.id}`, { id: event.id })
        break
      case 'suspended':
      case 'grew':
        this.#mark(event, `${event.kind} ${event.id}`, { id: event.id })
        break
      case 'summary':
        this.#path = event.criticalPath.map(({ id }) => id)
        // What the build was stopped in.
        for (const id of [...this.#open.keys()]) this.#close(id, event.at, 'stopped')
        break
      default:
    }
  }

  events(): JsonObject[] {
    const last = new Map(this.#slices.map((slice) => [slice.event.id as string, slice]))
    const path = this.#path.flatMap((id) => last.get(id) ?? [])
    const timed = [...this.#slices.map((slice) => tellSlice(slice, slice.lane)), ...path.map((slice) => tellSlice(slice, critical)), ...path.flatMap(arrows), ...this.#moments, ...loads(this.#slices)]
    return [...this.#names(), ...timed.sort((a, b) => Number(a['ts']) - Number(b['ts']))]
  }

  #close(id: string, at: number, how: string): boolean {
    const open = this.#open.get(id)
    if (open === undefined) return false
    this.#open.delete(id)
    this.#rows.close(id)
    this.#slices.push({ ...open, end: at, how })
    return true
  }

  #mark(event: BuildEvent, name: string, args: JsonObject): void {
    this.#moments.push({ name, cat: event.kind === 'finished' ? event.how : event.kind, ph: 'i', s: 't', pid, tid: marks, ts: event.at * 1000, args })
  }

  /** Metadata: what the process and its threads are called, and in which order they stand. */
  #names(): JsonObject[] {
    const lanes = Array.from({ length: this.#rows.count }, (_, i) => [firstLane + i, `lane ${i + 1}`] as const)
    const threads = [[marks, 'hits and marks'] as const, [critical, 'critical path'] as const, ...lanes]
    return [
      { name: 'process_name', ph: 'M', pid, tid: marks, args: { name: 'nacre build' } },
      ...threads.flatMap(([tid, name]) => [
        { name: 'thread_name', ph: 'M', pid, tid, args: { name } },
        { name: 'thread_sort_index', ph: 'M', pid, tid, args: { sort_index: tid } },
      ]),
    ]
  }
}

function tellSlice({ event, end, how }: Slice, tid: number): JsonObject {
  const args = { id: event.id, key: event.key, how, why: tellReason(event.reason).join('; '), queued: event.at - event.queued }
  return { name: event.label, cat: how, ph: 'X', pid, tid, ts: event.at * 1000, dur: (end - event.at) * 1000, args }
}

/** A flow from each run of the critical path to the next: it starts in the slice of the one, and ends in that of the other. */
function arrows({ lane, event, end }: Slice, i: number, path: readonly Slice[]): JsonObject[] {
  const next = path[i + 1]
  if (next === undefined) return []
  const flow = { name: 'critical path', cat: 'critical', pid, id: i + 1 }
  // Inside the slice: what begins at its very end belongs to no slice.
  const from = Math.max(event.at * 1000, end * 1000 - 1)
  return [
    { ...flow, ph: 's', tid: lane, ts: from },
    { ...flow, ph: 'f', bp: 'e', tid: next.lane, ts: Math.max(from, next.event.at * 1000) },
  ]
}

/** How many run and how many queue, at each moment that one of these numbers changes. */
function loads(slices: readonly Slice[]): JsonObject[] {
  const steps = new Map<number, { running: number; queued: number }>()
  const step = (at: number, running: number, queued: number): void => {
    const known = steps.get(at) ?? { running: 0, queued: 0 }
    steps.set(at, { running: known.running + running, queued: known.queued + queued })
  }
  for (const { event, end } of slices) {
    step(event.queued, 0, 1)
    step(event.at, 1, -1)
    step(end, -1, 0)
  }
  const now = { running: 0, queued: 0 }
  return [...steps].sort(([a], [b]) => a - b).map(([at, { running, queued }]) => {
    now.running += running
    now.queued += queued
    return { name: 'actions', ph: 'C', pid, tid: marks, ts: at * 1000, args: { ...now } }
  })
}
