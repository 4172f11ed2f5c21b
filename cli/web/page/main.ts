import { duration } from '../../render/words.ts'
import { hows, type PageData } from '../page-data.ts'
import { detailsPanel } from './details.ts'
import { element, mark } from './elements.ts'
import { GraphView } from './graph.ts'
import { Model } from './model.ts'
import { ReasonsView } from './reasons.ts'
import { summarySheet } from './sheet.ts'
import { TimelineView } from './timeline.ts'

/** Written by nacre into this very page. */
function dataOfPage(): PageData {
  return JSON.parse(document.getElementById('data')?.textContent ?? '') as PageData
}

function head({ data }: Model): HTMLElement {
  const when = new Date(data.at).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })
  const part = data.targets.length > 0 ? `, only ${data.targets.join(', ')}` : ''
  const omitted = data.omitted > 0 ? `, ${data.omitted} hits not shown` : ''
  const counted = hows.flatMap((how, i) => ((data.counts[i] ?? 0) === 0 && how !== 'ran' ? [] : [fact(String(data.counts[i] ?? 0), how, how)]))
  return element(
    'header',
    {},
    element('h1', {}, data.workspace, element('small', {}, `${data.outcome === 'done' ? 'built' : data.outcome} ${when}${part}${omitted}`)),
    element('dl', { class: 'facts' }, ...counted, fact(duration(data.ms), 'in all'), fact(duration(data.criticalMs), 'critical path'), ...(data.saved > 0 ? [fact(duration(data.saved), 'saved')] : [])),
  )
}

function fact(value: string, name: string, how?: string): HTMLElement {
  return element('div', {}, element('dt', {}, name), element('dd', {}, ...(how === undefined ? [] : [mark(how)]), value))
}

/** Tabs as the ARIA practices have them: arrows go from tab to tab. */
function tabs(views: readonly (readonly [string, HTMLElement])[], search: HTMLElement): HTMLElement {
  const buttons = views.map(([name, view], i) => {
    view.id = `view-${i}`
    view.setAttribute('role', 'tabpanel')
    return element('button', { role: 'tab', 'aria-controls': view.id, onclick: () => show(i) }, name)
  })
  const show = (at: number): void => {
    views.forEach(([name, view], i) => {
      view.hidden = i !== at
      if (i === at) history.replaceState(null, '', `#${name.toLowerCase()}`)
    })
    buttons.forEach((button, i) => {
      button.setAttribute('aria-selected', String(i === at))
      button.tabIndex = i === at ? 0 : -1
    })
  }
  const move = (event: Event): void => {
    const step = event instanceof KeyboardEvent ? { ArrowRight: 1, ArrowLeft: buttons.length - 1 }[event.key] : undefined
    if (step === undefined) return
    const next = (buttons.findIndex((button) => button === document.activeElement) + step) % buttons.length
    show(next)
    buttons[next]?.focus()
  }
  // The view is in the address, so that a link leads to it.
  show(Math.max(0, views.findIndex(([name]) => location.hash === `#${name.toLowerCase()}`)))
  return element('nav', {}, element('div', { role: 'tablist', 'aria-label': 'Views', onkeydown: move }, ...buttons), search)
}

function searchBox(model: Model): HTMLElement {
  const told = element('span', { role: 'status' })
  const input = element('input', { type: 'search', placeholder: 'Search actions  ( / )', 'aria-label': 'Search actions; Enter goes to the next', oninput: () => model.find(input.value), onkeydown: (event) => void (event instanceof KeyboardEvent && event.key === 'Enter' && model.next()) })
  model.listen(() => void (told.textContent = model.search.trim() === '' ? '' : `${model.found.size} found`))
  document.addEventListener('keydown', (event) => {
    if (event.key !== '/' || event.target instanceof HTMLInputElement) return
    event.preventDefault()
    input.focus()
  })
  return element('div', { class: 'search' }, told, input)
}

function start(): void {
  const model = new Model(dataOfPage())
  const views = [
    ['Graph', new GraphView(model).node],
    ['Timeline', new TimelineView(model).node],
    ['Reasons', new ReasonsView(model).node],
    ['Summary', summarySheet(model)],
  ] as const
  document.body.append(head(model), tabs(views, searchBox(model)), element('main', {}, ...views.map(([, view]) => view), detailsPanel(model)))
  // For whoever waits for the page to be whole.
  document.documentElement.dataset['ready'] = String(model.actions.length)
}

start()
