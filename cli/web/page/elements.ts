/** What an element is made with: attributes by their names; `on…` are listeners. */
type Properties = Readonly<Record<string, string | number | boolean | ((event: Event) => void) | undefined>>

/** Makes an element. Text becomes text nodes, never markup: names of actions are anybody's. */
export function element<K extends keyof HTMLElementTagNameMap>(tag: K, properties: Properties = {}, ...children: readonly (Node | string)[]): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === 'function') made.addEventListener(name.slice(2), value)
    else if (value === true) made.setAttribute(name, '')
    else if (value !== undefined && value !== false) made.setAttribute(name, String(value))
  }
  made.append(...children)
  return made
}

/** The coloured square before a word that says how an action ended. */
export function mark(how: string): HTMLElement {
  return element('span', { class: `mark ${how.replace(' ', '-')}`, 'aria-hidden': 'true' })
}
