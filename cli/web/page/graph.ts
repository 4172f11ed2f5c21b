import { duration } from '../../render/words.ts'
import { columnWidth, rowHeight } from '../layers.ts'
import { coloursNow } from './colours.ts'
import { element, mark } from './elements.ts'
import { boxHeight, boxWidth, paintPicture } from './graph-paint.ts'
import type { Model } from './model.ts'
import { groupPicture, overviewPicture, type Picture, surroundings } from './picture.ts'
import { type Lens, type Scene, Surface } from './surface.ts'

/** The scale of a picture that is drawn for one action. */
const comfortable = 0.6

/** The graph: left what is needed, right who needs it. Too many actions are shown as groups, which open when they are pressed. */
export class GraphView implements Scene {
  readonly node: HTMLElement
  readonly flat = false
  readonly scales = { least: 0.02, most: 3 }
  readonly #model: Model
  readonly #surface: Surface
  readonly #overview: Picture
  readonly #crumb = element('div', { class: 'crumb', hidden: true })
  readonly #tip = element('div', { class: 'tip', hidden: true })
  #picture: Picture
  #fitted = false
  #seen: number | undefined
  /** What is selected is to be brought into sight with the next picture, when it is known how large that is. */
  #hidden = false

  constructor(model: Model) {
    this.#model = model
    this.#overview = overviewPicture(model)
    this.#picture = this.#overview
    const canvas = element('canvas', { tabindex: 0, role: 'img', 'aria-label': 'Graph of the actions. Arrow keys go from action to action, Shift with them moves the picture, plus and minus zoom, 0 shows everything. The list of actions has the same in words.' })
    const tools = element('div', { class: 'tools' }, tool('−', 'Zoom out', () => this.#surface.zoom(0.8)), tool('+', 'Zoom in', () => this.#surface.zoom(1.25)), tool('Fit', 'Show everything', () => this.#fit()))
    this.node = element('div', { class: 'view' }, canvas, this.#crumb, legend(model), tools, this.#tip)
    this.#surface = new Surface(canvas, this)
    model.listen(() => this.#changed())
  }

  paint(ink: CanvasRenderingContext2D, lens: Lens, size: { readonly width: number; readonly height: number }): void {
    if (!this.#fitted && this.#picture !== this.#overview && this.#model.selected !== undefined) this.#fitAround()
    if (!this.#fitted) this.#fit()
    if (this.#hidden) this.#reveal()
    paintPicture(ink, { picture: this.#picture, model: this.#model, lens, size, colours: coloursNow() })
  }

  hover(x: number, y: number, { left, top }: { readonly left: number; readonly top: number }): void {
    const box = this.#picture.boxes[this.#boxAt(x, y) ?? -1]
    this.#surface.canvas.style.cursor = box === undefined ? 'grab' : 'pointer'
    this.#tip.hidden = box === undefined
    if (box === undefined) return
    const [place = 0] = box.places
    const action = this.#model.actions[place]
    const told = box.places.length > 1 || action === undefined ? `${box.places.length} actions` : `${action.how}${action.how === 'hit' ? '' : `, ${duration(action.ms)}`}${action.why === '' ? '' : `: ${action.why}`}`
    this.#tip.replaceChildren(box.label, element('small', {}, told))
    this.#tip.style.left = `${Math.min(left + 14, this.#surface.size.width - 240)}px`
    this.#tip.style.top = `${top + 18}px`
  }

  click(x: number, y: number): void {
    const box = this.#picture.boxes[this.#boxAt(x, y) ?? -1]
    if (box === undefined) return this.#model.select(undefined)
    const [place] = box.places
    if (box.places.length > 1) this.#show(groupPicture(this.#model, box.label.replace(/ \(\d+\)$/, ''), box.places))
    else this.#model.select(place)
  }

  /** From action to action along the edges; up and down within a column. */
  key(name: string): boolean {
    if (name === '0') this.#fit()
    if (name === 'Escape') this.#model.select(undefined)
    if (name === '0' || name === 'Escape') return true
    const { selected } = this.#model
    const at = selected === undefined ? undefined : this.#picture.boxOf.get(selected)
    const next = at === undefined || !name.startsWith('Arrow') ? undefined : this.#neighbour(at, name)
    const place = this.#picture.boxes[next ?? -1]?.places[0]
    if (place !== undefined) this.#model.select(place)
    return at !== undefined && name.startsWith('Arrow')
  }

  #neighbour(at: number, key: string): number | undefined {
    const here = this.#picture.boxes[at]
    if (here === undefined) return undefined
    const along = key === 'ArrowLeft' || key === 'ArrowRight'
    const candidates = this.#picture.boxes.flatMap((box, i) => {
      const [dx, dy] = [box.x - here.x, box.y - here.y]
      const ahead = key === 'ArrowUp' ? dx === 0 && dy < 0 : key === 'ArrowDown' ? dx === 0 && dy > 0 : this.#joined(at, i, key === 'ArrowLeft')
      return ahead ? [{ i, far: along ? Math.abs(dy) + Math.abs(dx) / 100 : Math.abs(dy) }] : []
    })
    return candidates.sort((a, b) => a.far - b.far)[0]?.i
  }

  #joined(at: number, other: number, before: boolean): boolean {
    const { edges } = this.#picture
    for (let i = 0; i + 1 < edges.length; i += 2) if (edges[i] === (before ? other : at) && edges[i + 1] === (before ? at : other)) return true
    return false
  }

  #boxAt(x: number, y: number): number | undefined {
    const at = this.#picture.boxes.findIndex((box) => x >= box.x && x <= box.x + boxWidth && y >= box.y && y <= box.y + boxHeight)
    return at === -1 ? undefined : at
  }

  /** What is selected elsewhere is brought into sight; in a graph of groups it gets a picture of its own. */
  #changed(): void {
    const { selected } = this.#model
    if (selected !== this.#seen && selected !== undefined) {
      const at = this.#picture.boxOf.get(selected)
      const box = this.#picture.boxes[at ?? -1]
      if (box === undefined || box.places.length > 1) this.#show(surroundings(this.#model, selected))
      this.#hidden = true
    }
    this.#seen = selected
    this.#surface.draw()
  }

  #show(picture: Picture): void {
    this.#picture = picture
    this.#fitted = false
    this.#crumb.hidden = picture === this.#overview
    this.#crumb.replaceChildren(element('button', { onclick: () => this.#show(this.#overview) }, '← everything'), picture.title)
    this.#surface.draw()
  }

  #fit(): void {
    const { width, height } = this.#surface.size
    const { boxes } = this.#picture
    const [left, right] = extent(boxes.map(({ x }) => x))
    const [top, bottom] = extent(boxes.map(({ y }) => y))
    const [wide, high] = [right - left + columnWidth, bottom - top + rowHeight]
    const scale = Math.max(this.scales.least, Math.min(1, (width - 40) / wide, (height - 110) / high))
    const { lens } = this.#surface
    lens.scaleX = lens.scaleY = scale
    lens.dx = (width - (wide - columnWidth + boxWidth) * scale) / 2 - left * scale
    lens.dy = (height - 30 - (high - rowHeight + boxHeight) * scale) / 2 - top * scale
    this.#fitted = true
    this.#surface.draw()
  }

  /** All of it, or as much around what is selected as can be read. */
  #fitAround(): void {
    this.#fit()
    const { lens, size } = this.#surface
    if (lens.scaleX < comfortable) this.#surface.zoom(comfortable / lens.scaleX, size.width / 2, size.height / 2)
    this.#reveal()
  }

  #reveal(): void {
    this.#hidden = false
    const box = this.#picture.boxes[this.#picture.boxOf.get(this.#model.selected ?? -1) ?? -1]
    if (box === undefined) return
    const { lens, size } = this.#surface
    const [left, top] = [(box.x + boxWidth / 2) * lens.scaleX + lens.dx, (box.y + boxHeight / 2) * lens.scaleY + lens.dy]
    const edge = (boxWidth / 2) * lens.scaleX + 10
    if (left > edge && left < size.width - edge && top > 40 && top < size.height - 40) return
    lens.dx += size.width / 2 - left
    lens.dy += size.height / 2 - top
  }
}

function extent(numbers: readonly number[]): readonly [number, number] {
  return numbers.length === 0 ? [0, 0] : [numbers.reduce((a, b) => Math.min(a, b)), numbers.reduce((a, b) => Math.max(a, b))]
}

function tool(text: string, label: string, press: () => void): HTMLElement {
  return element('button', { 'aria-label': label, title: label, onclick: press }, text)
}

/** Only of what there is. */
function legend(model: Model): HTMLElement {
  const present = [...new Set(model.actions.map(({ how }) => how))].sort()
  return element('div', { class: 'legend' }, ...present.map((how) => element('b', {}, mark(how), how)), ...(model.data.critical.length > 1 ? [element('b', {}, mark('critical'), 'critical path')] : []))
}
