import { drawLayers } from '../layers.ts'
import type { hows } from '../page-data.ts'
import type { Model } from './model.ts'

/** A box of the graph: an action, or a group of them. */
export interface Box {
  readonly label: string
  readonly how: (typeof hows)[number]
  readonly critical: boolean
  /** The part of its actions that did not end as hits. */
  readonly active: number
  /** Places of the actions that it stands for. */
  readonly places: readonly number[]
  readonly x: number
  readonly y: number
}

/** Boxes and pairs of them: what is needed, and who needs it. */
export interface Picture {
  readonly boxes: readonly Box[]
  readonly edges: readonly number[]
  /** What is shown, where it is not everything. */
  readonly title: string
  readonly boxOf: ReadonlyMap<number, number>
  /** Pairs of boxes, as `from to`, that the critical path goes through one after the other. */
  readonly critical: ReadonlySet<string>
}

/** Actions of a picture that is drawn for one group, and on each side of one action. */
const mostBoxes = 1200
const mostAround = 40

/** Worst first: a group is told by the worst that happened in it. */
const gravity: readonly (typeof hows)[number][] = ['failed', 'ran', 'cut off', 'skipped', 'hit']

export function overviewPicture(model: Model): Picture {
  const { overview, actions } = model.data
  const { groupOf } = overview
  if (groupOf === undefined) return pictureOf(model, model.actions.map(({ place }) => [place]), { ...overview, title: '', edges: actions.edges })
  const members: number[][] = overview.labels.map(() => [])
  groupOf.forEach((group, place) => members[group]?.push(place))
  return pictureOf(model, members, { title: '', ...overview })
}

/** The actions of a group, with what they need of each other. */
export function groupPicture(model: Model, label: string, places: readonly number[]): Picture {
  const kept = places.slice(0, mostBoxes)
  return drawn(model, kept, places.length > kept.length ? `${label}: ${kept.length} of its ${places.length} actions` : `${label}: ${places.length} actions`)
}

/** What an action needs and what needs it, the nearest first. */
export function surroundings(model: Model, place: number): Picture {
  const kept = new Set([place])
  for (const near of [model.needs, model.needers]) {
    const reached = new Set([place])
    for (const next of reached) {
      for (const other of near[next] ?? []) if (reached.size < mostAround) reached.add(other)
    }
    for (const one of reached) kept.add(one)
  }
  return drawn(model, [...kept], `${model.actions[place]?.label ?? ''}, and what is around it`)
}

function drawn(model: Model, places: readonly number[], title: string): Picture {
  const boxOf = new Map(places.map((place, i) => [place, i]))
  const edges = places.flatMap((place, to) => (model.needs[place] ?? []).flatMap((need) => (boxOf.has(need) ? [boxOf.get(need) ?? 0, to] : [])))
  return pictureOf(model, places.map((place) => [place]), { title, edges, ...drawLayers(places.length, edges), labels: [] })
}

interface Plan {
  readonly title: string
  readonly labels: readonly string[]
  readonly edges: readonly number[]
  readonly x: readonly number[]
  readonly y: readonly number[]
}

function pictureOf(model: Model, members: readonly (readonly number[])[], { title, labels, edges, x, y }: Plan): Picture {
  const boxOf = new Map<number, number>()
  const boxes = members.map((places, i) => {
    for (const place of places) boxOf.set(place, i)
    const actions = places.flatMap((place) => model.actions[place] ?? [])
    const how = gravity.find((one) => actions.some((action) => action.how === one)) ?? 'hit'
    const label = labels[i] === undefined ? (actions[0]?.label ?? '') : `${labels[i] ?? ''} (${places.length})`
    const active = actions.filter((action) => action.how !== 'hit').length / Math.max(1, actions.length)
    return { label, how, critical: actions.some(({ critical }) => critical), active, places, x: x[i] ?? 0, y: y[i] ?? 0 }
  })
  const path = model.data.critical.flatMap((place) => boxOf.get(place) ?? [])
  return { boxes, edges, title, boxOf, critical: new Set(path.flatMap((to, i) => (i === 0 ? [] : [`${path[i - 1] ?? 0} ${to}`]))) }
}
