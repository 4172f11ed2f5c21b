import { duration } from '../../render/words.ts'
import { actionLink } from './details.ts'
import { element } from './elements.ts'
import type { Action, Model } from './model.ts'

const most = 25

/** The summary: the critical path, the slowest runs, time by kind, and what hits saved. */
export function summarySheet(model: Model): HTMLElement {
  const { data, actions } = model
  const path = data.critical.flatMap((place) => actions[place] ?? [])
  const runs = actions.filter(({ how }) => how === 'ran' || how === 'cut off' || how === 'failed').sort((a, b) => b.ms - a.ms)
  const hits = actions.filter(({ how, ms }) => how === 'hit' && ms > 0).sort((a, b) => b.ms - a.ms)
  const sheet = element(
    'div',
    { class: 'sheet' },
    section('Critical path', `${duration(data.criticalMs)} of ${duration(data.ms)}: no machine would have been faster than this chain`, bars(model, path, 'critical')),
    section('Slowest', runs.length === 0 ? 'Nothing ran' : `${runs.length} ran, ${duration(runs.reduce((sum, { ms }) => sum + ms, 0))} in all`, bars(model, runs)),
    section('Time by kind', 'Of what ran', kindBars(runs)),
    section('Saved by hits', data.saved === 0 ? 'Nothing' : `${duration(data.saved)} by ${data.counts[2] ?? 0} hits`, bars(model, hits)),
  )
  return element('div', { class: 'view' }, element('div', { class: 'scroll', tabindex: 0 }, sheet))
}

function section(title: string, told: string, content: HTMLElement): HTMLElement {
  return element('section', {}, element('h2', {}, title), element('p', {}, told), content)
}

function bars(model: Model, actions: readonly Action[], colour?: string): HTMLElement {
  const longest = actions.reduce((top, { ms }) => Math.max(top, ms), 1)
  const rows = actions.slice(0, most).map(({ place, ms, how }) => bar(actionLink(model, place), { part: ms / longest, ms, colour: colour ?? how.replace(' ', '-') }))
  const more = actions.length > most ? [element('li', {}, element('span', { class: 'dim' }, `and ${actions.length - most} more`))] : []
  return element('ol', { class: 'bars' }, ...rows, ...more)
}

function kindBars(runs: readonly Action[]): HTMLElement {
  const sums = new Map<string, number>()
  for (const { kind, ms } of runs) sums.set(kind, (sums.get(kind) ?? 0) + ms)
  const longest = Math.max(1, ...sums.values())
  const sorted = [...sums].sort(([, a], [, b]) => b - a)
  return element('ol', { class: 'bars' }, ...sorted.map(([kind, ms]) => bar(element('span', {}, kind), { part: ms / longest, ms, colour: 'ran' })))
}

function bar(name: HTMLElement, { part, ms, colour }: { readonly part: number; readonly ms: number; readonly colour: string }): HTMLElement {
  const length = element('i', { class: colour, 'aria-hidden': 'true' })
  length.style.width = `${Math.max(1, part * 100)}%`
  return element('li', {}, name, element('span', {}, length), element('em', {}, duration(ms)))
}
