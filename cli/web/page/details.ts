import { duration } from '../../render/words.ts'
import { element, mark } from './elements.ts'
import type { Action, Model } from './model.ts'

/** Neighbours that are listed; beyond it a number says how many there are. */
const most = 40

/** The panel at the side: everything that is known of the selected action. */
export function detailsPanel(model: Model): HTMLElement {
  const panel = element('aside', { 'aria-label': 'The selected action', hidden: true })
  model.listen(() => {
    const action = model.selected === undefined ? undefined : model.actions[model.selected]
    panel.hidden = action === undefined
    panel.replaceChildren(...(action === undefined ? [] : contents(model, action)))
  })
  return panel
}

function contents(model: Model, action: Action): readonly HTMLElement[] {
  const details = model.data.details[action.place]
  const inputs = (details?.inputs ?? model.needs[action.place]?.map((need) => ['', need] as const) ?? []).map(([name, from]) => inputRow(model, name, from))
  const needers = model.needers[action.place] ?? []
  return [
    element('button', { class: 'close', 'aria-label': 'Close', onclick: () => model.select(undefined) }, '✕'),
    element('h2', {}, action.label),
    element('p', { class: 'id' }, action.id),
    element('p', {}, mark(action.how), ended(action)),
    ...(action.critical ? [element('p', {}, mark('critical'), 'on the critical path')] : []),
    ...section('Why', [...(details?.failure ?? []), ...(details?.why ?? (action.why === '' ? [] : [action.why]))].map((line) => element('p', { class: 'told' }, line))),
    ...section('Key', details?.key === undefined ? [] : [element('code', {}, details.key)]),
    ...section('Inputs', list(inputs)),
    ...section('Outputs', list((details?.outputs ?? []).map(([name, digest]) => element('li', {}, name, ' ', element('span', { class: 'hex' }, digest.slice(0, 16)))))),
    ...section('Needed by', list(needers.map((place) => element('li', {}, actionLink(model, place))))),
    ...section('Log', details === undefined || details.log === '' ? [] : [element('pre', { tabindex: 0 }, details.log)]),
  ]
}

function ended({ how, ms, queued, began, kind }: Action): string {
  const waited = began - queued >= 1 && queued >= 0 ? `, after ${duration(began - queued)} in the queue` : ''
  if (how === 'hit') return `hit: its result was known${ms > 0 ? `, which saved ${duration(ms)}` : ''} (${kind})`
  return how === 'skipped' ? `skipped (${kind})` : `${how} in ${duration(ms)}${waited} (${kind})`
}

function inputRow(model: Model, name: string, from: number | string): HTMLElement {
  if (typeof from === 'string') return element('li', {}, name, ' ', element('small', {}, from))
  return element('li', {}, actionLink(model, from), ' ', element('small', {}, name))
}

/** Selects an action when it is pressed. */
export function actionLink(model: Model, place: number): HTMLElement {
  const action = model.actions[place]
  return element('button', { class: 'link', onclick: () => model.select(place) }, mark(action?.how ?? ''), action?.label ?? '')
}

function list(rows: readonly HTMLElement[]): readonly HTMLElement[] {
  if (rows.length === 0) return []
  return [element('ul', {}, ...rows.slice(0, most), ...(rows.length > most ? [element('li', {}, element('small', {}, `and ${rows.length - most} more`))] : []))]
}

function section(title: string, rows: readonly HTMLElement[]): readonly HTMLElement[] {
  return rows.length === 0 ? [] : [element('h3', {}, title), ...rows]
}
