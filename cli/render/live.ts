import type { NodeId } from '../../base/ids.ts'
import type { BuildEvent } from '../../engine/events.ts'
import { harmless, type Style } from './style.ts'
import { duration } from './words.ts'

interface Running {
  readonly label: string
  readonly since: number
  last: string
}

/** What stands below the lines of a build on a terminal: progress, what runs and what it said last. Redrawn in place. */
export class LiveView {
  readonly #style: Style
  readonly #size: () => { readonly columns: number; readonly rows: number }
  readonly #running = new Map<NodeId, Running>()
  #nodes = 0
  #settled = 0
  #hits = 0
  #left = 0
  #drawn = 0

  constructor(style: Style, size: () => { readonly columns: number; readonly rows: number }) {
    this.#style = style
    this.#size = size
  }

  tell(event: BuildEvent): void {
    switch (event.kind) {
      case 'started':
        this.#running.set(event.id, { label: event.label, since: event.at, last: '' })
        break
      case 'log': {
        const running = this.#running.get(event.id)
        if (running !== undefined) running.last = harmless(event.text).trimEnd().split('\n').at(-1) ?? ''
        break
      }
      case 'finished':
        if (event.how === 'hit') this.#hits++
        this.#running.delete(event.id)
        break
      case 'failed':
      case 'skipped':
        this.#running.delete(event.id)
        break
      case 'planned':
        this.#nodes = event.nodes
        break
      case 'progress':
        this.#nodes = event.nodes
        this.#settled = event.settled
        this.#left = event.criticalLeft
        break
      default:
        break
    }
  }

  /** Bytes that put `lines` above and draw the view anew below them, at `now` milliseconds of the build. */
  frame(lines: readonly string[], now: number): string {
    const view = this.#view(now)
    const bytes = `${this.clear()}${lines.map((line) => `${line}\n`).join('')}${view.map((line) => `${line}\n`).join('')}`
    this.#drawn = view.length
    return bytes
  }

  /** Bytes that take the view away. */
  clear(): string {
    const up = this.#drawn
    this.#drawn = 0
    return up === 0 ? '' : `\u001b[${up}A\u001b[0J`
  }

  #view(now: number): readonly string[] {
    const { columns, rows } = this.#size()
    const most = Math.max(1, Math.min(8, rows - 4))
    const running = [...this.#running.values()]
    const shown = running.slice(0, most).map((r) => `  ${pad(r.label, 34)} ${duration(now - r.since).padStart(8)}  ${r.last}`)
    const more = running.length > most ? [`  and ${running.length - most} more`] : []
    const left = this.#left > 0 ? `, about ${duration(this.#left)} left on the critical path` : ''
    const head = `${bar(this.#settled, this.#nodes)} ${this.#settled}/${this.#nodes}, ${this.#hits} hit, ${running.length} running${left}`
    return [this.#style.bold(head.slice(0, columns - 1)), ...[...shown, ...more].map((line) => this.#style.dim(line.slice(0, columns - 1)))]
  }
}

function bar(done: number, all: number): string {
  const width = 20
  const filled = all === 0 ? 0 : Math.round((done / all) * width)
  return `[${'='.repeat(filled)}${' '.repeat(width - filled)}]`
}

function pad(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width)
}
