import { duration } from '../../render/words.ts'
import { hows } from '../page-data.ts'
import { element, mark } from './elements.ts'
import type { Action, Model } from './model.ts'

/** Rows at first, and with each press of the button below them. */
const page = 300

type Column = 'label' | 'how' | 'ms' | 'why'
const columns: readonly (readonly [Column, string])[] = [['label', 'Action'], ['how', 'What'], ['ms', 'Time'], ['why', 'Why']]

/** What ran and why, as a table: the search and the ticks filter it, its heads sort it. */
export class ReasonsView {
  readonly node: HTMLElement
  readonly #model: Model
  readonly #body = element('tbody')
  readonly #heads: readonly HTMLElement[]
  readonly #more = element('button', { class: 'more', onclick: () => this.#grow() })
  readonly #count = element('span', { role: 'status' })
  readonly #shown = new Set<string>()
  #sort: { readonly by: Column; readonly down: boolean } = { by: 'ms', down: true }
  #limit = page
  #key = ''

  constructor(model: Model) {
    this.#model = model
    const present = hows.filter((how) => model.actions.some((action) => action.how === how))
    const ran = present.filter((how) => how !== 'hit')
    for (const how of ran.length > 0 ? ran : present) this.#shown.add(how)
    this.#heads = columns.map(([by, title]) => element('th', { scope: 'col', ...(by === 'ms' && { class: 'number' }) }, element('button', { onclick: () => this.#sortBy(by) }, title)))
    const ticks = present.map((how) => element('label', {}, element('input', { type: 'checkbox', checked: this.#shown.has(how), onchange: () => this.#toggle(how) }), mark(how), how))
    const table = element('table', {}, element('thead', {}, element('tr', {}, ...this.#heads)), this.#body)
    this.node = element('div', { class: 'view' }, element('div', { class: 'scroll', tabindex: -1 }, element('div', { class: 'filter' }, ...ticks, this.#count), table, this.#more))
    model.listen(() => this.#draw())
    this.#draw()
  }

  #draw(): void {
    const { search, selected } = this.#model
    const key = JSON.stringify([search, [...this.#shown], this.#sort, this.#limit])
    if (key !== this.#key) this.#fill()
    this.#key = key
    for (const row of this.#body.rows) row.setAttribute('aria-selected', String(Number(row.dataset['place']) === selected))
  }

  #fill(): void {
    const { found, search, actions } = this.#model
    const all = actions.filter(({ place, how }) => this.#shown.has(how) && (search.trim() === '' || found.has(place)))
    const sorted = [...all].sort((a, b) => compare(a, b, this.#sort.by) * (this.#sort.down ? -1 : 1) || a.place - b.place)
    this.#body.replaceChildren(...sorted.slice(0, this.#limit).map((action) => this.#row(action)))
    this.#heads.forEach((head, i) => head.setAttribute('aria-sort', columns[i]?.[0] !== this.#sort.by ? 'none' : this.#sort.down ? 'descending' : 'ascending'))
    this.#count.textContent = `${all.length} of ${actions.length} actions`
    this.#more.hidden = all.length <= this.#limit
    this.#more.textContent = `Show ${Math.min(page, all.length - this.#limit)} more`
  }

  #row(action: Action): HTMLElement {
    const { place, label, how, ms, why } = action
    return element(
      'tr',
      { 'data-place': place },
      element('td', {}, element('button', { class: 'link', onclick: () => this.#model.select(place) }, label)),
      element('td', { class: 'what' }, mark(how), how),
      element('td', { class: 'number' }, how === 'skipped' ? '' : how === 'hit' ? (ms > 0 ? `saved ${duration(ms)}` : '') : duration(ms)),
      element('td', { class: 'why' }, why),
    )
  }

  #sortBy(by: Column): void {
    this.#sort = { by, down: this.#sort.by === by ? !this.#sort.down : by === 'ms' }
    this.#draw()
  }

  #toggle(how: string): void {
    if (!this.#shown.delete(how)) this.#shown.add(how)
    this.#draw()
  }

  #grow(): void {
    this.#limit += page
    this.#draw()
  }
}

/** Runs before hits where times are compared: what a hit saved is no time of this build. */
function compare(a: Action, b: Action, by: Column): number {
  if (by !== 'ms') return a[by] < b[by] ? -1 : a[by] > b[by] ? 1 : 0
  const rank = ({ how }: Action): number => (how === 'hit' || how === 'skipped' ? 0 : 1)
  return rank(a) - rank(b) || a.ms - b.ms
}
