import { relative } from 'node:path'
import type { Style } from '../render/style.ts'
import { harmless } from '../render/style.ts'

/** What `nacre watch` says of itself, between what its builds say. */
export type WatchEvent =
  /** `unsure`: leaves that are looked at each time, because nothing tells of their changes. */
  | { readonly kind: 'watching'; readonly leaves: number; readonly folders: number; readonly unsure: number }
  | { readonly kind: 'changed'; readonly paths: readonly string[] }
  /** A build ended with this code, which is not 0: nothing is built until something changes. */
  | { readonly kind: 'waiting'; readonly code: number }
  | { readonly kind: 'answered'; readonly argv: readonly string[] }
  | { readonly kind: 'gone'; readonly workspace: string }
  | { readonly kind: 'replaced' }

export type WatchView = (event: WatchEvent) => void

export interface WatchViewOptions {
  readonly json: boolean
  readonly workspace: string
  readonly style: Style
  stdout(text: string): void
  stderr(text: string): void
}

/** JSON lines on stdout among the events of the builds; lines for people on stderr. */
export function watchView(options: WatchViewOptions): WatchView {
  return (event) => {
    if (options.json) options.stdout(`${JSON.stringify(event)}\n`)
    else options.stderr(`${line(event, options)}\n`)
  }
}

/** Paths in a line at most. */
const most = 3

function line(event: WatchEvent, { style, workspace }: WatchViewOptions): string {
  switch (event.kind) {
    case 'watching':
      return style.dim(`watching ${count(event.leaves, 'file')} in ${count(event.folders, 'folder')}${event.unsure === 0 ? '' : `, of which ${count(event.unsure, 'file')} can't be surely watched and ${event.unsure === 1 ? 'is' : 'are'} looked at each time`}`)
    case 'changed': {
      const shown = event.paths.slice(0, most).map((path) => harmless(inside(workspace, path)))
      const more = event.paths.length > most ? [`and ${event.paths.length - most} more`] : []
      return `${style.bold('changed')}  ${shown.length === 0 ? 'the store lost an output' : [...shown, ...more].join(', ')}`
    }
    case 'waiting':
      return style.dim('waiting for a change')
    case 'answered':
      return style.dim(`answered  nacre ${harmless(event.argv.join(' '))}`)
    case 'gone':
      return `${style.bold('gone')}     ${harmless(event.workspace)} is no workspace any more`
    case 'replaced':
      return `${style.yellow('replaced')} nacre itself is another by now; start the watch again`
  }
}

function inside(workspace: string, path: string): string {
  const rel = relative(workspace, path)
  return rel === '' ? '.' : rel.startsWith('../') ? path : rel
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`
}
