import type { Clock } from '../../base/ports.ts'
import type { BuildEvent } from '../../engine/events.ts'
import { BuildLines } from './build-lines.ts'
import { LiveView } from './live.ts'
import type { Sink } from './sink.ts'
import type { Style } from './style.ts'

/** Where the events of a build go: JSON lines on stdout, a live view on a terminal, plain lines in a pipe. */
export interface BuildView extends Disposable {
  tell(event: BuildEvent): void
}

export interface ViewOptions {
  readonly json: boolean
  /** Only what went wrong; a terminal still shows that something goes on. */
  readonly quiet?: boolean
  readonly style: Style
  readonly clock: Clock
  readonly stdout: Sink
  readonly stderr: Sink
}

export function buildView(options: ViewOptions): BuildView {
  if (options.json) return jsonView(options)
  return options.stderr.isTTY === true ? liveView(options) : plainView(options)
}

function jsonView({ stdout }: ViewOptions): BuildView {
  return {
    tell: (event) => void stdout.write(`${JSON.stringify(event, withoutSources)}\n`),
    [Symbol.dispose]: () => undefined,
  }
}

/** A diagnostic's place carries its whole source text; a line of JSON says where it is instead. */
function withoutSources(key: string, value: unknown): unknown {
  return key === 'source' && typeof value === 'object' && value !== null && 'path' in value ? value.path : value
}

function plainView({ style, stderr, quiet }: ViewOptions): BuildView {
  const lines = new BuildLines(style)
  return {
    tell: (event) => {
      for (const line of linesOf(lines, event, quiet === true)) stderr.write(`${line}\n`)
    },
    [Symbol.dispose]: () => undefined,
  }
}

function linesOf(lines: BuildLines, event: BuildEvent, quiet: boolean): readonly string[] {
  const told = lines.tell(event)
  return quiet && (event.kind === 'finished' || event.kind === 'summary') ? [] : told
}

/** Of a terminal that doesn't say. */
const usualColumns = 80
const usualRows = 24
/** Frames a second: enough to look alive, too few to cost. */
const frameRate = 10

function liveView({ style, stderr, clock, quiet }: ViewOptions): BuildView {
  const lines = new BuildLines(style)
  const view = new LiveView(style, () => ({ columns: stderr.columns ?? usualColumns, rows: stderr.rows ?? usualRows }))
  const start = clock.monotonic()
  let waiting: string[] = []
  const draw = (): void => {
    stderr.write(view.frame(waiting, clock.monotonic() - start))
    waiting = []
  }
  const timer = setInterval(draw, 1000 / frameRate)
  timer.unref()
  return {
    tell: (event) => {
      view.tell(event)
      waiting.push(...linesOf(lines, event, quiet === true))
    },
    [Symbol.dispose]: () => {
      clearInterval(timer)
      stderr.write(view.clear())
      for (const line of waiting) stderr.write(`${line}\n`)
    },
  }
}
