import { duration } from '../../render/words.ts'
import { type Colours, coloursNow, fitted, sans } from './colours.ts'
import { element, mark } from './elements.ts'
import type { Action, Model } from './model.ts'
import { type Lens, type Scene, Surface } from './surface.ts'

/** Heights of a lane: few lanes use the room that there is. */
const lowestLane = 28
const highestLane = 44
/** Above the lanes: the scale of time, and a strip for hits. */
const head = 62
const gutter = 74

/** What ran when: a bar for each run in the lane that it had, the time that it queued as a thin line before it. */
export class TimelineView implements Scene {
  readonly node: HTMLElement
  readonly flat = true
  readonly scales = { least: 1e-6, most: 50 }
  readonly #model: Model
  readonly #surface: Surface
  readonly #tip = element('div', { class: 'tip', hidden: true })
  readonly #runs: readonly Action[]
  readonly #hits: readonly Action[]
  readonly #lanes: number
  #laneHeight = lowestLane
  #fitted = false

  constructor(model: Model) {
    this.#model = model
    this.#runs = model.actions.filter(({ began, row }) => began >= 0 && row >= 0).sort((a, b) => a.began - b.began)
    this.#hits = model.actions.filter(({ how, ended }) => how === 'hit' && ended >= 0)
    this.#lanes = this.#runs.reduce((most, { row }) => Math.max(most, row + 1), 1)
    const canvas = element('canvas', { tabindex: 0, role: 'img', 'aria-label': 'Timeline of the runs. Arrow keys move it, plus and minus zoom, 0 shows everything, n and p go to the next and the former run. The list of actions has the same in words.' })
    const legend = element('div', { class: 'legend' }, element('b', {}, mark('ran'), 'ran'), element('b', {}, mark('cut off'), 'cut off'), element('b', {}, mark('failed'), 'failed'), element('b', {}, mark('critical'), 'critical path'), element('span', {}, 'thin line: in the queue'))
    const tools = element('div', { class: 'tools' }, ...([['−', 'Zoom out', 0.7], ['+', 'Zoom in', 1.4]] as const).map(([text, label, by]) => element('button', { 'aria-label': label, onclick: () => this.#surface.zoom(by) }, text)), element('button', { 'aria-label': 'Show everything', onclick: () => this.#fit() }, 'Fit'))
    this.node = element('div', { class: 'view' }, canvas, legend, tools, this.#tip)
    this.#surface = new Surface(canvas, this)
    model.listen(() => this.#surface.draw())
  }

  paint(ink: CanvasRenderingContext2D, lens: Lens, { width, height }: { readonly width: number; readonly height: number }): void {
    if (!this.#fitted) this.#fit()
    this.#laneHeight = Math.max(lowestLane, Math.min(highestLane, Math.floor((height - head - 80) / this.#lanes)))
    // Lanes may be pushed up, never down.
    lens.dy = Math.min(0, Math.max(lens.dy, Math.min(0, height - head - this.#lanes * this.#laneHeight - 60)))
    const colours = coloursNow()
    ink.font = `12px ${sans}`
    ink.textBaseline = 'middle'
    this.#lines(ink, lens, { width, height, colours })
    ink.save()
    ink.beginPath()
    ink.rect(gutter, head, width - gutter, height - head)
    ink.clip()
    for (const run of this.#runs) this.#bar(ink, run, { lens, width, colours })
    ink.restore()
    this.#ticks(ink, lens, { width, height, colours })
  }

  hover(x: number, y: number, { left, top }: { readonly left: number; readonly top: number }): void {
    const run = this.#at(x, y)
    this.#surface.canvas.style.cursor = run === undefined ? 'grab' : 'pointer'
    this.#tip.hidden = run === undefined
    if (run === undefined) return
    this.#tip.replaceChildren(run.label, element('small', {}, `${run.how}, ${duration(run.ms)}, from ${duration(run.began)} on${run.why === '' ? '' : `: ${run.why}`}`))
    this.#tip.style.left = `${Math.min(left + 14, this.#surface.size.width - 260)}px`
    this.#tip.style.top = `${top + 18}px`
  }

  click(x: number, y: number): void {
    this.#model.select(this.#at(x, y)?.place)
  }

  key(name: string): boolean {
    if (name === '0') this.#fit()
    else if (name === 'Escape') this.#model.select(undefined)
    else if (name === 'n' || name === 'p') {
      const at = this.#runs.findIndex(({ place }) => place === this.#model.selected)
      const next = this.#runs[(at + (name === 'n' ? 1 : this.#runs.length - 1)) % this.#runs.length]
      if (next !== undefined) this.#model.select(next.place)
    } else return false
    return true
  }

  #at(x: number, y: number): Action | undefined {
    const { lens } = this.#surface
    const [left, top] = [x * lens.scaleX + lens.dx, y * lens.scaleY + lens.dy]
    if (left < gutter) return undefined
    return this.#runs.find((run) => {
      const from = this.#left(run.began, lens)
      const above = head + run.row * this.#laneHeight + lens.dy
      return left >= from - 1 && left <= Math.max(from + 3, this.#left(run.ended, lens)) && top >= above && top <= above + this.#barHeight
    })
  }

  get #barHeight(): number {
    return this.#laneHeight - 8
  }

  #left(at: number, { scaleX, dx }: Lens): number {
    return gutter + at * scaleX + dx
  }

  #fit(): void {
    const { width } = this.#surface.size
    const { lens } = this.#surface
    const end = this.#model.actions.reduce((most, { ended }) => Math.max(most, ended), 1)
    lens.scaleX = (width - gutter - 30) / end
    lens.dx = lens.dy = 0
    this.#fitted = true
    this.#surface.draw()
  }

  #bar(ink: CanvasRenderingContext2D, run: Action, { lens, width, colours }: { readonly lens: Lens; readonly width: number; readonly colours: Colours }): void {
    const from = this.#left(run.began, lens)
    const to = Math.max(from + 1.5, this.#left(Math.max(run.ended, run.began), lens))
    const queued = this.#left(run.queued < 0 ? run.began : run.queued, lens)
    if (to < gutter || Math.min(queued, from) > width) return
    const top = head + run.row * this.#laneHeight + lens.dy
    const { selected, found } = this.#model
    ink.globalAlpha = found.size > 0 && !found.has(run.place) ? 0.25 : 1
    ink.fillStyle = colours.of(run.how)
    if (from - queued >= 1) {
      ink.globalAlpha *= 0.5
      ink.fillRect(queued, top + this.#barHeight + 1, from - queued, 2)
      ink.globalAlpha /= 0.5
    }
    ink.beginPath()
    ink.roundRect(from, top, to - from, this.#barHeight, Math.min(4, (to - from) / 2))
    ink.fill()
    if (run.critical || run.place === selected) {
      ink.strokeStyle = run.place === selected ? colours.ink : colours.accent
      ink.lineWidth = 2.5
      ink.stroke()
    }
    if (to - from > 34) {
      ink.fillStyle = colours.panel
      const start = Math.max(from, gutter)
      ink.fillText(fitted(ink, run.label, to - start - 14), start + 8, top + this.#barHeight / 2 + 0.5)
    }
    ink.globalAlpha = 1
  }

  #lines(ink: CanvasRenderingContext2D, lens: Lens, { width, height, colours }: { readonly width: number; readonly height: number; readonly colours: Colours }): void {
    ink.strokeStyle = colours.faint
    ink.lineWidth = 1
    ink.beginPath()
    for (let lane = 0; lane <= this.#lanes; lane++) {
      const y = Math.round(head + lane * this.#laneHeight + lens.dy - 3) + 0.5
      if (y < head - 4 || y > height) continue
      ink.moveTo(0, y)
      ink.lineTo(width, y)
    }
    ink.stroke()
    ink.fillStyle = colours.dim
    for (let lane = 0; lane < this.#lanes; lane++) {
      const y = head + lane * this.#laneHeight + lens.dy + this.#barHeight / 2
      if (y > head) ink.fillText(`lane ${lane + 1}`, 16, y)
    }
  }

  /** The scale, about a hundred pixels a step, and a stroke for each moment in which hits were found. */
  #ticks(ink: CanvasRenderingContext2D, lens: Lens, { width, height, colours }: { readonly width: number; readonly height: number; readonly colours: Colours }): void {
    ink.fillStyle = colours.ground
    ink.fillRect(0, 0, width, head - 4)
    const step = roundStep(110 / lens.scaleX)
    ink.fillStyle = colours.dim
    ink.strokeStyle = colours.line
    ink.beginPath()
    for (let at = Math.max(0, Math.floor(-lens.dx / lens.scaleX / step) * step); this.#left(at, lens) < width; at += step) {
      const x = Math.round(this.#left(at, lens)) + 0.5
      if (x < gutter) continue
      ink.moveTo(x, 24)
      ink.lineTo(x, head - 4)
      ink.fillText(tickWords(at, step), x - 4, 14)
    }
    ink.stroke()
    ink.fillText('hits', 16, 42)
    ink.fillStyle = colours.of('hit')
    const drawn = new Set<number>()
    for (const { ended } of this.#hits) {
      const x = Math.round(this.#left(ended, lens))
      if (x < gutter || x > width || drawn.has(x)) continue
      drawn.add(x)
      ink.fillRect(x, 36, 1.5, 12)
    }
    ink.strokeStyle = colours.line
    ink.strokeRect(-1, head - 3.5, width + 2, height)
  }
}

/** 1, 2 or 5 times a power of ten. */
function roundStep(ms: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(ms, 1)))
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= ms) ?? power
}

function tickWords(at: number, step: number): string {
  if (at === 0) return '0'
  if (step < 1000 && at < 10_000) return `${at} ms`
  return at < 60_000 ? `${step < 1000 ? (at / 1000).toFixed(1) : String(at / 1000)} s` : `${Math.floor(at / 60_000)}:${String(Math.round((at % 60_000) / 1000)).padStart(2, '0')}`
}
