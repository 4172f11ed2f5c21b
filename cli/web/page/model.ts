import { neighbours } from '../layers.ts'
import { hows, type PageData } from '../page-data.ts'

/** One action, put together from the columns. */
export interface Action {
  readonly place: number
  readonly id: string
  readonly label: string
  readonly kind: string
  readonly how: (typeof hows)[number]
  readonly ms: number
  readonly queued: number
  readonly began: number
  readonly ended: number
  readonly row: number
  readonly why: string
  readonly critical: boolean
}

/** What the views share: the actions, which one is selected, and what is searched for. Whoever listens is told of every change. */
export class Model {
  readonly data: PageData
  readonly actions: readonly Action[]
  /** By place: what it needs, and what needs it. */
  readonly needs: readonly (readonly number[])[]
  readonly needers: readonly (readonly number[])[]
  readonly #listeners: (() => void)[] = []
  #selected: number | undefined
  #search = ''
  #found: ReadonlySet<number> = new Set()

  constructor(data: PageData) {
    this.data = data
    const { actions: c } = data
    const critical = new Set(data.critical)
    this.actions = c.id.map((id, place) => ({
      place, id,
      label: c.label[place] ?? id,
      kind: data.kinds[c.kind[place] ?? 0] ?? '',
      how: hows[c.how[place] ?? 0] ?? 'skipped',
      ms: c.ms[place] ?? 0,
      queued: c.queued[place] ?? -1,
      began: c.began[place] ?? -1,
      ended: c.ended[place] ?? -1,
      row: c.row[place] ?? -1,
      why: c.why[place] ?? '',
      critical: critical.has(place),
    }))
    this.needs = neighbours(c.id.length, c.edges, 1)
    this.needers = neighbours(c.id.length, c.edges, 0)
  }

  get selected(): number | undefined {
    return this.#selected
  }

  get search(): string {
    return this.#search
  }

  /** Places of what the search finds; empty while nothing is searched for. */
  get found(): ReadonlySet<number> {
    return this.#found
  }

  select(place: number | undefined): void {
    this.#selected = place
    this.#tell()
  }

  find(text: string): void {
    this.#search = text
    const wanted = text.trim().toLowerCase()
    const matches = wanted === '' ? [] : this.actions.filter(({ label, id }) => label.toLowerCase().includes(wanted) || id.toLowerCase().includes(wanted))
    this.#found = new Set(matches.map(({ place }) => place))
    this.#tell()
  }

  /** Selects the match after the selected one, in the order of the list. */
  next(): void {
    const found = [...this.#found]
    const at = this.#selected === undefined ? -1 : found.indexOf(this.#selected)
    const next = found[(at + 1) % found.length]
    if (next !== undefined) this.select(next)
  }

  listen(listener: () => void): void {
    this.#listeners.push(listener)
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }
}
